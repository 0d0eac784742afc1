"""Every secret is a marked value, and is looked for wherever a migration's story could leave it."""

import shlex
import subprocess
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from harness import HIGUERA, PASSWORD, SECRETS, Project
from migrations import BELIEVING, dumps, migration, next_code, runner, sql, withdraw

NOTE = 'ALTER TABLE "forms" ADD COLUMN "note" text;'
# A runner with the worst manners: it shows what it was given, and fails.
TALKATIVE = BELIEVING.replace(
    "await client.connect()",
    "console.error(`cannot use ${process.env.DATABASE_URL3}`)\n"
    "console.error(new URL(process.env.DATABASE_URL3).password, client.password)\n"
    "await client.connect()\nif (client.database === 'forms') process.exit(1)",
)
# What others may read: as nobody, again and again.
NOBODY = "while :; do cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; sleep 0.2; done"
# Neither the rows of the database nor files that only root reads.
OPEN = """
find /etc /run /srv /tmp /var/tmp /var/log /var/lib/higuera /opt/higuera -xdev -type f \
    ! -name '*.dump' ! '(' -user root ! -perm /077 ! -path '/var/l*' ')' -print0 |
    xargs -0 grep -laF -f /root/needles || true
journalctl -q -o cat --no-pager | grep -aF -f /root/needles | sed 's/^/journal: /' || true
find / -xdev -path /proc -prune -o -print | grep -F -f /root/needles | sed 's/^/name: /' || true
"""


def needles() -> list[str]:
    """Each secret as it is, in a URL, and in Base64 at any offset."""
    found = set()
    for value in (PASSWORD, *SECRETS.values()):
        found |= {value, quote(value, safe="")}
        for offset in range(3):
            encoded = b64encode(b"-" * offset + value.encode()).decode().rstrip("=")
            found.add(encoded[-(-offset * 8 // 6) : -1])  # whole characters of the value alone
    url = urlsplit(SECRETS["DATABASE_URL3"])
    return sorted(found | {str(url.password)})


class Arguments:
    """Every command line on this machine, those of its VPSes too, sampled all the while."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self) -> None:
        while not self._over.wait(0.03):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(file.read_bytes())
                except OSError:
                    continue

    def __enter__(self) -> "Arguments":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@contextmanager
def looked_for(project: Project) -> Iterator[list[str]]:
    """Collects what is printed; at the end, nothing of it, nor anything else, holds a secret."""
    printed: list[str] = []
    project.shell(
        "systemd-run -q --unit=nobody --uid=nobody -p StandardOutput=file:/root/nobody "
        f"sh -c {shlex.quote(NOBODY)}"
    )
    with Arguments() as arguments:
        yield printed
    project.shell("systemctl stop nobody", check=False)
    told = "\n".join(printed)
    commands = b"\n".join(arguments.seen).replace(b"\0", b" ").decode(errors="replace")
    assert "higuera-forms migrate" in commands and "pg_dump" in commands, "the sampling works"
    others = project.shell("sort -u /root/nobody")
    assert "INVOCATION_ID=" in others, "nobody sees its own"
    for needle in needles():
        for where, text in (("printed", told), ("arguments", commands), ("environ", others)):
            assert needle not in text, f"{needle} was {where}"
    lines = "\n".join(needles()) + "\n"
    encoded = b64encode(lines.encode()).decode()
    project.shell(f"umask 077; echo {encoded} | base64 -d >/root/needles")
    assert project.shell(OPEN) == ""


def controllers_files(project: Project) -> Iterator[tuple[str, str]]:
    """What lies on this side: the project with its records, plans, notes, debug log, the temporary
    files of its commands, and what is in the artifacts. The secrets' own file is what it is."""
    for path in sorted(project.folder.rglob("*")):
        if path.is_file() and path.name != ".env.sandbox":
            yield str(path), path.read_bytes().decode(errors="replace")
    cache = Path(project.variables["XDG_CACHE_HOME"]) / "higuera"
    for path in cache.glob("forms-*/artifacts/*"):
        if path.suffix == ".zst":
            whole = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
            yield str(path), whole.decode(errors="replace")
        else:
            yield str(path), path.read_text()


def test_no_secret_comes_into_the_open(forms: Project) -> None:
    """Deploys that go well, one that fails at each step, and everything that can be asked."""
    temporary = forms.folder / "tmp"
    temporary.mkdir()
    forms.extra["TMPDIR"] = str(temporary)
    with looked_for(forms) as printed:

        def run(*command: str, status: int = 0) -> str:
            done = forms.run(*command)
            printed.extend([done.stdout, done.stderr])
            assert done.returncode == status, done.stdout + done.stderr
            return done.stdout + done.stderr

        def fails(step: str) -> None:
            told = run(HIGUERA, "deploy", "--yes", status=1)
            assert f"{step}  failed" in told, told

        migration(forms, "0002_note", NOTE)
        next_code(forms, "ok", "two")
        for words in (["--json"], ["--out", "p.json"], ["--format", "markdown"], ["-v"]):
            run(HIGUERA, "plan", *words, status=2)
        for words in (["--dry", "--diff"], ["-y", "-vvv", "--diff", "--debug"]):
            done = forms.deploy(*words)
            printed.extend([done.stdout, done.stderr])
            assert done.returncode == 0, done.stderr
        run(HIGUERA, "drift")
        run(HIGUERA, "drift", "--fresh", "--json")

        at_every_step(forms, fails)

        runner(forms, TALKATIVE)
        migration(forms, "0003_more", NOTE.replace("note", "more"))
        failed = run(HIGUERA, "deploy", "--yes", status=1)
        assert "cannot use [secret]" in failed, "its words are shown, its secret is not"
        withdraw(forms)

        as_superuser(forms, "alter role forms password 'other'")
        wrong = run(HIGUERA, "drift", status=1)
        assert "password authentication failed" in wrong
        run(HIGUERA, "db", "backup", status=1)
        run(HIGUERA, "plan", status=2)
        run(HIGUERA, "deploy", "--yes", "--json")  # which gives the role its password again
        run(HIGUERA, "db", "restore", dumps(forms)[0], "--yes")
        run(HIGUERA, "rollback", "--dry-run")
        run(HIGUERA, "rollback", "--yes")
        for asked in (["doctor"], ["doctor", "--json"], ["journal"], ["runs"], ["runs", "--json"]):
            run(HIGUERA, *asked)
        for asked in (["check"], ["list"], ["list", "--json"]):
            run(HIGUERA, "secrets", *asked)
        run(HIGUERA, "render", "--to", "rendered")
        run(HIGUERA, "plan", "--offline", "--json", status=1)  # a test's migration says too little
    assert sql(forms, "select count(*) from users") != "0"
    found = dict(controllers_files(forms))
    for kind in ("docs/incidents/", "p.json", ".higuera/runs/", ".tar.zst"):
        assert any(kind in name for name in found), f"{kind} was looked at"
    for needle in needles():
        assert [name for name, text in found.items() if needle in text] == []


def as_superuser(forms: Project, statement: str) -> None:
    """A statement that the stack's own role may not run."""
    forms.shell(f"cd / && runuser -u postgres -- psql -qc {shlex.quote(statement)}")


def at_every_step(forms: Project, fails: Callable[[str], None]) -> None:
    """Let a deploy fail at each of its steps that can, and put it right again."""
    stack, smoke = "inventory/stack.yml", "contains: Forms}"
    as_superuser(forms, "alter role forms connection limit 0")
    next_code(forms, "two", "three")
    fails("Target")
    next_code(forms, "three", "two")
    as_superuser(forms, "alter role forms connection limit -1")
    for step, old, new in (
        ("Build", "build: npm run build -w apps/backend", "build: env; false"),
        ("Seed", "command: node seed.js", "command: env; false"),
        ("Candidates", "start: node server.js", "start: node missing.js"),
        ("Candidate smoke", smoke, smoke.replace("Forms", "no such words")),
    ):
        forms.edit(stack, old, new)
        next_code(forms, "two", "three")
        fails(step)
        next_code(forms, "three", "two")
        forms.edit(stack, new, old)
    migration(forms, "0003_wrong", "ALTER TABLE nowhere ADD COLUMN a int;")
    fails("Rehearsal")
    withdraw(forms)
    sql(forms, "alter table forms add column by_hand text")
    next_code(forms, "two", "three")
    fails("Parity")
    next_code(forms, "three", "two")
    sql(forms, "alter table forms drop column by_hand")

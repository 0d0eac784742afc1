"""Every secret is a marked value, and is looked for wherever a migration's story could leave it."""

import shlex
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

from harness import HIGUERA, PASSWORD, SECRETS, Project
from migrations import BELIEVING, dumps, migration, next_code, runner, serves, sql, withdraw

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
    project.ssh(
        "systemd-run -q --unit=nobody --uid=nobody -p StandardOutput=file:/root/nobody "
        f"sh -c {shlex.quote(NOBODY)}"
    )
    with Arguments() as arguments:
        yield printed
    project.ssh("systemctl stop nobody", check=False)
    told = "\n".join(printed)
    commands = b"\n".join(arguments.seen).replace(b"\0", b" ").decode(errors="replace")
    assert "higuera-forms migrate" in commands and "pg_dump" in commands, "the sampling works"
    others = project.ssh("sort -u /root/nobody")
    assert "INVOCATION_ID=" in others, "nobody sees its own"
    for needle in needles():
        for where, text in (("printed", told), ("arguments", commands), ("environ", others)):
            assert needle not in text, f"{needle} was {where}"
    lines = "\n".join(needles()) + "\n"
    encoded = b64encode(lines.encode()).decode()
    project.ssh(f"umask 077; echo {encoded} | base64 -d >/root/needles")
    assert project.ssh(OPEN) == ""


def test_no_secret_comes_into_the_open(forms: Project) -> None:
    """A deploy, a failed migration that shows its URL, a wrong password, drift, a restore."""
    with looked_for(forms) as printed:

        def run(*command: str, status: int = 0) -> str:
            done = forms.run(*command)
            printed.extend([done.stdout, done.stderr])
            assert done.returncode == status, done.stdout + done.stderr
            return done.stdout + done.stderr

        migration(forms, "0002_note", NOTE)
        next_code(forms, "ok", "two")
        done = forms.deploy("-y", "-vvv", "--diff", "--debug")
        printed.extend([done.stdout, done.stderr])
        assert done.returncode == 0, done.stderr
        run(HIGUERA, "drift")
        run(HIGUERA, "drift", "--fresh", "--json")

        runner(forms, TALKATIVE)
        migration(forms, "0003_more", NOTE.replace("note", "more"))
        failed = run(HIGUERA, "deploy", "--yes", status=1)
        assert "cannot use [secret]" in failed, "its words are shown, its secret is not"
        withdraw(forms)

        forms.ssh("cd / && runuser -u postgres -- psql -qc \"alter role forms password 'other'\"")
        wrong = run(HIGUERA, "drift", status=1)
        assert "password authentication failed" in wrong
        run(HIGUERA, "db", "backup", status=1)
        run(HIGUERA, "deploy", "--yes")  # which gives the role its password again
        run(HIGUERA, "db", "restore", dumps(forms)[0], "--yes")
        run(HIGUERA, "journal")
        run(HIGUERA, "rollback", "--dry-run")
    assert serves(forms, "two")
    assert sql(forms, "select count(*) from users") != "0"
    for note in (forms.folder / "docs" / "incidents").glob("*.md"):
        for needle in needles():
            assert needle not in note.read_text()

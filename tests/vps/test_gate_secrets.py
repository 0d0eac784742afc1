"""Every secret is a marked value, and is looked for wherever a migration's story could leave it."""

import shlex
import subprocess
import time
from collections.abc import Callable

from aftermath import smoke_check
from canaries import controllers_files, looked_for
from harness import HIGUERA, Project
from migrations import BELIEVING, dumps, migration, next_code, runner, sql, withdraw

NOTE = 'ALTER TABLE "forms" ADD COLUMN "note" text;'
# A runner with the worst manners: it shows what it was given, and fails.
TALKATIVE = BELIEVING.replace(
    "await client.connect()",
    "console.error(`cannot use ${process.env.DATABASE_URL3}`)\n"
    "console.error(new URL(process.env.DATABASE_URL3).password, client.password)\n"
    "await client.connect()\nif (client.database === 'forms') process.exit(1)",
)
KEYS = ["canary-key-71f0c2d94e", "canary-key-a3b8e65d07"]
# Names with a given pair, an API with tiers.
EDGE = """
host: "@sandbox/{vps}"
secrets: generate
domains: [forms.test]
tls: {{mode: files, certificate: given.pem, key: TLS_KEY}}
stack:
  nginx:
    status_port: {port}
    tiers:
      routes: [/api/]
      keys: API_KEYS
      without_key: free
      rates: {{free: {{minute: 6000, burst: 100}}, pro: {{minute: 6000, burst: 100}}}}
"""


def edge(project: Project, port: int = 8099) -> None:
    """Write the environment file."""
    project.environment(EDGE.format(vps=project.vps, port=port))


def given(project: Project) -> list[str]:
    """Give the project a certificate and API keys; what of them is secret, a line each."""
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-subj", "/CN=given", "-addext", "subjectAltName=DNS:forms.test"]
    chain = ["-days", "30", "-out", str(project.folder / "inventory" / "given.pem")]
    done = subprocess.run(
        [*words, *chain, "-keyout", "/dev/stdout"], check=True, capture_output=True, text=True
    )
    project.extra["TLS_KEY"] = done.stdout
    project.extra["API_KEYS"] = " ".join(f"{key}=pro" for key in KEYS)
    edge(project)
    return [*KEYS, *done.stdout.splitlines()[1:3]]


def test_no_secret_comes_into_the_open(forms: Project) -> None:
    """Deploys that go well, one that fails at each step, and everything that can be asked."""
    began = time.time()
    with looked_for(forms, *given(forms), pause=0.03) as arguments:

        def run(*command: str, status: int = 0) -> str:
            done = forms.run(*command)
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
    seen = str(arguments)
    assert "higuera-forms migrate" in seen and "pg_dump" in seen, "the sampling works"
    found = controllers_files(forms, began)
    for kind in ("docs/incidents/", "p.json", ".higuera/runs/", ".tar.zst"):
        assert any(kind in name for name in found), f"{kind} was looked at"


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
    edge(forms, port=5432)  # nginx -t passes, the reload exits 0
    fails("nginx")
    edge(forms)
    smoke_check(
        forms,
        "outside",
        '    if not str(target.connect_to).startswith("127."):\n'
        "        raise AssertionError(f\"not as {target.secrets('SMOKE_PASSWORD')}\")",
    )
    next_code(forms, "two", "three")
    fails("Cutover")
    next_code(forms, "three", "two")
    (forms.folder / "smoke" / "outside.py").unlink()
    migration(forms, "0003_wrong", "ALTER TABLE nowhere ADD COLUMN a int;")
    fails("Rehearsal")
    withdraw(forms)
    sql(forms, "alter table forms add column by_hand text")
    next_code(forms, "two", "three")
    fails("Parity")
    next_code(forms, "three", "two")
    sql(forms, "alter table forms drop column by_hand")

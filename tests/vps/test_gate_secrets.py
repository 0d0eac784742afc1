"""Every secret is a marked value, and is looked for wherever a migration's story could leave it."""

import json
import time

from canaries import controllers_files, looked_for
from given import given
from harness import HIGUERA, Project
from migrations import (
    BELIEVING,
    as_superuser,
    dumps,
    migration,
    next_code,
    runner,
    sql,
    withdraw,
)

NOTE = 'ALTER TABLE "forms" ADD COLUMN "note" text;'
# A runner with the worst manners: it shows what it was given, and fails.
TALKATIVE = BELIEVING.replace(
    "await client.connect()",
    "console.error(`cannot use ${process.env.DATABASE_URL3}`)\n"
    "console.error(new URL(process.env.DATABASE_URL3).password, client.password)\n"
    "await client.connect()\nif (client.database === 'forms') process.exit(1)",
)
# An old release that cannot be removed.
BUSY = "mkdir /srv/forms/releases/busy; mount -t tmpfs none /srv/forms/releases/busy"


def test_no_secret_comes_into_the_open(forms: Project) -> None:
    """Deploys that go well, at Migrate and at Prune not, and everything that can be asked."""
    began = time.time()
    with looked_for(forms, *given(forms), pause=0.03) as arguments:

        def run(*command: str, status: int = 0) -> str:
            done = forms.run(*command)
            assert done.returncode == status, done.stdout + done.stderr
            return done.stdout + done.stderr

        migration(forms, "0002_note", NOTE)
        next_code(forms, "ok", "two")
        for words in (["--json"], ["--out", "p.json"], ["--format", "markdown"], ["-v"]):
            run(HIGUERA, "plan", *words, status=2)
        for words in (["--dry", "--diff"], ["-y", "-vvv", "--diff", "--debug"]):
            done = forms.deploy(*words)
            assert done.returncode == 0, done.stderr
        run(HIGUERA, "drift")
        run(HIGUERA, "drift", "--fresh", "--json")

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
        forms.shell(BUSY)
        pruned = run(HIGUERA, "deploy", "--yes", "--json", status=1)  # the role has its password
        assert json.loads(pruned.splitlines()[-1])["step"] == "Prune", pruned
        run(HIGUERA, "db", "restore", dumps(forms)[0], "--yes")
        run(HIGUERA, "rollback", "--dry-run")
        run(HIGUERA, "rollback", "--yes")
        for asked in (["doctor"], ["doctor", "--json"], ["journal"], ["runs"], ["runs", "--json"]):
            run(HIGUERA, *asked)
        for asked in (["check"], ["list"], ["list", "--json"]):
            run(HIGUERA, "secrets", *asked)
        run(HIGUERA, "render", "--to", "rendered")
        run(HIGUERA, "plan", "--offline", "--json", status=1)  # a test's migration says too little
    assert "***" not in "\n".join(forms.printed), "nothing had to be hidden on this side"
    assert sql(forms, "select count(*) from users") != "0"
    seen = str(arguments)
    assert "higuera-forms migrate" in seen and "pg_dump" in seen, "the sampling works"
    found = controllers_files(forms, began)
    for kind in ("docs/incidents/", "p.json", ".higuera/runs/", ".tar.zst"):
        assert any(kind in name for name in found), f"{kind} was looked at"

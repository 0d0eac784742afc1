"""Every secret is a marked value, and is looked for after deploys that fail, one at each step."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from aftermath import smoke_check
from canaries import controllers_files, looked_for
from given import given
from harness import Project
from migrations import as_superuser, migration, next_code, sql, withdraw

ENVIRONMENT, STACK = "inventory/sandbox.yml", "inventory/stack.yml"
SMOKE = "contains: Forms}"
# Before a build: the step, what the environment file says instead, and what cannot be written.
EARLY = [
    ("Packages", "mode: files, certificate: given.pem, key: TLS_KEY", "mode: acme", "/bin/apt-get"),
    (
        "Deploy user",
        "host: {",
        "host: {user: another, bootstrap: root, ",
        "/etc/sudoers.d/higuera-another",
    ),
    ("Accounts and folders", "", "", "/var/lib/higuera/forms/migrations"),
    ("Node 22.99.99", "stack:", "stack:\n  runtimes: {node: 22.99.99}", "/root/nothing"),
    ("Firewall, journal, time", "", "", "/etc/systemd/journald.conf.d/higuera.conf"),
    ("SSH", "stack:", "stack:\n  settings: {ssh: {tries: 4}}", "/etc/higuera/sshd.conf"),
    ("Tool and jobs", "", "", "/etc/higuera/forms/migrate.env"),
]
# What the stack file says instead.
LATE = [
    ("Build", "build: npm run build -w apps/backend", "build: env; false"),
    ("Seed", "command: node seed.js", "command: env; false"),
    ("Candidates", "start: node server.js", "start: node missing.js"),
    ("Candidate smoke", SMOKE, SMOKE.replace("Forms", "no such words")),
]
# A file where a folder is to be, and a folder where a file is to be.
IN_THE_WAY = """
made='mkdir -p'; [ ! -d {path} ] || made=touch
[ ! -e {path} ] || mv {path} {path}.aside
$made {path}
"""
OUT_OF_THE_WAY = "rm -r {path}; [ ! -e {path}.aside ] || mv {path}.aside {path}"
FULL = "mount -t tmpfs -o size=64k,mode=700 none /var/lib/higuera/incoming-root"
# What serves all the while, and is to stop once it does no more.
UNSTOPPABLE = """
mkdir /run/systemd/system/forms-backend-blue.service.d
cd /run/systemd/system/forms-backend-blue.service.d
printf '[Unit]\\nRefuseManualStop=yes\\n' >stop.conf
systemctl daemon-reload
"""
# A mistake of a project's own, which Python tells with the value that is no number.
MISTAKE = """
from pyinfra.api import operation

@operation()
def mistaken():
    if host.state.is_executing:
        int(run.deployment.secrets.reveal("SESSION_SECRET"))
    yield "true"

mistaken(name="Mistake")
"""
VERIFIER = "SCRAM-SHA-256$4096:"  # how what PostgreSQL keeps of a password begins


def test_a_deploy_that_fails_shows_no_secret(forms: Project) -> None:
    """Migrate and Prune fail in a migration's story."""
    began = time.time()
    with looked_for(forms, *given(forms), VERIFIER):
        early(forms)
        late(forms)
    hidden = [line for line in "\n".join(forms.printed).splitlines() if "***" in line]
    assert all("base 10" in line or "smoke outside failed" in line for line in hidden), hidden
    found = controllers_files(forms, began)
    for kind in ("docs/incidents/", ".higuera/runs/", "pyinfra-debug.log", ".tar.zst"):
        assert any(kind in name for name in found), f"{kind} was looked at"


def fails(forms: Project, step: str) -> str:
    """A deploy that has to fail at a step; what it printed."""
    done = forms.deploy("-y")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.rpartition("Starting operation: ")[2].startswith(step), done.stderr
    return done.stderr


@contextmanager
def in_the_way(forms: Project, path: str) -> Iterator[None]:
    """A path of the host that a deploy cannot write."""
    forms.shell(IN_THE_WAY.format(path=path))
    yield
    forms.shell(OUT_OF_THE_WAY.format(path=path))


@contextmanager
def instead(forms: Project, file: str, old: str, new: str) -> Iterator[None]:
    """A file of the project that says something else."""
    forms.edit(file, old, new)
    yield
    forms.edit(file, new, old)


def early(forms: Project) -> None:
    """At each step that comes before a build."""
    for step, old, new, path in EARLY:
        with instead(forms, ENVIRONMENT, old, new), in_the_way(forms, path):
            fails(forms, step)
    with instead(forms, ENVIRONMENT, "port: 8099", "port: 5432"):  # nginx -t passes
        fails(forms, "nginx")
    with instead(forms, "deploy.py", "deploys.provision(", f"{MISTAKE}\ndeploys.provision("):
        assert "with base 10: '***'" in fails(forms, "Mistake")
    setting, reload = "default_transaction_read_only", "select pg_reload_conf()"
    as_superuser(forms, "alter role forms password 'other'")
    as_superuser(forms, f"alter system set {setting} = on", reload)
    fails(forms, "Database")
    as_superuser(forms, f"alter system reset {setting}", reload)
    with in_the_way(forms, "/etc/ssl/higuera/forms/incoming/privkey.pem"):
        fails(forms, "Certificate")


def late(forms: Project) -> None:
    """At the steps of a new release."""
    next_code(forms, "ok", "new")
    as_superuser(forms, "alter role forms connection limit 0")
    fails(forms, "Target")
    as_superuser(forms, "alter role forms connection limit -1")
    forms.shell(FULL)
    fails(forms, "Upload")
    forms.shell("umount /var/lib/higuera/incoming-root")
    with in_the_way(forms, "/etc/higuera/forms/backend-green.env"):
        fails(forms, "Units")
    for step, old, new in LATE:
        with instead(forms, STACK, old, new):
            fails(forms, step)
    smoke_check(
        forms,
        "outside",
        '    if not str(target.connect_to).startswith("127."):\n'
        "        raise AssertionError(f\"not as {target.secrets('SMOKE_PASSWORD')}\")",
    )
    fails(forms, "Cutover")
    (forms.folder / "smoke" / "outside.py").unlink()
    migration(forms, "0003_wrong", "ALTER TABLE nowhere ADD COLUMN a int;")
    fails(forms, "Rehearsal")
    withdraw(forms)
    sql(forms, "alter table forms add column by_hand text")
    fails(forms, "Parity")
    sql(forms, "alter table forms drop column by_hand")
    forms.shell(UNSTOPPABLE)
    with instead(forms, ENVIRONMENT, "stack:", "stack:\n  settings: {warm: false}"):
        fails(forms, "Drain")

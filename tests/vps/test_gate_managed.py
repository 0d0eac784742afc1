"""The example on a managed PostgreSQL, as one story: a second VPS with TLS and few rights."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import managed
import pytest
from canaries import looked_for, watch
from conftest import PREFIX
from harness import BIN, Project, until
from managed import Managed

from higuera import sandbox

# One story on two VPSes: all of it runs on one worker, in order.
pytestmark = pytest.mark.xdist_group("managed")

BACKEND = "examples/forms/apps/backend"
SERVER = f"{BACKEND}/src/server.ts"
DRIZZLE = f"{BACKEND}/drizzle"
WRONG = "canary-managed-wrong"
THROWAWAY = "a throw-away PostgreSQL of the same major version on the VPS"
# What a rehearsal's throw-away PostgreSQL could leave behind.
REMAINS = (
    "systemctl is-active forms-scratch-postgresql; ls -d /var/lib/postgresql/higuera-forms; "
    "ss -Hltn 'sport = :8097'; pg_lsclusters --no-header; ls /run/higuera/forms/scratch*"
)
# What an empty database holds, and what of the target is its provider's.
OWN = (
    "select extname from pg_extension union select nspname from pg_namespace "
    "where nspname !~ '^pg_' and nspname <> 'information_schema' order by 1"
)
THEIRS = (
    "select pubname from pg_publication union select evtname from pg_event_trigger "
    "union select format('%s in %s', extname, extnamespace::regnamespace) from pg_extension "
    "union select format('%s.%s', nspname, relname) from pg_class join pg_namespace n "
    "on n.oid = relnamespace where nspname !~ '^(pg_.*|public|drizzle)$' "
    "union select defaclacl::text from pg_default_acl order by 1"
)


class Stack:
    """The forms project and its two VPSes."""

    def __init__(self, project: Project, provider: Managed) -> None:
        self.project = project
        self.provider = provider
        self.search = ExitStack()
        """Ends with a look at all that was printed or is left."""
        self.numbers = 0

    def secrets(self, **values: str) -> None:
        """Set secrets in the project's file; the others stay."""
        file = self.project.folder / ".env.sandbox"
        old = file.read_text().splitlines() if file.exists() else []
        kept = [line for line in old if line.split("=")[0] not in values]
        file.write_text("".join(f"{line}\n" for line in kept))
        with file.open("a") as end:
            end.writelines(f"{name}='{value}'\n" for name, value in values.items())

    def database(self, **keys: str) -> None:
        """Write the environment file, with keys of the database section."""
        section = ", ".join(f"{key}: {value}" for key, value in keys.items())
        self.project.environment(
            f'host: "@sandbox/{self.project.vps}"\nsecrets: generate\n'
            f"stack:\n  database: {{provision: external, {section}}}\n"
        )

    def new_release(self) -> None:
        """A change of the backend alone, which is built in no time."""
        self.numbers += 1
        file = self.project.folder / SERVER
        file.write_text(f"{file.read_text()}process.env.STORY = '{self.numbers}'\n")

    def deploy(self) -> str:
        """A deploy that succeeds; what it printed."""
        return self._said(self.project.deploy("-y"), 0)

    def refused(self, *expected: str) -> str:
        """A deploy that fails with these words."""
        printed = self._said(self.project.deploy("-y"), 1)
        for words in expected:
            assert words in printed, printed
        return printed

    def higuera(self, *words: str, status: int = 0) -> str:
        """The command line; what it printed."""
        return self._said(self.project.run(str(BIN / "higuera"), *words), status)

    def _said(self, done: subprocess.CompletedProcess[str], status: int) -> str:
        printed = done.stdout + done.stderr
        assert done.returncode == status, printed
        assert "Traceback" not in printed, printed
        return printed


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    name, other = f"{PREFIX}-customer", f"{PREFIX}-managed"
    project = Project.forms(tmp_path_factory.mktemp("managed") / "project", name)
    try:
        stack = Stack(project, managed.up(other))
        stack.secrets(DATABASE_URL3=stack.provider.url())
        stack.database()
        sandbox.up(name)
        with stack.search:
            stack.search.enter_context(looked_for(project, managed.PASSWORD, WRONG))
            yield stack
    finally:
        for vps in {vps.name for vps in sandbox.listing()} & {name, other}:
            sandbox.down(vps)
        if f"{PREFIX}-twin" in sandbox.layers():
            sandbox.drop_layer(f"{PREFIX}-twin")


def test_1_a_first_deploy_rehearses_beside_the_app(stack: Stack) -> None:
    never = f"was never deployed to @sandbox/{stack.project.vps}: `higuera deploy` comes first"
    assert never in stack.higuera("drift", status=1)
    printed = stack.deploy()
    assert f"what its migrations make: {THROWAWAY}" in printed
    assert "2 pending: 0000_accounts_and_forms, 0001_form_slugs" in printed
    assert stack.project.shell(REMAINS, check=False) == "inactive"
    assert stack.project.get("/api/health").json()["database"] == "reachable"
    assert stack.provider.sql("select count(*) from pg_stat_ssl where ssl") != "0"
    assert stack.project.plan() == []
    assert "equal" in stack.higuera("drift")


def test_2_a_column_less_is_drift_and_the_providers_own_is_not(stack: Stack) -> None:
    stack.provider.sql(
        "create table auth.more (id int); alter table storage.objects add column size int; "
        "create function auth.role() returns text language sql as 'select null::text'; "
        "create schema graphql_more authorization supabase_admin"
    )
    assert "equal" in stack.higuera("drift")
    stack.provider.sql("alter table forms drop column slug")
    assert "- column public.forms.slug" in stack.higuera("drift", status=2)
    stack.new_release()
    printed = stack.refused("- column public.forms.slug", "nothing was moved")
    assert "auth." not in printed and "storage." not in printed
    slug = "alter table forms add slug text constraint forms_slug_unique unique"
    stack.provider.sql(f"{slug}; update forms set slug = id")


def test_3_the_migration_goes_past_a_pooler_and_the_app_through_it(stack: Stack) -> None:
    seen = stack.project.executions()
    stack.secrets(DATABASE_URL3=stack.provider.url(port=6543), DIRECT_URL=stack.provider.url())
    stack.refused("DATABASE_URL3: leads to a transaction pooler", "database.direct")
    assert stack.project.executions() - seen <= 1
    stack.database(direct="DIRECT_URL")
    add_column(stack, "note")
    printed = stack.deploy()
    assert f"what its migrations make: {THROWAWAY}" in printed
    assert "passes its smoke checks on the new schema" in printed
    assert "applied 0002_note" in printed
    assert stack.project.shell(REMAINS, check=False) == "inactive"
    log = stack.provider.ssh("cat /var/log/postgresql/postgresql-15-main.log")
    app = stack.project.host.address
    began = r"app@app .*?(\S+) LOG: +connection authorized: .*application_name=higuera-migrate"
    assert set(re.findall(began, log)) == {app}
    pooled = "select count(*) from pg_stat_activity where client_addr = '127.0.0.1'"
    assert stack.project.get("/api/health").json()["database"] == "reachable"
    assert stack.provider.sql(pooled) != "0"
    stack.secrets(DATABASE_URL3=stack.provider.url())
    stack.database()


def test_4_without_any_scratch_the_snapshot_tells_a_part(stack: Stack) -> None:
    initdb = "/usr/lib/postgresql/15/bin/initdb"
    stack.project.shell(f"mv {initdb} {initdb}.away")
    add_column(stack, "remark")
    stack.provider.sql("alter table forms drop column note")
    printed = stack.refused("snapshot (partial: tables and columns only)", "applied 0003_remark")
    assert "- column public.forms.note" in printed
    stack.provider.sql("alter table forms add column note text")
    stack.deploy()
    assert "partial" in stack.higuera("drift")
    assert json.loads(stack.higuera("drift", "--json"))["partial"] is True
    stack.project.shell(f"mv {initdb}.away {initdb}")


def test_5_a_scratch_database_is_used_when_empty_and_emptied_again(stack: Stack) -> None:
    provider = stack.provider
    stack.new_release()
    stack.database(scratch="SCRATCH_URL")
    stack.secrets(SCRATCH_URL=provider.url())
    stack.refused("SCRATCH_URL: is the target itself")
    stack.secrets(SCRATCH_URL=provider.url(port=6543))
    stack.refused("SCRATCH_URL: is the target itself", "the target was not touched")
    stack.secrets(SCRATCH_URL=provider.url("scratch"))
    provider.sql("create table mine as select 1 as one; alter table mine owner to app", "scratch")
    stack.refused("the database of SCRATCH_URL is not empty")
    assert provider.sql("select one from mine", "scratch") == "1"
    # What a rehearsal left that ended with its host may go.
    left = "create schema higuera_scratch; create schema drizzle; create extension pg_trgm;"
    provider.sql(f"drop table mine; set role app; {left}", "scratch")
    printed = stack.deploy()
    assert "what its migrations make: the empty database of database.scratch" in printed
    assert provider.sql(OWN, "scratch") == "plpgsql\npublic"
    # Of the release before, a snapshot is known.
    back = stack.higuera("rollback", "--dry-run")
    assert "fits: the schema is what it was proven on (partial: tables and columns only)" in back
    stack.database()


def test_6_two_hosts_deploy_at_once_and_migrate_once(stack: Stack) -> None:
    """A role that may create databases makes its own for a rehearsal: each host one."""
    project, provider = stack.project, stack.provider
    provider.sql("alter role app createdb")
    tag = add_column(stack, "extra")
    with twin_of(stack) as twin:
        printed = deployed_at_once(stack, [project, twin])
        first, second = sorted(printed, key=lambda text: "nothing was done" in text)
        assert f"] applied {tag}" in first and "nothing was done" not in first
        assert "somebody else migrated meanwhile; nothing was done" in second
        assert "no migration is pending: no dump, no run" in second
        assert f"] applied {tag}" not in second
        for text in printed:
            assert f"rehearsal: applied {tag}" in text
            assert "what its migrations make: an empty database on the target's server" in text
            assert "passes its smoke checks on the new schema" in text
        newest = "select hash from drizzle.__drizzle_migrations order by id desc limit 1"
        ledger = f"select count(*) from drizzle.__drizzle_migrations where hash = ({newest})"
        assert provider.sql(ledger) == "1"
        for each in (project, twin):
            assert each.get("/api/health").json()["database"] == "reachable"
    databases = "select datname from pg_database where not datistemplate order by 1"
    assert provider.sql(databases) == "app\npostgres\nscratch"
    provider.sql("alter role app nocreatedb")


def deployed_at_once(stack: Stack, projects: list[Project]) -> list[str]:
    """Deploys that all wait to migrate, and then may; what each printed."""
    logs = [each.folder / f"{each.vps}.log" for each in projects]
    deploys: list[subprocess.Popen[str]] = []

    def ended_or_waiting() -> bool:
        return any(deploy.poll() is not None for deploy in deploys) or all(
            "another migration has the lock: process" in log.read_text() for log in logs
        )

    try:
        with another_migration(stack):
            for each, log in zip(projects, logs, strict=True):
                with log.open("w") as output:
                    deploys.append(each.deploying(output.fileno()))
            until(ended_or_waiting, "all of them have come to migrate", 120)
        ends = [deploy.wait(timeout=120) for deploy in deploys]
    finally:
        for deploy in deploys:
            deploy.kill()
            deploy.wait()
    printed = [log.read_text() for log in logs]
    stack.project.printed += printed
    assert ends == [0 for _ in projects], "\n".join(printed)
    return printed


@contextmanager
def twin_of(stack: Stack) -> Iterator[Project]:
    """A second VPS that serves the same release with the same database, as an environment."""
    name, folder = f"{PREFIX}-twin", stack.project.folder
    sandbox.save_layer(stack.project.vps, name)
    try:
        sandbox.up(name, layer=name)
        given = (folder / "inventory" / "sandbox.yml").read_text()
        (folder / "inventory" / "twin.yml").write_text(given.replace(stack.project.vps, name))
        shutil.copy(folder / ".env.sandbox", folder / ".env.twin")
        twin = Project(folder, name)
        twin.extra = {**stack.project.extra, "HIGUERA_ENV": "twin"}
        until(lambda: stack.project.get("/api/health").is_success, "the first has booted")
        watch(stack.project)
        until(lambda: twin.get("/api/health").is_success, "the second has booted")
        yield twin
    finally:
        if name in [vps.name for vps in sandbox.listing()]:
            sandbox.down(name)
        for file in ("inventory/twin.yml", ".env.twin"):
            (folder / file).unlink(missing_ok=True)


@contextmanager
def another_migration(stack: Stack) -> Iterator[None]:
    """Somebody has the lock of migrations, and lets go at the end."""
    lock = "select pg_advisory_lock(hashtextextended('higuera', 0));"
    stack.provider.ssh(
        "systemd-run -q --unit=held --uid=postgres -p WorkingDirectory=/ "
        f'sh -c "(echo \\"{lock}\\"; sleep 600) | psql -Xqd app"'
    )
    try:
        yield
    finally:
        stack.provider.ssh("systemctl stop held")


def test_7_what_the_provider_refuses_is_said_and_nothing_moves(stack: Stack) -> None:
    provider = stack.provider
    stack.new_release()
    live = stack.project.pids()
    sandbox.network_cut(provider.vps)
    began = time.monotonic()
    stack.refused("Starting operation: Target", f'server at "{provider.address}", port 5432 failed')
    assert time.monotonic() - began < 90
    assert "<h1>Forms</h1>" in stack.project.get("/").text
    sandbox.network_restore(provider.vps)
    until(lambda: provider.sql("select 1") == "1", "the provider is back")
    stack.secrets(DATABASE_URL3=provider.url(password=WRONG))
    stack.refused('password authentication failed for user "app"')
    stack.secrets(DATABASE_URL3=provider.url())
    provider.sql("alter system set ssl = off; select pg_reload_conf()")
    stack.refused("server does not support SSL, but SSL was required")
    printed = stack.higuera("plan", status=1)
    assert "refused: the database gave no answer: " in printed
    provider.sql("alter system reset ssl; select pg_reload_conf()")
    provider.sql("alter database app set default_transaction_read_only = on")
    printed = stack.refused("app on app: is read-only (a replica?)")
    assert "Starting operation: Build" not in printed
    provider.sql("alter database app reset default_transaction_read_only", "postgres")
    status, found = doctored(stack)
    assert status == "ok" and "app on app: may create, " in found
    provider.sql("revoke create on database app from app; revoke create on schema public from app")
    nothing = "app on app: may create nothing; grant create on the database or schema"
    assert "Starting operation: Build" not in stack.refused(nothing)
    assert doctored(stack, 1) == ("failed", nothing)
    provider.sql("grant create on database app to app; grant create on schema public to app")
    assert stack.project.pids() == live


def doctored(stack: Stack, status: int = 0) -> tuple[str, str]:
    """What `higuera doctor` says of the database; it exits with this status."""
    checks = json.loads(stack.higuera("doctor", "--json", status=status))["checks"]
    (found,) = [check for check in checks if check["name"] == "database"]
    return found["status"], found["found"]


def test_8_a_restore_leaves_the_provider_alone(stack: Stack) -> None:
    provider = stack.provider
    dump = stack.higuera("db", "backup").split()[-1]
    assert re.search(rf"^{dump} ", stack.higuera("db", "backups"), re.MULTILINE)
    listed = stack.project.shell(f"cat /var/lib/higuera/forms/backups/{dump}.list")
    assert "TABLE DATA public users" in listed
    assert re.findall(r" (?:auth|storage|_?realtime|vault|supabase_functions) ", listed) == []
    before = provider.sql(THEIRS)
    provider.sql(
        "insert into users (email, password_hash) values ('later@forms.test', '-'); "
        "insert into auth.users (email) values ('later@provider.test'); set role app; "
        "alter table forms drop column slug; create schema own; create table own.t (a int)"
    )
    printed = stack.higuera("db", "restore", dump, "-y")
    assert "public.users: 1 inserted" in printed and "auth.users" not in printed
    assert provider.sql("select count(*) from users where email like 'later%'") == "0"
    assert provider.sql("select count(*) from auth.users") == "2"
    assert provider.sql(THEIRS) == before
    assert "equal" in stack.higuera("drift")
    assert stack.project.get("/api/health").json()["database"] == "reachable"


def test_9_no_password_is_left_in_the_open(stack: Stack) -> None:
    stack.deploy()
    holders = "grep -rl canary-manage[d] /etc | xargs -r stat -c '%a %U' | sort -u"
    assert stack.project.shell(holders) == "600 root"
    stack.search.close()


def add_column(stack: Stack, name: str) -> str:
    """A migration as drizzle-kit writes it (file, journal, snapshot); its name."""
    folder = stack.project.folder / DRIZZLE
    journal = folder / "meta" / "_journal.json"
    book = json.loads(journal.read_text())
    last = book["entries"][-1]
    number = last["idx"] + 1
    entry = {**last, "idx": number, "when": last["when"] + 1000, "tag": f"{number:04d}_{name}"}
    book["entries"].append(entry)
    journal.write_text(json.dumps(book))
    (folder / f"{entry['tag']}.sql").write_text(f"ALTER TABLE forms ADD COLUMN {name} text;\n")
    snapshot = json.loads((folder / "meta" / f"{number - 1:04d}_snapshot.json").read_text())
    column = {"name": name, "type": "text", "primaryKey": False, "notNull": False}
    snapshot["tables"]["public.forms"]["columns"][name] = column
    (folder / "meta" / f"{number:04d}_snapshot.json").write_text(json.dumps(snapshot))
    return str(entry["tag"])

"""Migrations of the example, and looks into its database: what the gate's tests share."""

import base64
import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from harness import SECRETS, Project, until

BACKEND = "examples/forms/apps/backend"
DRIZZLE = f"{BACKEND}/drizzle"
HEALTH = f"{BACKEND}/src/routes/health.ts"
SCHEMA = f"{BACKEND}/src/schema.ts"
HEADER = "-- owner: backend team\n-- purpose: a test's\n-- way back: none is wanted\n\n"
WEEK = 604_800_000
# A runner that believes Drizzle: what that passes over, it does not notice.
BELIEVING = """
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { Client } from 'pg'

const client = new Client({ connectionString: process.env.DATABASE_URL3 })
await client.connect()
await migrate(drizzle(client), { migrationsFolder: join(import.meta.dirname, 'drizzle') })
await client.end()
console.log('all migrations applied')
"""
# A runner that opens no transaction, as CREATE INDEX CONCURRENTLY wants it.
BARE = """
import { join } from 'node:path'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { Client } from 'pg'

const client = new Client({ connectionString: process.env.DATABASE_URL3 })
await client.connect()
await client.query(`create schema if not exists drizzle; create table if not exists
  drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)`)
const { rows } = await client.query('select hash from drizzle.__drizzle_migrations')
const had = new Set(rows.map((row) => row.hash))
for (const one of readMigrationFiles({ migrationsFolder: join(import.meta.dirname, 'drizzle') })) {
  if (had.has(one.hash)) continue
  for (const statement of one.sql) await client.query(statement)
  await client.query('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)',
    [one.hash, one.folderMillis])
}
await client.end()
"""


def migration(project: Project, tag: str, sql: str, when: int | None = None) -> None:
    """One more migration of the project, a week after the last one unless `when` is given."""
    file = project.folder / DRIZZLE / "meta" / "_journal.json"
    journal = json.loads(file.read_text())
    entries = journal["entries"]
    entry = {"idx": len(entries), "version": "7", "tag": tag, "breakpoints": True}
    entries.append({**entry, "when": when or entries[-1]["when"] + WEEK})
    file.write_text(json.dumps(journal, indent=2))
    (project.folder / DRIZZLE / f"{tag}.sql").write_text(f"{HEADER}{sql}\n")


def withdraw(project: Project) -> None:
    """Take the last migration out of the project again."""
    file = project.folder / DRIZZLE / "meta" / "_journal.json"
    journal = json.loads(file.read_text())
    last = journal["entries"].pop()
    file.write_text(json.dumps(journal, indent=2))
    (project.folder / DRIZZLE / f"{last['tag']}.sql").unlink()


def runner(project: Project, text: str) -> None:
    """Replace the example's own runner, which checks what Drizzle did."""
    (project.folder / BACKEND / "src" / "migrate.ts").write_text(text)


def next_code(project: Project, old: str, new: str) -> None:
    """A new release: its health path says `new`."""
    project.edit(HEALTH, f"status: '{old}'", f"status: '{new}'")


def serves(project: Project, word: str) -> bool:
    """Whether the release that says `word` answers, and reaches its database."""
    answer = project.get("/api/health")
    told = answer.json()
    return answer.status_code == 200 and (told["status"], told["database"]) == (word, "reachable")


def sql(project: Project, statements: str, check: bool = True) -> str:
    """What statements answer on the target, run by the stack's own role."""
    given = base64.b64encode(statements.encode()).decode()
    psql = "psql -XAtq -v ON_ERROR_STOP=1 -d forms -f -"
    as_role = f"cd / && runuser -u postgres -- env 'PGOPTIONS=-c role=forms' {psql}"
    return project.shell(f"echo {given} | base64 -d | ({as_role}) 2>&1", check)


def as_superuser(project: Project, *statements: str) -> None:
    """Statements that the stack's own role may not run, each in a transaction of its own."""
    given = " ".join(f"-c {shlex.quote(statement)}" for statement in statements)
    project.shell(f"cd / && runuser -u postgres -- psql -q {given}")


def applied(project: Project) -> int:
    """How many migrations the ledger has."""
    return int(sql(project, "select count(*) from drizzle.__drizzle_migrations"))


def schema(project: Project) -> str:
    """The target's schema as pg_dump writes it, without its random marks."""
    return project.shell(
        "cd / && runuser -u postgres -- pg_dump -s forms | grep -v '^.\\(un\\)\\?restrict'"
    )


def dumps(project: Project) -> list[str]:
    """The ids of the dumps on the VPS, newest first."""
    return [line.split()[0] for line in project.shell("higuera-forms backups").splitlines()]


def untouched(project: Project) -> tuple[str, int, list[str]]:
    """What a refused deploy may not change: schema, ledger, dumps."""
    return schema(project), applied(project), dumps(project)


def lines(printed: str) -> list[str]:
    """What was printed, without the host's name before each line."""
    return [line.removeprefix(f"    [{line[5:].split(']')[0]}] ") for line in printed.splitlines()]


@contextmanager
def session(project: Project, name: str, statements: str, to: str) -> Iterator[str]:
    """A psql session on the VPS that goes on after its statements, as people leave them open.

    `to`: "target" is the stack's own role over TCP, "forms" is postgres on the socket. Yields its
    process id.
    """
    psql = (
        f"psql -XAtq -d '{'service' if to == 'target' else 'dbname'}={to} application_name={name}'"
    )
    script = f"(echo {shlex.quote(statements)}; sleep 600) | {psql}"
    user = "root" if to == "target" else "postgres"
    project.shell(
        f"systemd-run -q --unit={name} --uid={user} -p WorkingDirectory=/ "
        f"-E PGSERVICEFILE=/etc/higuera/forms/pg_service.conf sh -c {shlex.quote(script)}"
    )
    found = (
        'cd / && runuser -u postgres -- psql -XAtc "select pid from pg_stat_activity '
        f"where application_name = '{name}' and state like 'idle%' and query <> ''\""
    )
    try:
        until(lambda: project.shell(found) != "", f"session {name} is there", 10)
        yield project.shell(found)
    finally:
        project.shell(f"systemctl stop {name}", check=False)


@contextmanager
def signed_in(project: Project) -> Iterator[httpx.Client]:
    """A client of the public side with a session of the smoke checks' account."""
    until(lambda: project.get("/api/health").status_code == 200, "the app has booted")
    account = {"email": SECRETS["SMOKE_EMAIL"], "password": SECRETS["SMOKE_PASSWORD"]}
    address = f"http://{project.host.address}"
    with httpx.Client(base_url=address, trust_env=False, timeout=20) as http:
        assert http.post("/api/auth/login", json=account).status_code == 200
        yield http


def write_form(http: httpx.Client, title: str) -> None:
    """Write one form through the API."""
    answer = http.post("/api/forms", json={"title": title, "fields": []})
    assert answer.status_code == 201, answer.text

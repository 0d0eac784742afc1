"""What the target says of itself before a deploy: version, rights, ledger, catalog, all at once."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from higuera.database.catalog import Catalog, catalog_script, leaving_out
from higuera.database.ledger import Adapter, adapter
from higuera.errors import DatabaseError
from higuera.spec.database import Accepted, Database, Migrate
from higuera.spec.stack import Stack

# How `database.accept` names a migration.
MIGRATION = "migration "
# Where a rehearsal found an empty database, in this order.
SOURCES = {
    "server": "an empty database on the target's server",
    "url": "the empty database of database.scratch",
    "local": "a throw-away PostgreSQL of the same major version on the VPS",
}
# What to do where none of them is there.
NEEDS_SCRATCH = (
    "let the role create databases, or name the secret with the URL of an empty one as "
    "database.scratch"
)
# One `key value` a line. The catalog comes last: its query pins settings of the session. Who may
# create in the ledger's own schema alone, which the tool made for itself, can migrate nothing.
STANDING = """
select 'server ' || current_setting('server_version_num');
select 'size ' || pg_catalog.pg_database_size(pg_catalog.current_database()) / 1024;
select 'readonly ' || (pg_catalog.pg_is_in_recovery()
    or current_setting('transaction_read_only')::bool);
select 'creates ' || (pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    or exists (select from pg_catalog.pg_namespace where nspname !~ '^pg_'
        and not 'schema ' || pg_catalog.quote_ident(nspname) = any (array[/*leave_out*/]::text[])
        and pg_catalog.has_schema_privilege(oid, 'CREATE')));
select 'role ' || current_user || ' on ' || pg_catalog.current_database();
\\echo ledger
"""


@dataclass(frozen=True)
class Target:
    """The real database of a stack, at one moment."""

    catalog: Catalog
    server: int
    """As PostgreSQL numbers itself: 150018 is 15.18."""
    client: int
    """The major version of the programs on the VPS."""
    size: int
    """KiB of the database."""
    free: int
    """KiB of disk on the VPS where dumps go."""
    is_read_only: bool
    may_create: bool
    role: str
    """`user on database`."""
    ledger: str = ""
    """The ledger's rows, as one line of JSON."""
    told: tuple[str, ...] = field(default=())
    """What became of a migration whose deploy went away."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The ledger's rows."""
        rows: list[dict[str, Any]] = json.loads(self.ledger) if self.ledger else []
        return rows

    @property
    def digest(self) -> str:
        """The SHA-256 that the host finds for the same ledger (`psql … | sha256sum`)."""
        text = f"{self.ledger}\n" if self.ledger else ""
        return hashlib.sha256(text.encode()).hexdigest()


def of_schema(database: Database) -> list[Accepted]:
    """What the stack accepts of the schema; the rest is about migrations."""
    return [entry for entry in database.accept if not entry.object.startswith(MIGRATION)]


def ledger_of(migrate: Migrate) -> Adapter | None:
    """Whose book of applied migrations it is; None where the stack file names none."""
    return adapter(migrate.ledger, migrate.table) if migrate.ledger else None


def questions(migrate: Migrate) -> dict[str, str]:
    """The queries that the host asks, by the name of their file."""
    ledger = ledger_of(migrate)
    leave_out = ledger.leave_out() if ledger else []
    return {
        "target": leaving_out(leave_out, STANDING),
        "ledger": ledger.script() if ledger else "",
        "catalog": catalog_script(leave_out),
    }


def questions_of(stack: Stack) -> dict[str, str]:
    """Those of a stack; none where it has no migrations."""
    migrate = stack.database.migrate if stack.database else None
    return questions(migrate) if migrate else {}


def parse_target(lines: list[str]) -> Target:
    """From what the host prints. Raises DatabaseError where that is not a whole answer."""
    found: dict[str, str] = {}
    told, ledger, after_ledger = [], "", False
    for line in lines:
        key, _, rest = line.partition(" ")
        if key == "told":
            told.append(rest)
        elif line == "ledger":
            after_ledger = True
        elif after_ledger and not ledger and line.startswith("["):
            ledger = line
        else:
            found[key] = rest
    try:
        return Target(
            catalog=Catalog.from_json(found["catalog"]),
            server=int(found["server"]),
            client=int(found["client"].split(".")[0]),
            size=int(found["size"]),
            free=int(found["free"]),
            is_read_only=found["readonly"] == "true",
            may_create=found["creates"] == "true",
            role=found["role"],
            ledger=ledger,
            told=tuple(told),
        )
    except (KeyError, ValueError) as error:
        raise DatabaseError(f"the database gave no whole answer: {error} is missing") from None


def problems_of(target: Target, dumps: bool) -> list[str]:
    """Why migrations cannot go well: rights, room for a dump, old tools.

    `dumps`: whether there is something to migrate, so that it is dumped first.
    """
    problems = []
    if target.is_read_only:
        problems.append(f"{target.role}: is read-only (a replica?); migrations need the primary")
    if not target.may_create:
        problems.append(
            f"{target.role}: may create nothing; grant create on the database or schema"
        )
    if dumps and target.free < target.size:
        problems.append(
            f"the VPS has {target.free // 1024} MiB of disk free where dumps go, and the database "
            f"has {target.size // 1024}"
        )
    if dumps and target.client < target.server // 10000:
        problems.append(
            f"the VPS has PostgreSQL programs of version {target.client}, the server is "
            f"{target.server // 10000}: an older pg_dump cannot dump it; install "
            f"postgresql-client-{target.server // 10000} (apt.postgresql.org)"
        )
    return problems


def refuse(target: Target, dumps: bool) -> None:
    """Raise DatabaseError with all of these."""
    if problems := problems_of(target, dumps):
        raise DatabaseError("\n".join(problems))

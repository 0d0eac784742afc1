"""Every table and column of the target with its comment, by one query. Pure: others ask."""

import json
from dataclasses import dataclass

from higuera.errors import DatabaseError
from higuera.spec.database import PROVIDER_SCHEMAS, Database, Ledger

# Where each tool keeps its own books, which are no data of the app. Without a dot: a schema.
LEDGERS: dict[Ledger, tuple[str, ...]] = {
    "drizzle": ("drizzle",),
    "ecto": ("public.schema_migrations",),
    "prisma": ("public._prisma_migrations",),
    "knex": ("public.knex_migrations", "public.knex_migrations_lock"),
    "typeorm": ("public.migrations", "public.typeorm_metadata"),
    "sql": ("public.schema_migrations",),
}
# A partition is part of its table, and what an extension made is the extension's. A provider's
# schema is left out unless it is this role's own: an app may well have an `auth`.
SCRIPT = """\
set standard_conforming_strings = on;
set search_path = pg_catalog;
select coalesce(jsonb_agg(jsonb_build_object(
    'schema', n.nspname, 'table', c.relname, 'column', a.name, 'type', a.type,
    'comment', d.description) order by n.nspname, c.relname, a.number), '[]')
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    select null::name as name, 0 as number,
        case c.relkind when 'f' then 'foreign table' else 'table' end as type
    union all
    select attname, attnum, format_type(atttypid, atttypmod) from pg_attribute
    where attrelid = c.oid and attnum > 0 and not attisdropped
) a
left join pg_description d on d.classoid = 'pg_class'::regclass
    and d.objoid = c.oid and d.objsubid = a.number
where c.relkind in ('r', 'p', 'f') and not c.relispartition
    and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    and n.nspname <> all (array[{leave_out}]::text[])
    and n.nspname || '.' || c.relname <> all (array[{leave_out}]::text[])
    and not (n.nspname = any (array[{providers}]::text[])
        and pg_get_userbyid(n.nspowner) <> current_user)
    and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass
        and e.objid = c.oid and e.deptype = 'e');
"""


@dataclass(frozen=True)
class Row:
    """A table (without a column), or one of its columns."""

    schema: str
    table: str
    column: str | None
    type: str
    comment: str | None = None


def dictionary_script(leave_out: list[str]) -> str:
    """What prints one line of JSON through `psql -XAtq`; `leave_out`: schemas, schema.tables."""
    return SCRIPT.format(leave_out=_listed(leave_out), providers=_listed(PROVIDER_SCHEMAS))


def read_rows(text: str) -> list[Row]:
    """What psql printed. Raises DatabaseError for anything else, and where there is no table."""
    try:
        found = [Row(**entry) for entry in json.loads(text)]
    except (ValueError, TypeError):
        raise DatabaseError(f"the target answered no list of tables but: {text[:80]!r}") from None
    if not found:
        raise DatabaseError("the target has no table: apply the migrations first")
    return found


def ledger_tables(database: Database | None) -> list[str]:
    """What to leave out for the tool that migrates."""
    migrate = database.migrate if database else None
    if migrate is None:
        return []
    usual = LEDGERS[migrate.ledger] if migrate.ledger else ()
    own = migrate.table
    return [*usual, *([own if "." in own else f"public.{own}"] if own else [])]


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)

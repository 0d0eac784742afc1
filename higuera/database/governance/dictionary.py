"""Every table and column of the target with its comment, by one query. Pure: others ask."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from higuera.database.ledger import adapter
from higuera.errors import DatabaseError
from higuera.spec.database import PROVIDER_SCHEMAS, Database

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
    and 'schema ' || n.nspname <> all (array[{leave_out}]::text[])
    and 'table ' || n.nspname || '.' || c.relname <> all (array[{leave_out}]::text[])
    and not (n.nspname ~ '{providers}'
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


def dictionary_script(leave_out: Sequence[str] = ()) -> str:
    """What prints one line of JSON through `psql -XAtq`. It reads only.

    `leave_out` names what is no data of the app (`schema drizzle`, `table public.migrations`).
    """
    return SCRIPT.format(leave_out=_listed(leave_out), providers=PROVIDER_SCHEMAS)


def read_rows(text: str) -> list[Row]:
    """What psql printed. Raises DatabaseError for anything else, and where there is no table."""
    try:
        entries = json.loads(text)
        found = [Row(**entry) for entry in entries] if isinstance(entries, list) else None
    except (ValueError, TypeError):
        found = None
    if found is None:
        raise DatabaseError(f"the target answered no list of tables but: {text[:80]!r}")
    if not found:
        raise DatabaseError("the target has no table: apply the migrations first")
    return found


def ledger_tables(database: Database | None) -> list[str]:
    """What to leave out for the tool that migrates."""
    migrate = database.migrate if database else None
    if migrate is None or migrate.ledger is None:
        return []
    return adapter(migrate.ledger, migrate.table).leave_out()


def _listed(names: Sequence[str]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names)

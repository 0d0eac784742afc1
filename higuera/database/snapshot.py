"""The schema as a migration tool's own snapshot tells it: the last resort, and only a part."""

import json
import re
from pathlib import Path
from typing import Any

from higuera.database.catalog import Catalog
from higuera.errors import DatabaseError
from higuera.spec.database import Migrate

# Drizzle's words for what PostgreSQL's format_type calls otherwise.
TYPES = {
    "serial": "integer",
    "bigserial": "bigint",
    "smallserial": "smallint",
    "timestamp": "timestamp without time zone",
    "time": "time without time zone",
}
PATTERNS = (
    (re.compile(r"^varchar\b"), "character varying"),
    (re.compile(r"^char\b"), "character"),
    (re.compile(r"^numeric\((\d+), (\d+)\)"), r"numeric(\1,\2)"),
    (re.compile(r"^(timestamp|time) ?(\(\d\))$"), r"\1\2 without time zone"),
    (re.compile(r"^(timestamp|time) ?(\(\d\)) with time zone$"), r"\1\2 with time zone"),
)


def snapshot_of(migrate: Migrate, source: Path) -> Catalog | None:
    """Tables and columns of Drizzle's newest snapshot; None where there is none.

    Raises DatabaseError where it cannot be read.
    """
    if migrate.ledger != "drizzle" or migrate.files is None:
        return None
    folder = source / migrate.files
    found = sorted(folder.glob("meta/*_snapshot.json")) or sorted(folder.glob("*/snapshot.json"))
    if not found:
        return None
    try:
        tables = json.loads(found[-1].read_text(encoding="utf-8"))["tables"]
        objects = dict(pair for table in tables.values() for pair in _objects(table))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DatabaseError(f"{found[-1]}: cannot be read ({type(error).__name__})") from None
    return Catalog(objects, server="")


def _objects(table: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    name = f"{_quoted(table['schema'] or 'public')}.{_quoted(table['name'])}"
    columns = [
        (f"column {name}.{_quoted(column['name'])}", _column(column))
        for column in table["columns"].values()
    ]
    return [(f"table {name}", {}), *columns]


def _column(column: dict[str, Any]) -> dict[str, Any]:
    type_ = str(column["type"])
    for pattern, written in PATTERNS:
        type_ = pattern.sub(written, type_)
    schema = column.get("typeSchema")
    if schema:
        type_ = f"{_quoted(schema)}.{_quoted(str(column['type']))}"
    shown = {"type": TYPES.get(type_, type_), "not null": bool(column["notNull"])}
    return {key: value for key, value in shown.items() if value}


def _quoted(name: str) -> str:
    """As quote_ident writes a name that is no keyword."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) else '"' + name.replace('"', '""') + '"'

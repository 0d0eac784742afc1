"""The schema as a migration tool's own snapshot tells it: the last resort, and only a part."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from higuera.database.catalog import Catalog, Properties
from higuera.database.wording import format_type, quote_ident
from higuera.errors import DatabaseError
from higuera.spec.database import Migrate


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


def _objects(table: dict[str, Any]) -> Iterator[tuple[str, Properties]]:
    name = f"{quote_ident(table['schema'] or 'public')}.{quote_ident(table['name'])}"
    yield f"table {name}", {}
    keys = table.get("compositePrimaryKeys", {}).values()
    needed = {name for key in keys for name in key["columns"]}
    for column in table["columns"].values():
        is_needed = column["notNull"] or column["name"] in needed
        shown = {"type": _type(column), **({"not null": True} if is_needed else {})}
        yield f"column {name}.{quote_ident(column['name'])}", shown


def _type(column: dict[str, Any]) -> str:
    """Of an enum the schema is told apart, and the name stands unquoted before its brackets."""
    written = str(column["type"])
    schema = column.get("typeSchema")
    if not schema:
        return format_type(written)
    name, *brackets = re.split(r"((?:\[\d*\])+)$", written)
    return f"{quote_ident(schema)}.{quote_ident(name)}{'[]' if brackets else ''}"

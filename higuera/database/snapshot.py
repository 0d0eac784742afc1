"""The schema as a migration tool's own snapshot tells it: the last resort, and only a part."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from higuera.database.catalog import Catalog, Properties
from higuera.database.target import NEEDS_SCRATCH
from higuera.database.wording import format_type, quote_ident
from higuera.errors import DatabaseError
from higuera.spec.database import Migrate

# What a snapshot lists: a thing of the schema with its `entityType`.
Entity = dict[str, Any]


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
        told = json.loads(found[-1].read_text(encoding="utf-8"))
        objects = dict(_objects(told["ddl"] if "ddl" in told else list(_listed(told["tables"]))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise DatabaseError(
            f"{found[-1]}: cannot be read as a snapshot of drizzle-kit ({why}); {NEEDS_SCRATCH}"
        ) from None
    return Catalog(objects, server="")


def _listed(tables: dict[str, Any]) -> Iterator[Entity]:
    """As v1 lists them (`ddl`) what up to 0.45 stands within each table (`tables`)."""
    for table in tables.values():
        schema, name = table["schema"] or "public", table["name"]
        inside = {"schema": schema, "table": name}
        yield {"entityType": "tables", "schema": schema, "name": name}
        for column in table["columns"].values():
            yield {**column, "entityType": "columns", **inside}
        for key in table.get("compositePrimaryKeys", {}).values():
            yield {**key, "entityType": "pks", **inside}


def _objects(entities: list[Entity]) -> Iterator[tuple[str, Properties]]:
    keys = {
        _path(each["schema"], each["table"], column)
        for each in entities
        if each["entityType"] == "pks"
        for column in each["columns"]
    }
    for each in entities:
        if each["entityType"] == "tables":
            yield f"table {_path(each['schema'], each['name'])}", {}
        elif each["entityType"] == "columns":
            path = _path(each["schema"], each["table"], each["name"])
            needed = {"not null": True} if each["notNull"] or path in keys else {}
            yield f"column {path}", {"type": _type(each), **needed}


def _path(*names: str) -> str:
    return ".".join(map(quote_ident, names))


def _type(column: Entity) -> str:
    """Of an enum the schema is told apart, and its name as it is; up to 0.45 with the brackets."""
    written, schema = str(column["type"]), column.get("typeSchema")
    if schema:
        name, *brackets = re.split(r"((?:\[\d*\])+)$", written)
        type_ = _path(schema, name) + "[]" * bool(brackets)
    else:
        type_ = format_type(written)
    # However many dimensions, PostgreSQL knows of an array and of no more.
    return f"{type_}[]" if column.get("dimensions") and not type_.endswith("[]") else type_

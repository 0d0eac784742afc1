"""SQL that makes a missing table, with all that is missing only because it is."""

from higuera.database.catalog import Properties
from higuera.database.create import (
    NOT_PLAIN,
    column_extras,
    column_text,
    create,
    options,
)
from higuera.database.difference import Difference
from higuera.database.names import Name, name_of


def create_table(name: Name, properties: Properties, inside: tuple[Difference, ...]) -> list[str]:
    """The statements in an order that works; an empty list where one of them is not plain."""
    columns = [each for each in inside if name_of(each.object).kind == "column"]
    if {"of type", "access method"} & properties.keys():
        return NOT_PLAIN
    if any(each.change == "differs" for each in inside):
        return NOT_PLAIN  # its name is taken
    if any("type" not in each.properties for each in columns):
        return NOT_PLAIN
    before, after = [], []
    for each in inside:
        made = create(name_of(each.object), each.properties)
        kind = name_of(each.object).kind
        if not made:
            return NOT_PLAIN
        if kind == "sequence":
            before += made[:1]
            after += made[1:]
        elif kind != "column":
            after += made
    extras = [statement for each in columns for statement in _extras(name, each)]
    table = f"{_table(name, properties, columns)};"
    return [*before, table, *extras, *after, *settings(name, properties)]


def _extras(table: Name, column: Difference) -> list[str]:
    return column_extras(table.rest, name_of(column.object).last, column.properties)


def _table(name: Name, properties: Properties, columns: list[Difference]) -> str:
    text = f"CREATE {'UNLOGGED ' if properties.get('unlogged') else ''}TABLE {name.rest}"
    if parent := properties.get("partition of"):
        text += f" PARTITION OF {parent} {properties['bound']}"
    else:
        lines = [
            f"    {name_of(each.object).last} {column_text(each.properties)}" for each in columns
        ]
        text += " (\n{}\n)".format(",\n".join(lines)) if lines else " ()"
    if parents := properties.get("inherits"):
        text += f" INHERITS ({', '.join(parents)})"
    if by := properties.get("partition by"):
        text += f" PARTITION BY {by}"
    if "options" in properties:
        text += f" WITH ({options(properties['options'])})"
    return text


def settings(name: Name, properties: Properties) -> list[str]:
    """What is said of a table once it is there."""
    made = []
    if properties.get("row security"):
        made.append(f"ALTER TABLE {name.rest} ENABLE ROW LEVEL SECURITY;")
    if properties.get("force row security"):
        made.append(f"ALTER TABLE {name.rest} FORCE ROW LEVEL SECURITY;")
    if identity := properties.get("replica identity"):
        made.append(f"ALTER TABLE {name.rest} REPLICA IDENTITY {identity};")
    return made

"""SQL that ends a difference on the target, where that is plain. It never invents data."""

from dataclasses import replace

from higuera.database.alter import alter
from higuera.database.create import NOT_PLAIN, create
from higuera.database.create_table import create_table
from higuera.database.difference import Difference, table_of
from higuera.database.names import INSIDE_A_TABLE, Name, name_of
from higuera.database.rename import Rest

# Dropping these loses rows and not only a definition.
_HOLDS_DATA = {"schema", "table", "column"}
_SIMPLE_DROP = {
    "schema",
    "extension",
    "collation",
    "sequence",
    "view",
    "materialized view",
    "function",
    "procedure",
    "aggregate",
    "domain",
    "table",
    "foreign table",
    "statistics",
    "publication",
    "event trigger",
    "server",
    "foreign data wrapper",
    "text search configuration",
    "text search dictionary",
    "cast",
}


def mended(differences: list[Difference]) -> list[Difference]:
    """The same with their `mend`; each can be run by itself, or all in their order."""
    rest = Rest(differences)
    return [replace(found, mend=rest.renamed(found) or _mend(found, rest)) for found in differences]


def _mend(difference: Difference, rest: Rest) -> str:
    """A statement a line; empty where there is no plain way."""
    if rest.may_be_renamed(difference) or rest.is_taken(difference):
        return ""
    name = name_of(difference.object)
    if difference.change == "extra":
        return "\n".join(_drop(name, difference))
    if difference.change == "missing":
        return "\n".join(_make(name, difference))
    return "\n".join(alter(name, difference))


def _make(name: Name, difference: Difference) -> list[str]:
    """The object, and whatever is missing only because it is."""
    if name.kind == "table":
        return create_table(name, difference.properties, difference.swallowed)
    if name.kind == "schema" and difference.swallowed:
        return NOT_PLAIN
    own = create(name, difference.properties)
    before, after = [], []
    for each in difference.swallowed:
        inside = name_of(each.object)
        if each.change == "differs":
            return NOT_PLAIN  # its name is taken
        made = create(inside, each.properties)
        if not made:
            return NOT_PLAIN
        if inside.kind == "sequence":
            before += made[:1]
            after += made[1:]
        else:
            after += made
    return [*before, *own, *after] if own else NOT_PLAIN


def _drop(name: Name, difference: Difference) -> list[str]:
    if name.rest == "public" and name.kind == "schema":
        return NOT_PLAIN
    if name.kind == "schema" and difference.swallowed:
        return NOT_PLAIN  # what is in it is somebody's
    loss = " -- its data is lost" if name.kind in _HOLDS_DATA - {"schema"} else ""
    if name.kind in ("enum", "type"):
        return [f"DROP TYPE {name.rest};"]
    if name.kind in INSIDE_A_TABLE:
        return _drop_inside(name, difference, loss)
    if name.kind == "index":
        return _drop_index(name, difference)
    if name.kind in _SIMPLE_DROP:
        return [f"DROP {name.kind.upper()} {name.rest};{loss}"]
    return NOT_PLAIN


def _drop_inside(name: Name, difference: Difference, loss: str) -> list[str]:
    if name.kind in ("column", "constraint"):
        if name.kind == "column" and "type" not in difference.properties:
            return NOT_PLAIN  # inherited, and only somewhat changed
        return [f"ALTER TABLE {name.owner} DROP {name.kind.upper()} {name.last};{loss}"]
    if name.kind == "trigger" and "definition" not in difference.properties:
        return NOT_PLAIN  # a partition's own state of its parent's trigger
    return [f"DROP {name.kind.upper()} {name.last} ON {name.owner};"]


def _drop_index(name: Name, difference: Difference) -> list[str]:
    if "definition" not in difference.properties:
        return _own_index(name, difference)
    at_once = "CONCURRENTLY " if difference.properties.get("valid") is False else ""
    return [f"DROP INDEX {at_once}{name.rest};"]


def _own_index(name: Name, difference: Difference) -> list[str]:
    """The index of a constraint, listed only for a property that the constraint does not show."""
    properties = difference.properties
    if properties.get("valid") is False:
        return [f"REINDEX INDEX CONCURRENTLY {name.rest};"]
    made = []
    if properties.get("clustered"):
        made.append(f"ALTER TABLE {table_of(properties)} SET WITHOUT CLUSTER;")
    if given := properties.get("options"):
        names = ", ".join(str(each).partition("=")[0] for each in given)
        made.append(f"ALTER INDEX {name.rest} RESET ({names});")
    return made

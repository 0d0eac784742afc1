"""Nothing is told twice: a missing table is one difference, and its columns are part of it."""

from dataclasses import replace

from higuera.database.difference import Difference, linked, table_of
from higuera.database.names import INSIDE_A_TABLE, RELATIONS, Name, name_of, reading_order


def swallow(differences: list[Difference]) -> list[Difference]:
    """Put what is missing or extra only because of another object into that other one."""
    tops: dict[str, list[Difference]] = {}
    whole = {found.object: found for found in differences if found.change != "differs"}
    kept = []
    for found in differences:
        above = _tops(found, whole)
        if not above:
            kept.append(found)
        for top in above:
            tops.setdefault(top.object, []).append(found)
    return [
        replace(top, swallowed=tuple(sorted(inside, key=lambda each: reading_order(each.object))))
        if (inside := tops.get(top.object))
        else top
        for top in kept
    ]


def _tops(found: Difference, whole: dict[str, Difference]) -> list[Difference]:
    """The outermost objects that take this one with them; none when it stands for itself.

    An index that moved with its renamed table is of two: of the one missing and of the one extra.
    """
    if found.change != "differs":
        top = _top(found, whole)
        return [] if top is found else [top]
    sides = (
        replace(found, change="missing", actual=None),
        replace(found, change="extra", expected=None),
    )
    tops = [_top(side, whole) for side in sides]
    return [] if any(top is side for top, side in zip(tops, sides, strict=True)) else tops


def _top(found: Difference, whole: dict[str, Difference]) -> Difference:
    """The outermost object that takes this one with it; itself when there is none."""
    for key in _above(found):
        above = whole.get(key)
        if above is not None and above.change == found.change:
            return _top(above, whole)
    return found


def _above(found: Difference) -> list[str]:
    """The keys of the objects that this one cannot be without."""
    name = name_of(found.object)
    if name.kind in ("schema", "extension"):
        return []
    above = [f"schema {name.parts[0]}"] if "." in name.rest and name.parts else []
    table = _table(name, found)
    if table:
        above += [f"{kind} {table}" for kind in RELATIONS]
        above += [f"column {table}.{column}" for column in linked(found.properties, "columns")]
    owned = found.properties.get("owned by")
    if name.kind == "sequence" and owned:
        column = name_of(f"column {owned}")
        above += [f"table {column.owner}", f"column {owned}"]
    return above


def _table(name: Name, found: Difference) -> str:
    if name.kind in INSIDE_A_TABLE:
        return name.owner
    return table_of(found.properties) if name.kind in ("index", "statistics") else ""

"""Differences as lines for a person, object by object."""

from collections.abc import Iterable, Sequence
from difflib import ndiff
from typing import Any

from higuera.database.catalog import Properties
from higuera.database.difference import NOT_COMPARED, Difference
from higuera.database.names import name_of

_WIDTH = 40
_MARKS = {"missing": "-", "extra": "+", "differs": "~"}


def describe(differences: Sequence[Difference]) -> list[str]:
    """A line each and what it would take to mend it: `-` missing, `+` besides, `~` otherwise."""
    return [line for found in differences for line in _lines(found)]


def _lines(found: Difference) -> list[str]:
    head = f"{_MARKS[found.change]} {found.object:<{_WIDTH}}"
    first, *more = _what(found)
    lines = [f"{head} {first}", *(f"    {line}" for line in more)]
    if found.mend:
        start, *rest = found.mend.splitlines()
        lines += [f"  mend: {start}", *(f"        {line}" for line in rest)]
    return lines


def _what(found: Difference) -> list[str]:
    if found.change == "differs":
        expected, actual = found.expected or {}, found.actual or {}
        parts = [_property(name, expected, actual) for name in found.changed]
        if all(len(part) == 1 for part in parts):
            return ["; ".join(part[0] for part in parts)]
        return [line for part in parts for line in part]
    said = "missing on the target" if found.change == "missing" else "not made by any migration"
    shown = _summary(found) + _inside(found)
    return [f"{said}: {shown}" if shown else said]


def _property(name: str, expected: Properties, actual: Properties) -> list[str]:
    wanted, there = expected.get(name), actual.get(name)
    if (
        isinstance(wanted, str)
        and isinstance(there, str)
        and "\n" in wanted.strip() + there.strip()
    ):
        changed = ndiff(wanted.splitlines(), there.splitlines())
        lines = [line.rstrip() for line in changed if line[:2] in ("- ", "+ ")]
        return [f"{name}: expected (-), is (+)", *lines]
    if isinstance(wanted, bool) or isinstance(there, bool):
        # An absent one is the other way round: `valid` is listed where false, the rest where true.
        shown = [_yes(side, other) for side, other in ((wanted, there), (there, wanted))]
        return [f"{name}: expected {shown[0]}, is {shown[1]}"]
    return [f"{name}: expected {_shown(wanted)}, is {_shown(there)}"]


def _yes(value: object, other: object) -> str:
    return "yes" if (value if value is not None else not other) else "no"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return " ".join(str(value).split())


def _summary(found: Difference) -> str:
    properties = found.properties
    if name_of(found.object).kind in ("function", "procedure", "view", "materialized view"):
        return ""
    if "definition" in properties:
        invalid = " (invalid)" if properties.get("valid") is False else ""
        return _shown(properties["definition"]) + invalid
    return ", ".join(
        _short(name, value) for name, value in _typed_first(properties) if name != NOT_COMPARED
    )


def _typed_first(properties: Properties) -> Iterable[tuple[str, Any]]:
    return sorted(properties.items(), key=lambda item: (item[0] != "type", item[0]))


def _short(name: str, value: Any) -> str:
    if value is True:
        return name
    return _shown(value) if name == "type" else f"{name} {_shown(value)}"


def _inside(found: Difference) -> str:
    """`; with 4 columns, 1 index`."""
    kinds = [name_of(each.object).kind for each in found.swallowed]
    counted = [_count(kinds.count(kind), kind) for kind in dict.fromkeys(kinds)]
    joint = "; " if _summary(found) else ""
    return f"{joint}with {', '.join(counted)}" if counted else ""


def _count(number: int, kind: str) -> str:
    if number == 1:
        return f"1 {kind}"
    plural = {"index": "indexes", "policy": "policies", "statistics": "statistics"}
    return f"{number} {plural.get(kind, f'{kind}s')}"

"""Whether code that was made for one schema can live on another: the question of a rollback."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from higuera.database.catalog import Catalog, Properties
from higuera.database.difference import Difference, linked, table_of
from higuera.database.names import TABLES, Name, name_of
from higuera.database.parity import compare
from higuera.database.sqltypes import widened

Verdict = Literal["fits", "differs", "does not fit"]


# A person reads this many reasons of one verdict, and no more.
SHOWN = 20


@dataclass(frozen=True)
class Fit:
    """The answer, and a line for each thing that speaks against it."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """What does not fit comes first."""
    is_partial: bool = False
    """Whether it is known of tables and columns alone."""

    def shown(self) -> list[str]:
        """The first reasons, indented, and how many more there are."""
        lines = [f"  {reason}" for reason in self.reasons[:SHOWN]]
        more = len(self.reasons) - SHOWN
        return [*lines, f"  and {more} more"] if more > 0 else lines


class Reason(NamedTuple):
    """One line, and whether the old code breaks on it."""

    breaks: bool
    text: str


def fit(old: Catalog, today: Catalog) -> Fit:
    """Compare the catalog that code was made for with the one it would find."""
    found = [
        reason
        for difference in compare(expected=old, actual=today)
        for reason in _reasons(difference, today)
    ]
    found += _views(old, today)
    reasons = dict.fromkeys(
        reason.text for breaks in (True, False) for reason in found if reason.breaks is breaks
    )
    if any(reason.breaks for reason in found):
        return Fit("does not fit", tuple(reasons), old.is_partial)
    return Fit("differs" if found else "fits", tuple(reasons), old.is_partial)


def _reasons(difference: Difference, today: Catalog) -> Iterator[Reason]:
    name = name_of(difference.object)
    if difference.change == "missing":
        yield _gone(name, difference)
    elif difference.change == "extra":
        yield _new(name, difference, today)
    else:
        yield from _CHANGED.get(name.kind, _otherwise)(name, difference, today)


# What code does not call by its name: the loss of one may still change what it sees.
_UNCALLED = ("constraint", "index", "trigger", "policy", "rule", "statistics", "publication")


def _gone(name: Name, difference: Difference) -> Reason:
    if name.kind in (*_UNCALLED, "event trigger"):
        unique = "UNIQUE" in (words := str(difference.properties.get("definition", "")))
        upsert = unique or "PRIMARY KEY" in words
        more = ": an ON CONFLICT that relies on it fails" if upsert else ""
        more = ": rows may be hidden without it" if name.kind == "policy" else more
        return Reason(False, f"{difference.object} is gone{more}")
    if "partition of" in difference.properties:
        parent = difference.properties["partition of"]
        return Reason(False, f"{difference.object} is gone: rows for it may not fit into {parent}")
    if name.kind == "column" and "type" not in difference.properties:
        return Reason(False, f"{difference.object} is as its parent's again")
    return Reason(True, f"{difference.object} is gone")


_REFUSALS = {
    "constraint": "it may refuse what the old code writes",
    "trigger": "it acts on what the old code writes",
    "policy": "it may hide or refuse rows",
    "rule": "it acts on what the old code does",
}


def _new(name: Name, difference: Difference, today: Catalog) -> Reason:
    if name.kind == "column" and _required(today.objects[difference.object], today):
        return Reason(
            True, f"{difference.object} is new and required: the old code does not set it"
        )
    unique = name.kind == "index" and difference.properties.get("of", {}).get("unique")
    why = _REFUSALS["constraint"] if unique else _REFUSALS.get(name.kind)
    where = f" on {table_of(difference.properties)}" if unique else ""
    return Reason(False, f"{difference.object} is new{where}{f': {why}' if why else ''}")


def _required(column: Properties | None, catalog: Catalog) -> bool:
    """Whether an INSERT that does not name the column is refused."""
    column = column or {}
    domain = catalog.objects.get(f"domain {column.get('type')}", {})
    has_value = {"default", "generated", "identity"} & column.keys() or "default" in domain
    return bool((column.get("not null") or domain.get("not null")) and not has_value)


def _otherwise(name: Name, difference: Difference, today: Catalog) -> Iterator[Reason]:
    yield Reason(False, f"{difference.object} differs in {', '.join(difference.changed)}")


def _column(name: Name, difference: Difference, today: Catalog) -> Iterator[Reason]:
    key, was, now = difference.object, difference.expected or {}, difference.actual or {}
    rest = set(difference.changed)
    if "type" in rest:
        before, after = str(was.get("type")), str(now.get("type"))
        wider = widened(before, after)
        how = "is now the wider" if wider else "is now"
        yield Reason(not wider, f"{key} was {before}, {how} {after}")
    if _required(today.objects[key], today) and not _required(was, today):
        yield Reason(True, f"{key} became required: it is not null and has no default")
    elif "not null" in rest:
        said = "takes no nulls any more" if now.get("not null") else "may be null now"
        yield Reason(False, f"{key} {said}")
    refused = "generated" in now and "generated" not in was
    refused |= now.get("identity") == "ALWAYS" and was.get("identity") != "ALWAYS"
    if refused:
        yield Reason(True, f"{key} is filled by the server now: a value for it is refused")
        rest -= {"generated", "identity", "default"}
    if others := sorted(rest - {"type", "not null"}):
        yield Reason(False, f"{key} differs in {', '.join(others)}")


def _enum(name: Name, difference: Difference, today: Catalog) -> Iterator[Reason]:
    was, now = (
        (side or {}).get("values") or [] for side in (difference.expected, difference.actual)
    )
    gone = [value for value in was if value not in now]
    new = [value for value in now if value not in was]
    if gone:
        yield Reason(True, f"{difference.object} has no {_listed(gone)} any more")
    if new:
        yield Reason(False, f"{difference.object} has {_listed(new)} besides")
    if [value for value in now if value in was] != [value for value in was if value in now]:
        yield Reason(False, f"{difference.object} sorts its values otherwise")


def _listed(values: list[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _domain(name: Name, difference: Difference, today: Catalog) -> Iterator[Reason]:
    key, was, now = difference.object, difference.expected or {}, difference.actual or {}
    rest = set(difference.changed)
    if "type" in rest:
        wider = widened(str(was.get("type")), str(now.get("type")))
        yield Reason(not wider, f"{key} was {was.get('type')}, is now {now.get('type')}")
    if now.get("not null") and not was.get("not null"):
        yield Reason("default" not in now, f"{key} takes no nulls any more")
    checks = sorted(each for each in rest if each.startswith("constraint ") and each in now)
    for check in checks:
        yield Reason(False, f"{key}: {check} may refuse what the old code writes")
    if others := sorted(rest - {"type", "not null", *checks}):
        yield Reason(False, f"{key} differs in {', '.join(others)}")


def _type(name: Name, difference: Difference, today: Catalog) -> Iterator[Reason]:
    yield Reason(True, f"{difference.object} has another make-up: {', '.join(difference.changed)}")


def _function(name: Name, difference: Difference, today: Catalog) -> Iterator[Reason]:
    was, now = ((side or {}).get("of") or {} for side in (difference.expected, difference.actual))
    if was.get("returns") != now.get("returns"):
        yield Reason(
            True, f"{difference.object} returned {was.get('returns')}, now {now.get('returns')}"
        )
    elif was.get("defaults", 0) > now.get("defaults", 0):
        yield Reason(True, f"{difference.object} has fewer defaults: a call may lack an argument")
    else:
        yield Reason(False, f"{difference.object} has another definition")


def _constraint(name: Name, difference: Difference, today: Catalog) -> Iterator[Reason]:
    yield Reason(False, f"{difference.object} is another: it may refuse what the old code writes")


def _table(name: Name, difference: Difference, today: Catalog) -> Iterator[Reason]:
    rest = set(difference.changed)
    now = difference.actual or {}
    for key in ("row security", "force row security"):
        if key in rest and now.get(key):
            rest.remove(key)
            yield Reason(False, f"{difference.object}: {key} is on now: rows may be hidden")
    if rest:
        yield Reason(False, f"{difference.object} differs in {', '.join(sorted(rest))}")


_CHANGED: dict[str, Callable[[Name, Difference, Catalog], Iterator[Reason]]] = {
    "column": _column,
    "enum": _enum,
    "domain": _domain,
    "type": _type,
    "function": _function,
    "procedure": _function,
    "constraint": _constraint,
    **dict.fromkeys(TABLES, _table),
}


def _views(old: Catalog, today: Catalog) -> Iterator[Reason]:
    """Columns of views, which are no objects of their own."""
    for key, was in old.objects.items():
        if not key.startswith(("view ", "materialized view ")) or key not in today.objects:
            continue
        now = dict(linked(today.objects[key], "columns"))
        for column, before in linked(was, "columns"):
            after = now.get(column)
            if after is None:
                yield Reason(True, f"{key} has no column {column} any more")
            elif after != before:
                wider = widened(before, after)
                yield Reason(not wider, f"{key}: its column {column} was {before}, is now {after}")

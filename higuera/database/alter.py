"""SQL that turns an object of the target into what the migrations make; empty if not plain."""

from collections.abc import Callable

from higuera.database.alter_column import alter_column
from higuera.database.create import NOT_PLAIN, create, literal, options, sequence_text
from higuera.database.difference import Difference, linked, table_of
from higuera.database.names import Name

Alterer = Callable[[Name, Difference], list[str]]


def alter(name: Name, difference: Difference) -> list[str]:
    """The statements, each with its semicolon; an empty list where that is not plain."""
    alterer = _ALTERERS.get(name.kind)
    return alterer(name, difference) if alterer else NOT_PLAIN


def _sides(difference: Difference, name: str) -> tuple[object, object]:
    return (difference.expected or {}).get(name), (difference.actual or {}).get(name)


def _constraint(name: Name, difference: Difference) -> list[str]:
    expected, actual = _sides(difference, "definition")
    if actual == f"{expected} NOT VALID":
        return [f"ALTER TABLE {name.owner} VALIDATE CONSTRAINT {name.last};"]
    drop = f"ALTER TABLE {name.owner} DROP CONSTRAINT {name.last};"
    return [drop, *create(name, difference.properties)]


def _index(name: Name, difference: Difference) -> list[str]:
    if difference.changed == ["valid"]:
        broken = _sides(difference, "valid")[1] is False
        return [f"REINDEX INDEX CONCURRENTLY {name.rest};"] if broken else NOT_PLAIN
    if difference.changed == ["clustered"]:
        wanted = _sides(difference, "clustered")[0]
        cluster = f"CLUSTER ON {name.last}" if wanted else "SET WITHOUT CLUSTER"
        return [f"ALTER TABLE {table_of(difference.properties)} {cluster};"]
    return _again(name, difference, f"DROP INDEX {name.rest};")


def _again(name: Name, difference: Difference, drop: str) -> list[str]:
    made = create(name, difference.properties)
    return [drop, *made] if made else NOT_PLAIN


def _view(name: Name, difference: Difference) -> list[str]:
    wanted, there = linked(difference.expected, "columns"), linked(difference.actual, "columns")
    if "defaults" in difference.changed:
        return NOT_PLAIN
    if name.kind == "materialized view":
        return NOT_PLAIN  # its indexes would go with it
    made = create(name, difference.properties)
    if wanted[: len(there)] == there:
        return [statement.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1) for statement in made]
    return [f"DROP {name.kind.upper()} {name.rest};", *made]


def _function(name: Name, difference: Difference) -> list[str]:
    expected, actual = difference.expected or {}, difference.actual or {}
    if expected.get("of") == actual.get("of"):
        return create(name, expected)
    return [f"DROP {name.kind.upper()} {name.rest};", *create(name, expected)]


def _on_table(name: Name, difference: Difference) -> list[str]:
    if difference.changed == ["state"]:
        state = _sides(difference, "state")[0] or "ENABLE"
        return [f"ALTER TABLE {name.owner} {state} {name.kind.upper()} {name.last};"]
    return _again(name, difference, f"DROP {name.kind.upper()} {name.last} ON {name.owner};")


def _enum(name: Name, difference: Difference) -> list[str]:
    wanted, there = (list(each or []) for each in _sides(difference, "values"))  # type: ignore[call-overload]
    if [value for value in wanted if value in there] != there:
        return NOT_PLAIN  # a value cannot be removed or moved
    made = []
    for at, value in enumerate(wanted):
        if value not in there:
            where = f"AFTER {literal(wanted[at - 1])}" if at else f"BEFORE {literal(there[0])}"
            made.append(f"ALTER TYPE {name.rest} ADD VALUE {literal(value)} {where};")
    return made


def _domain(name: Name, difference: Difference) -> list[str]:
    start, made = f"ALTER DOMAIN {name.rest}", []
    for key in difference.changed:
        wanted, there = _sides(difference, key)
        if key == "default":
            made.append(f"{start} {f'SET DEFAULT {wanted}' if wanted else 'DROP DEFAULT'};")
        elif key == "not null":
            made.append(f"{start} {'SET' if wanted else 'DROP'} NOT NULL;")
        elif key.startswith("constraint "):
            own = key.removeprefix("constraint ")
            if wanted and there == f"{wanted} NOT VALID":
                made.append(f"{start} VALIDATE CONSTRAINT {own};")
                continue
            made += [f"{start} DROP CONSTRAINT {own};"] if there else []
            made += [f"{start} ADD CONSTRAINT {own} {wanted};"] if wanted else []
        else:
            return NOT_PLAIN
    return made


def _sequence(name: Name, difference: Difference) -> list[str]:
    if {"unlogged", "owned by"} & set(difference.changed):
        return NOT_PLAIN
    return [f"ALTER SEQUENCE {name.rest} {sequence_text(difference.properties)};"]


def _table(name: Name, difference: Difference) -> list[str]:
    made = []
    for key in difference.changed:
        wanted, there = _sides(difference, key)
        if key == "row security":
            made.append(f"{'ENABLE' if wanted else 'DISABLE'} ROW LEVEL SECURITY")
        elif key == "force row security":
            made.append(f"{'FORCE' if wanted else 'NO FORCE'} ROW LEVEL SECURITY")
        elif key == "replica identity":
            made.append(f"REPLICA IDENTITY {wanted or 'DEFAULT'}")
        elif key == "unlogged":
            made.append("SET UNLOGGED" if wanted else "SET LOGGED")
        elif key == "options":
            made += _options(wanted, there)
        else:
            return NOT_PLAIN
    return [f"ALTER TABLE {name.rest} {each};" for each in made]


def _options(wanted: object, there: object) -> list[str]:
    new, old = (
        dict(str(each).split("=", 1) for each in side) if isinstance(side, list) else {}
        for side in (wanted, there)
    )
    gone = [key for key in old if key not in new]
    made = [f"RESET ({', '.join(gone)})"] if gone else []
    return made + ([f"SET ({options(wanted)})"] if new else [])


def _statistics(name: Name, difference: Difference) -> list[str]:
    if difference.changed == ["target"]:
        target = _sides(difference, "target")[0]
        target = -1 if target is None else target
        return [f"ALTER STATISTICS {name.rest} SET STATISTICS {target};"]
    return _again(name, difference, f"DROP STATISTICS {name.rest};")


def _extension(name: Name, difference: Difference) -> list[str]:
    return [f"ALTER EXTENSION {name.rest} SET SCHEMA {difference.properties['schema']};"]


def _event_trigger(name: Name, difference: Difference) -> list[str]:
    if difference.changed == ["state"]:
        state = _sides(difference, "state")[0] or "ENABLE"
        return [f"ALTER EVENT TRIGGER {name.rest} {state};"]
    return _again(name, difference, f"DROP EVENT TRIGGER {name.rest};")


_ALTERERS: dict[str, Alterer] = {
    "column": alter_column,
    "constraint": _constraint,
    "index": _index,
    "view": _view,
    "materialized view": _view,
    "function": _function,
    "procedure": _function,
    "trigger": _on_table,
    "rule": _on_table,
    "policy": _on_table,
    "enum": _enum,
    "domain": _domain,
    "sequence": _sequence,
    "table": _table,
    "statistics": _statistics,
    "extension": _extension,
    "event trigger": _event_trigger,
}

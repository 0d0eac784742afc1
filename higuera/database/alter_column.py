"""SQL that turns a column of the target into what the migrations make; empty if not plain."""

from higuera.database.catalog import Properties
from higuera.database.create import NOT_PLAIN, identity, options
from higuera.database.difference import Difference
from higuera.database.names import Name
from higuera.database.sqltypes import refuses_or_keeps


def alter_column(name: Name, difference: Difference) -> list[str]:
    """The statements, each with its semicolon; an empty list where that is not plain."""
    expected, actual = difference.expected or {}, difference.actual or {}
    if "type" not in expected or "type" not in actual:
        return NOT_PLAIN  # inherited, and only somewhat changed
    steps: list[str] = []
    changed = set(difference.changed)
    if {"type", "collation"} & changed:
        steps += _type(expected, actual)
        changed -= {"type", "collation"}
        if not steps:
            return NOT_PLAIN
    for key in sorted(changed):
        found = _step(key, expected, actual)
        if not found:
            return NOT_PLAIN
        steps += found
    return [f"ALTER TABLE {name.owner} ALTER COLUMN {name.last} {step};" for step in steps]


def _type(expected: Properties, actual: Properties) -> list[str]:
    wanted = str(expected["type"])
    if not refuses_or_keeps(str(actual["type"]), wanted):
        return []
    collation = f" COLLATE {expected['collation']}" if "collation" in expected else ""
    return [f"TYPE {wanted}{collation}"]


def _step(key: str, expected: Properties, actual: Properties) -> list[str]:
    """What comes behind ALTER COLUMN for one property; empty where that is not plain."""
    wanted = expected.get(key)
    if key == "default":
        return [f"SET DEFAULT {wanted}" if wanted is not None else "DROP DEFAULT"]
    if key == "not null":
        return ["SET NOT NULL" if wanted else "DROP NOT NULL"]
    if key == "identity":
        return _identity(expected, actual)
    if key == "storage" and wanted is not None:
        return [f"SET STORAGE {wanted}"]
    if key == "statistics":
        return [f"SET STATISTICS {-1 if wanted is None else wanted}"]
    if key == "options":
        return _options(wanted, actual.get(key))
    return []


def _identity(expected: Properties, actual: Properties) -> list[str]:
    if "identity" not in expected:
        return ["DROP IDENTITY"]
    if "identity" not in actual:
        return [f"ADD {identity(expected)}"] if "default" not in actual else []
    return [f"SET GENERATED {expected['identity']}"]


def _options(wanted: object, there: object) -> list[str]:
    old = [str(each).partition("=")[0] for each in there] if isinstance(there, list) else []
    made = [f"RESET ({', '.join(old)})"] if old else []
    return made + ([f"SET ({options(wanted)})"] if wanted else [])

"""One difference between two catalogs, as a value."""

from dataclasses import dataclass, field
from typing import Any, Literal

from higuera.database.catalog import Properties

# Looked up and not compared: `of` follows from the rest, say the columns of an index from its text.
NOT_COMPARED = "of"


@dataclass(frozen=True)
class Difference:
    """An object that the target has not, has besides, or has otherwise."""

    object: str
    change: Literal["missing", "extra", "differs"]
    expected: Properties | None
    """What the migrations make; None where they make no such object."""
    actual: Properties | None
    """What the target has."""
    mend: str = ""
    """SQL that ends it on the target; empty where that is not plain."""
    swallowed: tuple["Difference", ...] = field(default=(), repr=False)
    """What is missing or extra only because this is: the columns of a table."""

    @property
    def changed(self) -> list[str]:
        """The names of the properties that differ, sorted."""
        expected, actual = self.expected or {}, self.actual or {}
        names = sorted((expected.keys() | actual.keys()) - {NOT_COMPARED})
        return [name for name in names if expected.get(name) != actual.get(name)]

    @property
    def properties(self) -> Properties:
        """Of the side that has it; of the expected one where both have."""
        return (self.expected if self.expected is not None else self.actual) or {}


def linked(properties: Properties | None, name: str) -> list[Any]:
    """A list that is looked up and not compared, such as the columns of an index."""
    found = ((properties or {}).get(NOT_COMPARED) or {}).get(name)
    return list(found) if isinstance(found, list) else []


def table_of(properties: Properties | None) -> str:
    """The table that an index or a statistics object is of; empty: it is of none."""
    return str(((properties or {}).get(NOT_COMPARED) or {}).get("table", ""))

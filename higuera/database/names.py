"""The names of objects: `column public.forms."Odd Title"` taken apart and sorted."""

import re
from typing import NamedTuple

# The order in which a person reads differences, and in which what is missing can be made.
KINDS = (
    "schema",
    "extension",
    "collation",
    "enum",
    "domain",
    "type",
    "sequence",
    "function",
    "procedure",
    "aggregate",
    "operator",
    "operator class",
    "cast",
    "text search dictionary",
    "text search configuration",
    "foreign data wrapper",
    "server",
    "table",
    "foreign table",
    "column",
    "constraint",
    "index",
    "view",
    "materialized view",
    "trigger",
    "policy",
    "rule",
    "statistics",
    "publication",
    "event trigger",
)
TABLES = ("table", "foreign table")
RELATIONS = (*TABLES, "view", "materialized view")
INSIDE_A_TABLE = ("column", "constraint", "trigger", "policy", "rule")

_LONGEST_FIRST = sorted(KINDS, key=len, reverse=True)
_PART = re.compile(r'"(?:[^"]|"")*"|[^".(\s]+')


class Name(NamedTuple):
    """The key of an object in a catalog, taken apart."""

    kind: str
    rest: str
    """All after the kind, quoted as PostgreSQL quotes: `public.forms.title`."""

    @property
    def parts(self) -> list[str]:
        """`public`, `forms` and `title`; without the arguments of a function."""
        found, at = [], 0
        while part := _PART.match(self.rest, at):
            found.append(part.group())
            if self.rest[part.end() : part.end() + 1] != ".":
                break
            at = part.end() + 1
        return found

    @property
    def owner(self) -> str:
        """The table of a column, the schema of a table."""
        return ".".join(self.parts[:-1])

    @property
    def last(self) -> str:
        """The column's own name."""
        return self.parts[-1]


def name_of(key: str) -> Name:
    """Take a key apart; a kind that is not known is its first word."""
    for kind in _LONGEST_FIRST:
        if key.startswith(f"{kind} "):
            return Name(kind, key[len(kind) + 1 :])
    kind, _, rest = key.partition(" ")
    return Name(kind, rest)


def reading_order(key: str) -> tuple[int, str]:
    """Schemas, types, tables, columns and so on; by name among their like."""
    kind, rest = name_of(key)
    return (KINDS.index(kind) if kind in KINDS else len(KINDS), rest)

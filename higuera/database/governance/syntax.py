"""Names in PostgreSQL's syntax trees, and what a migration made before a statement. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pglast import ast

Kind = Literal["expand", "data", "unknown", "contract"]
Verdict = tuple[Kind, str]
"""A class, and why; no words are needed for what is plainly additive."""
Name = tuple[str, ...]
"""As it is written, `("", "forms")` without a schema: which one that is depends on the target."""

ADDS: Verdict = ("expand", "")


@dataclass
class Made:
    """What the same file made before. Running code does not use it yet, so it may be changed."""

    names: set[Name] = field(default_factory=set)
    """Tables, indexes, views, sequences, types."""
    columns: dict[Name, bool] = field(default_factory=dict)
    """Columns added to older tables, and whether a default fills them for code that does not."""

    def forget(self) -> None:
        """From here on the same names may mean something else (another `search_path`)."""
        self.names.clear()
        self.columns.clear()


def name_of(relation: Any) -> Name:
    """The name of a table, view, index or sequence."""
    return (relation.schemaname or "", relation.relname)


def qualified(parts: Any) -> Name:
    """The name that a list of strings spells, of at most two parts (a database's is left off)."""
    words = tuple(getattr(part, "sval", "?") for part in parts)
    return ("", *words) if len(words) == 1 else words[-2:]


def dotted(name: Name) -> str:
    """`("", "forms")` is `forms`."""
    return ".".join(part for part in name if part)


def walk(node: Any) -> Iterator[Any]:
    """Every node below one, itself first. No recursion: expressions may be thousands deep."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, tuple):
            waiting.extend(reversed(found))
        elif isinstance(found, ast.Node):
            yield found
            waiting.extend(reversed([getattr(found, slot) for slot in found]))

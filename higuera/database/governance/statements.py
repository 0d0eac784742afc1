"""What a migration does, line by line: its text through PostgreSQL's own parser. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pglast import parse_sql
from pglast.parser import ParseError

from higuera.database.governance.classes import RANKS, WRITES, judge, runs_alone, written
from higuera.database.governance.syntax import Kind, Made, walk

# What holds writes that run only later, when somebody calls it.
NOT_RUN = ("CreateFunctionStmt", "RuleStmt", "CreateTrigStmt")


@dataclass(frozen=True)
class Action:
    """What a statement does, or one part of it."""

    line: int
    kind: Kind
    what: str
    """Empty for what needs no words, such as a new table."""
    alone: bool = False
    """Whether PostgreSQL refuses it inside a transaction."""


@dataclass(frozen=True)
class Unreadable:
    """Why a text is no SQL. `line` is None where that cannot be told."""

    line: int | None
    why: str


def read_actions(text: str) -> list[Action] | Unreadable:
    """What each statement does, in the order of the file."""
    if "\0" in text:  # the parser would take it for the end, and not see what stands behind
        return Unreadable(line_of(text, text.index("\0")), "holds a NUL character")
    try:
        parsed = parse_sql(text)
        made = Made()
        return [action for raw in parsed for action in _actions(text, raw, made)]
    except ParseError as error:
        message, *where = error.args
        return Unreadable(line_of(text, where[0]) if where else None, str(message))
    except RecursionError:
        return Unreadable(None, "is nested too deeply")


def kind_of(actions: list[Action]) -> Kind:
    """The class of a migration: the highest of its statements'; that of an empty one is expand."""
    return max((action.kind for action in actions), key=RANKS.index, default="expand")


def line_of(text: str, index: int) -> int:
    """The line of a character, counted from 1."""
    return text.count("\n", 0, index) + 1


def _actions(text: str, raw: Any, made: Made) -> Iterator[Action]:
    start = line_of(text, raw.stmt_location)
    alone = runs_alone(raw.stmt)
    for kind, what in judge(raw.stmt, made):
        yield Action(start, kind, what, alone)
    if type(raw.stmt).__name__ in NOT_RUN:
        return
    for node in walk(raw.stmt):
        if node is not raw.stmt and type(node) in WRITES:
            yield Action(line_of(text, node.relation.location), "data", written(node))

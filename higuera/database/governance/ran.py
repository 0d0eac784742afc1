"""What a program answered. Who runs it is the caller's business, so that all here stays pure."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Ran:
    """A program that ended."""

    status: int
    out: str
    err: str = ""


Run = Callable[[list[str], str], Ran]
"""Run a command line with a text on its standard input."""

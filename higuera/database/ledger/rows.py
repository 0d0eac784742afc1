"""Values out of a ledger's rows, which may hold anything: the table has the name, no more."""

from collections.abc import Callable

from higuera.database.ledger.model import Row


def number(value: object) -> int | None:
    """A whole number, also one in digits; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return None


def text(value: object) -> str:
    """A text, or a number in digits; empty for anything else."""
    if isinstance(value, str):
        return value
    return "" if isinstance(value, bool) or not isinstance(value, int) else str(value)


def by_number(rows: list[Row], column: str) -> list[Row]:
    """Rows in the order of a serial column, as they were inserted."""
    return sorted(rows, key=lambda row: number(row.get(column)) or 0)


def by_text(rows: list[Row], column: str, then: Callable[[Row], int]) -> list[Row]:
    """Rows in the order of a time written in UTC; equal ones by another number."""
    return sorted(rows, key=lambda row: (text(row.get(column)), then(row)))

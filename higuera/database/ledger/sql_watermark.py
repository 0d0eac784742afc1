"""golang-migrate: one row, the last version and whether it is half-done (`dirty`).

`up` applies the files with a greater version and nothing else, so one that was merged with a lower
number is passed over in silence (golang-migrate/migrate#179). The row cannot tell; what the last
release recorded can.
"""

from collections.abc import Mapping

from higuera.database.ledger.compare import Entry, edited, missing
from higuera.database.ledger.model import LedgerState, Migration, Problem, Row
from higuera.database.ledger.rows import number, text

TOOL = "golang-migrate"


def state(
    migrations: list[Migration], rows: list[Row], remembered: Mapping[str, str]
) -> LedgerState:
    """Compare with the row; a version below it counts as applied unless it is known not to be."""
    current = max((number(row.get("version")) or 0 for row in rows), default=0)
    is_dirty = any(row.get("dirty") is True for row in rows)
    skipped = _skipped(migrations, current, remembered)
    done = [
        migration
        for migration in migrations
        if (migration.order or 0) <= current and migration not in skipped
    ]
    at = [migration for migration in done if is_dirty and migration.order == current]
    entries = [Entry(one.name, one) for one in done if one not in at]
    if current and not any(one.order == current for one in migrations):
        entries.append(Entry(f"version {current}"))
    problems = [
        *([_failed(at[0].name if at else f"version {text(current)}", current)] if is_dirty else []),
        *(Problem("skipped", one.name, _skipped_text(one, current)) for one in skipped),
        *edited(TOOL, entries, remembered),
        *missing(TOOL, entries),
    ]
    pending = [migration for migration in migrations if (migration.order or 0) > current]
    return LedgerState([entry.name for entry in entries], pending, problems)


def _skipped(
    migrations: list[Migration], current: int, remembered: Mapping[str, str]
) -> list[Migration]:
    """Files that the last release did not have, with versions lower than one that it had."""
    known = [one.order or 0 for one in migrations if one.name in remembered]
    mark = min(current, max(known, default=-1))
    return [one for one in migrations if one.name not in remembered and (one.order or 0) <= mark]


def _failed(name: str, version: int) -> Problem:
    return Problem(
        "failed",
        name,
        f"{name} is dirty: it was begun and not finished, and golang-migrate applies nothing more; "
        "see what it left, finish it or take it back by hand, then "
        f"`migrate force {version}`, or with the version before to run it again",
    )


def _skipped_text(migration: Migration, current: int) -> str:
    return (
        f"{migration.name} is new in this release and its version is lower than {current}, which "
        "the database has, so golang-migrate passes over it and reports success: give it a version "
        "later than all others"
    )

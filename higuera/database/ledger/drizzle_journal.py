"""Drizzle up to 0.45: `meta/_journal.json` names the files, in order, each with its `when`.

The migrator reads the newest `created_at` and applies, in the journal's order, every entry whose
`when` is greater; it looks at nothing else (`readMigrationFiles` and `PgDialect.migrate` in
drizzle-orm 0.45; drizzle-team/drizzle-orm#5769, #5316). So an entry with an older `when` is passed
over for ever, an edited file is not seen, and the exit code is 0 both times.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from higuera.database.ledger.compare import Entry, edited, missing, reordered
from higuera.database.ledger.files import as_node_reads, read, sha256
from higuera.database.ledger.model import LedgerState, Migration, Problem, Row
from higuera.database.ledger.rows import number, text
from higuera.errors import DatabaseError

TOOL = "Drizzle"
# How drizzle-kit names files, by its settings `index`, `timestamp` and `unix`.
NUMBERED = re.compile(r"\d+_.*\.sql")


def journal_of(folder: Path) -> Path:
    """The file that makes a folder one of this layout."""
    return folder / "meta" / "_journal.json"


def migrations(folder: Path, paths: list[Path]) -> list[Migration]:
    """The journal's entries, then numbered files that it does not name (`order` is None)."""
    journal = journal_of(folder)
    found = [_migration(folder, journal, entry) for entry in _entries(journal)]
    names = [migration.name for migration in found]
    if double := {name for name in names if names.count(name) > 1}:
        raise DatabaseError(f"{journal} names {min(double)} twice: leave one of the entries")
    loose = (path for path in paths if NUMBERED.fullmatch(path.name) and path.stem not in names)
    return found + [_read(path.stem, path, None) for path in loose]


def _entries(journal: Path) -> list[Any]:
    try:
        entries = json.loads(read(journal))["entries"]
    except (ValueError, KeyError, TypeError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        raise DatabaseError(
            f"{journal} is no journal of drizzle-kit (JSON with `entries`): restore it from git"
        )
    return entries


def _migration(folder: Path, journal: Path, entry: object) -> Migration:
    tag = entry.get("tag") if isinstance(entry, dict) else None
    when = entry.get("when") if isinstance(entry, dict) else None
    if not isinstance(tag, str) or not tag or not tag.isprintable() or Path(tag).name != tag:
        raise DatabaseError(f"{journal}: an entry has no proper `tag`: restore it from git")
    if isinstance(when, bool) or not isinstance(when, int):
        raise DatabaseError(f"{journal}: `when` of {tag} is no whole number: restore it from git")
    return _read(tag, folder / f"{tag}.sql", when)


def _read(name: str, path: Path, when: int | None) -> Migration:
    content = read(path)
    return Migration(name, sha256(as_node_reads(content)), sha256(content), path, when)


def state(migrations: list[Migration], rows: list[Row]) -> LedgerState:
    """Compare with rows in the order of their ids."""
    entries = _entries_of(migrations, rows)
    had = {id(entry.migration) for entry in entries}
    new = [migration for migration in migrations if id(migration) not in had]
    newest = _newest(rows)
    again = [
        migration
        for migration in migrations
        if id(migration) in had and _is_rerun(migration, rows, newest)
    ]
    skipped = [migration for migration in new if not _will_run(migration, newest)]
    due = {id(migration) for migration in new + again} - {id(migration) for migration in skipped}
    problems = [
        *_timeless(rows),
        *(Problem("skipped", one.name, _skipped_text(one, newest)) for one in skipped),
        *(Problem("edited", one.name, _again_text(one)) for one in again),
        *edited(TOOL, entries, {}),
        *reordered(TOOL, migrations, entries),
        *missing(TOOL, entries),
    ]
    pending = [migration for migration in migrations if id(migration) in due]
    return LedgerState([entry.name for entry in entries], pending, problems)


def _newest(rows: list[Row]) -> int | None:
    """What the migrator compares with; None where the ledger is empty.

    Descending order puts a null first, and JavaScript makes 0 of it.
    """
    if not rows:
        return None
    times = [number(row.get("created_at")) for row in rows]
    return 0 if None in times else max(time for time in times if time is not None)


def _will_run(migration: Migration, newest: int | None) -> bool:
    return migration.order is not None and (newest is None or migration.order > newest)


def _is_rerun(migration: Migration, rows: list[Row], newest: int | None) -> bool:
    """An applied file whose `when` was raised above every row's is applied once more."""
    times = {number(row.get("created_at")) for row in rows}
    return None not in times and _will_run(migration, newest)


def _entries_of(migrations: list[Migration], rows: list[Row]) -> list[Entry]:
    """The rows, each with its file: by time and hash, else by time (edited), else by hash."""
    found: dict[int, Migration] = {}
    free = list(migrations)
    for is_same in (_has_both, _has_time, _has_hash):
        for place, row in enumerate(rows):
            match = next((one for one in free if is_same(one, row)), None)
            if place not in found and match is not None:
                found[place] = match
                free = [one for one in free if one is not match]
    return [_entry(row, found.get(place)) for place, row in enumerate(rows)]


def _entry(row: Row, migration: Migration | None) -> Entry:
    if migration is None:
        return Entry(f"the migration of {_time(number(row.get('created_at')))}")
    return Entry(migration.name, migration, text(row.get("hash")))


def _has_both(migration: Migration, row: Row) -> bool:
    return _has_time(migration, row) and _has_hash(migration, row)


def _has_time(migration: Migration, row: Row) -> bool:
    return migration.order is not None and migration.order == number(row.get("created_at"))


def _has_hash(migration: Migration, row: Row) -> bool:
    return migration.hash == text(row.get("hash"))


def _timeless(rows: list[Row]) -> list[Problem]:
    return [
        Problem(
            "failed",
            f"row {text(row.get('id'))}",
            "a row of the ledger has no created_at, which Drizzle takes for older than everything: "
            "it would apply every migration again; give the row the `when` of its migration",
        )
        for row in rows
        if number(row.get("created_at")) is None
    ]


def _skipped_text(migration: Migration, newest: int | None) -> str:
    if migration.order is None:
        return (
            f"{migration.name} is not in the database and never will be: meta/_journal.json does "
            "not name it, and Drizzle reads nothing else; add its entry (a merge may have lost "
            "it), or remove the file"
        )
    return (
        f"{migration.name} is not in the database and never will be: its `when` in "
        f"meta/_journal.json is {_time(migration.order)}, not newer than {_time(newest)}, the last "
        "one applied, and Drizzle compares nothing else and reports success; set its `when` to "
        "now (`node -p 'Date.now()'`) and deploy again"
    )


def _again_text(migration: Migration) -> str:
    return (
        f"{migration.name} was applied, and its `when` in meta/_journal.json was raised to "
        f"{_time(migration.order)} since, so Drizzle will apply it once more: restore its `when`"
    )


def _time(when: int | None) -> str:
    """The number of the journal with the time that it means, as people look for either."""
    if when is None:
        return "an unknown time"
    try:
        moment = datetime.fromtimestamp(when / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return str(when)
    return f"{when} ({moment:%Y-%m-%d %H:%M:%S} UTC)"

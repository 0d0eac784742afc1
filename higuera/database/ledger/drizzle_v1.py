"""Drizzle from v1 on: `<time>_<name>/migration.sql`, no journal.

The ledger has the columns `name` and `applied_at` beside the old ones, and every folder whose name
is not in it is applied, whatever its time (`getMigrationsToRun` in drizzle-orm 1.0.0-rc.5). Hashes
are written and never compared. An old table is upgraded first: its rows are given names by
`created_at`, cut to whole seconds, else by hash (`up-migrations/pg`).
"""

import re
from datetime import UTC, datetime
from pathlib import Path

from higuera.database.ledger.compare import Entry, by_name, compare
from higuera.database.ledger.drizzle_journal import NUMBERED, TOOL
from higuera.database.ledger.files import as_node_reads, read, sha256
from higuera.database.ledger.model import LedgerState, Migration, Problem, Row
from higuera.database.ledger.rows import number, text
from higuera.errors import DatabaseError

FILE = "migration.sql"
TIME = re.compile(r"[0-9]{14}")


def is_of_layout(migration: Migration) -> bool:
    """Whether a file is of this layout and not one that a journal names."""
    return migration.path.name == FILE and migration.path.parent.name == migration.name


def migrations(paths: list[Path]) -> list[Migration]:
    """Every folder with a `migration.sql`, in the order of `localeCompare`.

    Then numbered files beside them with a text of their own: v1 passes over those.
    """
    folders = [path for path in paths if path.is_dir() and _is_migration(path)]
    folders.sort(key=lambda path: (path.name[:14], path.name.lower(), path.name))
    found = [_read(folder.name, folder / FILE, _milliseconds(folder.name)) for folder in folders]
    loose = [_read(path.stem, path, None) for path in paths if NUMBERED.fullmatch(path.name)]
    texts = {migration.hash for migration in found}
    return found + [one for one in loose if found and one.hash not in texts]


def _is_migration(folder: Path) -> bool:
    timed = TIME.match(folder.name) is not None
    present = (folder / FILE).is_file()
    if timed and not present:
        raise DatabaseError(f"{folder} has no {FILE}: Drizzle would pass it over in silence")
    if present and not timed:
        raise DatabaseError(f"{folder} does not start with a time (14 digits) as Drizzle needs it")
    return present


def _read(name: str, path: Path, order: int | None) -> Migration:
    content = read(path)
    return Migration(name, sha256(as_node_reads(content)), sha256(content), path, order)


def _milliseconds(name: str) -> int | None:
    """What the ledger holds as `created_at`; None for digits that are no time."""
    try:
        moment = datetime.strptime(name[:14], "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return int(moment.replace(tzinfo=UTC).timestamp()) * 1000


def state(migrations: list[Migration], rows: list[Row]) -> LedgerState:
    """Compare with rows in the order of their ids."""
    loose = [migration for migration in migrations if not is_of_layout(migration)]
    found = _state([migration for migration in migrations if is_of_layout(migration)], rows)
    skipped = [Problem("skipped", one.name, _loose_text(one)) for one in loose]
    return LedgerState(found.applied, found.pending, skipped + found.problems)


def _state(migrations: list[Migration], rows: list[Row]) -> LedgerState:
    if rows and not any("name" in row for row in rows):
        return compare(TOOL, migrations, _before_upgrade(migrations, rows), {})
    named = by_name(migrations)
    entries = [
        Entry(name, named.get(name), text(row.get("hash")))
        for row in rows
        if (name := text(row.get("name")))
    ]
    found = compare(TOOL, migrations, entries, {})
    return LedgerState(found.applied, found.pending, _nameless(migrations, rows) + found.problems)


def _before_upgrade(migrations: list[Migration], rows: list[Row]) -> list[Entry]:
    """A table of the old form: the file of each row as the upgrade will find it."""
    return [_legacy_entry(migrations, row) for row in rows]


def _legacy_entry(migrations: list[Migration], row: Row) -> Entry:
    created, hashed = number(row.get("created_at")), text(row.get("hash"))
    second = None if created is None else created // 1000 * 1000
    same = [one for one in migrations if one.order is not None and one.order == second]
    if len(same) != 1:
        same = [one for one in same or migrations if one.hash == hashed]
    if not same:
        return Entry(f"the migration of created_at {created}")
    return Entry(same[-1].name, same[-1], hashed)


def _nameless(migrations: list[Migration], rows: list[Row]) -> list[Problem]:
    """Rows that an older drizzle-orm wrote into an upgraded table: v1 does not see them."""
    problems = []
    for row in rows:
        if text(row.get("name")):
            continue
        name = _legacy_entry(migrations, row).name
        problems.append(
            Problem(
                "missing",
                name,
                f"the ledger's row of {name} has no name: an older drizzle-orm wrote it, and v1 "
                "goes by names alone and would apply the migration again; set the row's name to "
                "that of the migration's folder",
            )
        )
    return problems


def _loose_text(migration: Migration) -> str:
    return (
        f"{migration.name} will never be applied: it is a file of its own, and Drizzle v1 reads "
        f"only folders, <time>_<name>/{FILE}: make it one, or remove the file"
    )

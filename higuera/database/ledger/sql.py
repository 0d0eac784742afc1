"""A folder of `NNN_name.sql` and a table `schema_migrations`: dbmate, golang-migrate and homegrown.

dbmate writes the digits of each applied file as `version` and applies every other file
(https://github.com/amacneil/dbmate); golang-migrate keeps the last version alone (`sql_watermark`).
Homegrown runners write a `version`, a `name` or a `filename`, maybe a hash, a time or a `success`:
what a row means is told by the values themselves.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from higuera.database.ledger import sql_watermark
from higuera.database.ledger.compare import Entry, compare
from higuera.database.ledger.files import contents, listing, read, sha256
from higuera.database.ledger.model import NOTHING, Adapter, LedgerState, Migration, Problem, Row
from higuera.database.ledger.rows import number, text
from higuera.database.ledger.table import Table
from higuera.errors import DatabaseError

TOOL = "the runner"
NUMBERED = re.compile(r"[Vv]?([0-9]{1,19})(?![0-9]).*\.sql")
BACKWARD = re.compile(r".*\.(down|undo|rollback|revert)\.sql")
NAMES = ("filename", "file_name", "file", "script", "name", "migration_name", "migration")
HASHES = ("hash", "checksum", "sha256", "digest", "md5")
TIMES = ("applied_at", "executed_at", "inserted_at", "created_at", "run_at", "installed_on")
ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}


class Sql(Adapter):
    """Plain SQL files in the order of their numbers."""

    name = "sql"
    default = Table("public", "schema_migrations")

    def migrations(self, folder: Path) -> list[Migration]:
        """Read the files; those of the way back (`.down.sql`) are none."""
        paths = [path for path in listing(folder) if path.suffix == ".sql"]
        found = [_migration(path) for path in paths if not BACKWARD.fullmatch(path.name)]
        if not found:
            raise DatabaseError(f"{folder} has no NNN_name.sql: is this the migrations' folder?")
        return sorted(found, key=lambda one: (one.order, one.name))

    def state(
        self,
        migrations: list[Migration],
        rows: list[Row],
        remembered: Mapping[str, str] = NOTHING,
    ) -> LedgerState:
        """Compare; a row that says that it did not succeed is named and counts for nothing."""
        if any("dirty" in row for row in rows):
            return sql_watermark.state(migrations, rows, remembered)
        files = _Files(migrations)
        pairs = [(row, files.entry(row)) for row in rows]
        failed = [entry.name for row, entry in pairs if row.get("success") is False]
        done = [pair for pair in pairs if pair[0].get("success") is not False]
        found = compare(TOOL, migrations, _in_order(done, migrations), remembered)
        pending = [migration for migration in found.pending if migration.name not in failed]
        unseen = _unseen(pending, rows)
        problems = [
            *(Problem("failed", name, _failed_text(name)) for name in failed),
            *(Problem("skipped", one.name, _unseen_text(one)) for one in unseen),
        ]
        pending = [migration for migration in pending if migration not in unseen]
        return LedgerState(found.applied, pending, problems + found.problems)


def _migration(path: Path) -> Migration:
    found = NUMBERED.fullmatch(path.name)
    if found is None:
        raise DatabaseError(
            f"{path} has no number in front, so its place is unknown: number it, or move it away"
        )
    digest = sha256(read(path))
    name = path.name.removesuffix(".sql").removesuffix(".up")
    return Migration(name, digest, digest, path, int(found[1]))


class _Files:
    """The files by everything that a row may call them."""

    def __init__(self, migrations: list[Migration]) -> None:
        self.by_spelling = {name: one for one in migrations for name in _spellings(one)}
        # The first of two files with one version is the one that a row of versions means.
        self.by_version = {one.order: one for one in reversed(migrations)}

    def entry(self, row: Row) -> Entry:
        """What a row means: the first of its names that is a file, else its version."""
        names = _names(row)
        found = next((one for name in names if (one := self._named(name))), None)
        version = _version(row)
        if found is None and version is not None:
            digits = number(version)
            found = self._named(text(version)) if digits is None else self.by_version.get(digits)
        if found is None:
            return Entry(next(iter(names), "") or f"version {text(version) or 'unknown'}")
        return Entry(found.name, found, _hash(row, found))

    def _named(self, name: str) -> Migration | None:
        return self.by_spelling.get(name.rpartition("/")[2])


def _spellings(migration: Migration) -> set[str]:
    return {migration.name, migration.path.name, migration.path.stem}


def _names(row: Row) -> list[str]:
    return [name for column in NAMES if (name := text(row.get(column)))]


def _version(row: Row) -> object:
    """`7` and `007` are one; beside a name, `id` is the number of the row and of no file."""
    columns = ("version", "version_id") if _names(row) else ("version", "version_id", "id")
    return next((row[column] for column in columns if column in row), None)


def _unseen(migrations: list[Migration], rows: list[Row]) -> list[Migration]:
    """Files whose version a row without a name has, for another file."""
    versions = {number(_version(row)) for row in rows if not _names(row)}
    return [migration for migration in migrations if migration.order in versions]


def _hash(row: Row, migration: Migration) -> str:
    """The row's digest as sha256: the file's own when it is that of the file by its algorithm.

    Empty for what is no digest in hexadecimal (Flyway's CRC, a base64): nothing is known then.
    """
    digests = (text(row.get(column)).removeprefix("\\x").lower() for column in HASHES)
    for digest in digests:
        algorithm = ALGORITHMS.get(len(digest))
        if algorithm is None or not re.fullmatch("[0-9a-f]+", digest):
            continue
        known = (
            hashlib.new(algorithm, one, usedforsecurity=False) for one in contents(migration.path)
        )
        return migration.hash if any(one.hexdigest() == digest for one in known) else digest
    return ""


def _in_order(pairs: list[tuple[Row, Entry]], migrations: list[Migration]) -> list[Entry]:
    """Entries in order of application: by a serial or a time of the rows, else as the files are."""
    place = {migration.name: at for at, migration in enumerate(migrations)}

    def key(pair: tuple[Row, Entry]) -> tuple[int, str, int]:
        row, entry = pair
        serial = number(row.get("installed_rank")) or _serial(row) or 0
        time = next((text(row[column]) for column in TIMES if column in row), "")
        return serial, time, place.get(entry.name, -1)

    return [entry for _, entry in sorted(pairs, key=key)]


def _serial(row: Row) -> int | None:
    """An `id` beside a name or a version counts the rows."""
    is_beside = any(column in row for column in (*NAMES, "version", "version_id"))
    return number(row.get("id")) if is_beside else None


def _failed_text(name: str) -> str:
    return (
        f"{name} was begun and did not succeed: see what it left in the database, finish it or "
        "take it back by hand, and mend or delete its row in the ledger"
    )


def _unseen_text(migration: Migration) -> str:
    return (
        f"{migration.name} is not in the database and never will be: the ledger goes by versions, "
        "and this one is taken by another file: give it a number of its own, later than all others"
    )

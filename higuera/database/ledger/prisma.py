"""Prisma: `<time>_<name>/migration.sql` and the table `_prisma_migrations`.

Its columns are id, checksum, finished_at, migration_name, logs, rolled_back_at, started_at and
applied_steps_count. `migrate deploy` applies every folder without a finished row, stops on a failed
one (P3009), and at most warns of edited and missing ones. See
https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate/migration-histories and
`checksum.rs` of prisma-engines.
"""

from collections.abc import Mapping
from pathlib import Path

from higuera.database.ledger.compare import Entry, by_name, compare
from higuera.database.ledger.files import listing, read, sha256
from higuera.database.ledger.model import NOTHING, Adapter, LedgerState, Migration, Problem, Row
from higuera.database.ledger.rows import by_text, text
from higuera.database.ledger.table import Table
from higuera.errors import DatabaseError

FILE = "migration.sql"


class Prisma(Adapter):
    """The folder `prisma/migrations`."""

    name = "prisma"
    default = Table("public", "_prisma_migrations")

    def migrations(self, folder: Path) -> list[Migration]:
        """Read every folder; one without its file is an error, as in Prisma (P3015)."""
        paths = listing(folder)
        folders = [path for path in paths if path.is_dir()]
        if not folders and not any(path.name == "migration_lock.toml" for path in paths):
            raise DatabaseError(f"{folder} has no <time>_<name>/{FILE}: is this Prisma's folder?")
        return [_migration(path) for path in folders]

    def state(
        self,
        migrations: list[Migration],
        rows: list[Row],
        remembered: Mapping[str, str] = NOTHING,
    ) -> LedgerState:
        """Compare; a rolled-back row counts for nothing, its migration is applied anew."""
        live = [row for row in rows if row.get("rolled_back_at") is None]
        live = by_text(live, "started_at", lambda row: 0)
        done = [row for row in live if row.get("finished_at") is not None]
        named = by_name(migrations)
        found = compare("Prisma", migrations, [_entry(row, named) for row in done], remembered)
        names = {_name(row) for row in live if row not in done}
        failed = [Problem("failed", name, _failed_text(name)) for name in sorted(names)]
        pending = [migration for migration in found.pending if migration.name not in names]
        return LedgerState(found.applied, pending, failed + found.problems)


def _migration(folder: Path) -> Migration:
    content = read(folder / FILE)
    return Migration(folder.name, sha256(content), sha256(content), folder / FILE)


def _name(row: Row) -> str:
    return text(row.get("migration_name")) or "a migration without a name"


def _entry(row: Row, named: dict[str, Migration]) -> Entry:
    name, checksum = _name(row), text(row.get("checksum"))
    migration = named.get(name)
    if migration and len(checksum) != 64 and checksum == _unpadded(migration.hash):
        checksum = migration.hash
    return Entry(name, migration, checksum)


def _unpadded(digest: str) -> str:
    """As old engines wrote a checksum, each byte without its leading zero (prisma-engines#1887)."""
    return "".join(f"{byte:x}" for byte in bytes.fromhex(digest))


def _failed_text(name: str) -> str:
    return (
        f"{name} was begun and never finished, and Prisma applies nothing more until that is "
        "settled: see what it left in the database, then `prisma migrate resolve --rolled-back "
        f"{name}` to run it again or `--applied {name}` if all of it is there"
    )

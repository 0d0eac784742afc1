"""Knex: files of code and the table `knex_migrations` (id, name, batch, migration_time).

`latest` applies every file whose name, ending included, is not in the table, and stops when the
table names one that is no file; there is no hash (`Migrator.js` and `fs-migrations.js` of knex 3).
"""

from collections.abc import Mapping
from pathlib import Path

from higuera.database.ledger.compare import Entry, by_name, compare
from higuera.database.ledger.files import listing, read, sha256
from higuera.database.ledger.model import NOTHING, Adapter, LedgerState, Migration, Row
from higuera.database.ledger.rows import by_number, text
from higuera.database.ledger.table import Table
from higuera.errors import DatabaseError

# Knex's own `loadExtensions`, without languages of the past, and .mjs, which many add.
ENDINGS = {".js", ".cjs", ".mjs", ".ts", ".coffee"}


class Knex(Adapter):
    """A folder of `<time>_<name>.js` or `.ts`."""

    name = "knex"
    default = Table("public", "knex_migrations")

    def migrations(self, folder: Path) -> list[Migration]:
        """Read every file of code; those with declarations for TypeScript are none."""
        paths = [path for path in listing(folder) if path.suffix in ENDINGS]
        found = [
            Migration(path.name, "", sha256(read(path)), path)
            for path in paths
            if not path.name.endswith(".d.ts")
        ]
        if not found:
            raise DatabaseError(f"{folder} has no <time>_<name>.js or .ts: is this Knex's folder?")
        return found

    def state(
        self,
        migrations: list[Migration],
        rows: list[Row],
        remembered: Mapping[str, str] = NOTHING,
    ) -> LedgerState:
        """Compare by the files' whole names."""
        named = by_name(migrations)
        names = [text(row.get("name")) or "a row without a name" for row in by_number(rows, "id")]
        return compare(
            "Knex", migrations, [Entry(name, named.get(name)) for name in names], remembered
        )

    def leave_out(self) -> list[str]:
        """The table, the one of its lock, and the serials of both."""
        table = self.table
        return [
            table.label("table"),
            table.label("table", "_lock"),
            table.label("sequence", "_id_seq"),
            table.label("sequence", "_lock_index_seq"),
        ]

"""Drizzle: one ledger table, two layouts of the folder.

Up to 0.45 a journal names the files (`drizzle_journal`); from v1 on each is a folder of its own
(`drizzle_v1`). The table is `drizzle.__drizzle_migrations` in both; see
https://orm.drizzle.team/docs/drizzle-kit-migrate and `PgDialect.migrate` in drizzle-orm.
"""

from collections.abc import Mapping
from pathlib import Path

from higuera.database.ledger import drizzle_journal, drizzle_v1
from higuera.database.ledger.files import listing
from higuera.database.ledger.model import NOTHING, Adapter, LedgerState, Migration, Row
from higuera.database.ledger.rows import by_number
from higuera.database.ledger.table import Table
from higuera.errors import DatabaseError


class Drizzle(Adapter):
    """Tells the layouts apart as drizzle-orm v1 does: by the journal."""

    name = "drizzle"
    default = Table("drizzle", "__drizzle_migrations")

    def migrations(self, folder: Path) -> list[Migration]:
        """Read either layout."""
        paths = listing(folder)
        if drizzle_journal.journal_of(folder).exists():
            return drizzle_journal.migrations(folder, paths)
        found = drizzle_v1.migrations(paths)
        if not found:
            raise DatabaseError(
                f"{folder} has neither meta/_journal.json nor <time>_<name>/migration.sql: "
                "is this the `out` folder of drizzle-kit?"
            )
        return found

    def state(
        self,
        migrations: list[Migration],
        rows: list[Row],
        remembered: Mapping[str, str] = NOTHING,
    ) -> LedgerState:
        """Compare; the ledger has hashes, so nothing has to be remembered."""
        ordered = by_number(rows, "id")
        if any(map(drizzle_v1.is_of_layout, migrations)):
            return drizzle_v1.state(migrations, ordered)
        return drizzle_journal.state(migrations, ordered)

    def leave_out(self) -> list[str]:
        """Drizzle's own schema; elsewhere the table alone, with its serial."""
        if self.table.schema == self.default.schema:
            return [f"schema {self.default.schema}"]
        return [self.table.label("table"), self.table.label("sequence", "_id_seq")]

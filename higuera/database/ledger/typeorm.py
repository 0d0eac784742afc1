"""TypeORM: classes in files and the table `migrations` (id, timestamp, name).

`name` is that of the class (or its property `name`), whose last 13 digits are the time; every class
that the table does not name is applied, in order of time; there is no hash
(`MigrationExecutor` of TypeORM; https://typeorm.io/docs/migrations/why).
"""

import re
from collections.abc import Mapping
from pathlib import Path

from higuera.database.ledger.compare import Entry, by_name, compare
from higuera.database.ledger.files import listing, read, sha256
from higuera.database.ledger.model import NOTHING, Adapter, LedgerState, Migration, Row
from higuera.database.ledger.rows import by_number, text
from higuera.database.ledger.table import Table
from higuera.errors import DatabaseError

ENDINGS = {".ts", ".js", ".mts", ".mjs", ".cts", ".cjs"}
TIMED = re.compile(r"[0-9]{13}-")
CLASS = re.compile(r"^[^/*\n]*?\bclass\s+([A-Za-z_$][\w$]*?[0-9]{13})\b", re.MULTILINE)
PROPERTY = re.compile(r"""^[^/*\n]*?\bname\s*=\s*['"`]([\w$]+?[0-9]{13})['"`]""", re.MULTILINE)


class TypeOrm(Adapter):
    """A folder of `<time>-<Name>.ts`, or of what that is compiled into."""

    name = "typeorm"
    default = Table("public", "migrations")

    def migrations(self, folder: Path) -> list[Migration]:
        """Read the classes out of the files; two of one name are an error, as in TypeORM."""
        paths = [path for path in listing(folder) if path.suffix in ENDINGS]
        found = [
            migration
            for path in paths
            if not path.name.endswith((".d.ts", ".d.mts", ".d.cts"))
            for migration in _migrations(path)
        ]
        if not found:
            raise DatabaseError(
                f"{folder} has no <time>-<Name>.ts or .js: is this TypeORM's folder?"
            )
        named: dict[str, Migration] = {}
        for migration in found:
            if (other := named.setdefault(migration.name, migration)) is not migration:
                raise DatabaseError(f"{migration.path}: {migration.name} is also in {other.path}")
        return sorted(found, key=lambda one: one.order or 0)

    def state(
        self,
        migrations: list[Migration],
        rows: list[Row],
        remembered: Mapping[str, str] = NOTHING,
    ) -> LedgerState:
        """Compare by the names of the classes."""
        named = by_name(migrations)
        names = [text(row.get("name")) or "a row without a name" for row in by_number(rows, "id")]
        entries = [Entry(name, named.get(name)) for name in names]
        return compare("TypeORM", migrations, entries, remembered)

    def leave_out(self) -> list[str]:
        """The table with its serial, and the one that TypeORM keeps views' texts in."""
        return [
            self.table.label("table"),
            self.table.label("sequence", "_id_seq"),
            f"table {self.table.schema}.typeorm_metadata",
        ]


def _migrations(path: Path) -> list[Migration]:
    """The migrations of a file; a property `name` stands for its class."""
    content = read(path)
    code = content.decode(errors="replace")
    names = PROPERTY.findall(code) or CLASS.findall(code)
    if not names and TIMED.match(path.name):
        raise DatabaseError(f"{path} has no class whose name ends in a time of 13 digits")
    digest = sha256(content)
    return [Migration(name, "", digest, path, int(name[-13:])) for name in names]

"""Ecto: `<version>_<name>.exs` and the table `schema_migrations` (version, inserted_at).

Every version that the table does not name is applied, whatever its number; there is no hash
(`Ecto.Migrator`, `pending_in_direction` and `extract_migration_info` in ecto_sql).
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

from higuera.database.ledger.compare import Entry, compare
from higuera.database.ledger.files import listing, read, sha256
from higuera.database.ledger.model import NOTHING, Adapter, LedgerState, Migration, Problem, Row
from higuera.database.ledger.rows import by_text, number, text
from higuera.database.ledger.table import Table
from higuera.errors import DatabaseError

NAMED = re.compile(r"([0-9]+)_(.*)\.exs?")


class Ecto(Adapter):
    """Phoenix's `priv/repo/migrations`."""

    name = "ecto"
    default = Table("public", "schema_migrations")

    def migrations(self, folder: Path) -> list[Migration]:
        """Read the folder and those below it; two files of one version are an error, as in Ecto."""
        found = sorted(map(_migration, _files(folder)), key=lambda one: (one.order, one.name))
        if not found:
            raise DatabaseError(f"{folder} has no <version>_<name>.exs: is this Ecto's folder?")
        for one, other in pairwise(found):
            if one.order == other.order:
                raise DatabaseError(f"{other.path} has the version of {one.path}: rename one")
        return found

    def state(
        self,
        migrations: list[Migration],
        rows: list[Row],
        remembered: Mapping[str, str] = NOTHING,
    ) -> LedgerState:
        """Compare; `inserted_at` has whole seconds, so equal ones go by version."""
        named = {one.order: one for one in migrations}
        ordered = by_text(rows, "inserted_at", lambda row: number(row.get("version")) or 0)
        found = compare("Ecto", migrations, [_entry(row, named) for row in ordered], remembered)
        ignored = [one for one in found.pending if one.path.suffix == ".ex"]
        pending = [one for one in found.pending if one not in ignored]
        problems = [Problem("skipped", one.name, _ignored_text(one)) for one in ignored]
        return LedgerState(found.applied, pending, problems + found.problems)


def _files(folder: Path) -> list[Path]:
    """Every `*.ex` and `*.exs` of the folder and below; Ecto passes over names of another form."""
    found: list[Path] = []
    for path in listing(folder):
        if path.is_dir() and not path.is_symlink():
            found += _files(path)
        elif NAMED.fullmatch(path.name):
            found.append(path)
    return found


def _migration(path: Path) -> Migration:
    version = path.name.partition("_")[0]
    return Migration(path.stem, "", sha256(read(path)), path, int(version))


def _entry(row: Row, named: dict[int | None, Migration]) -> Entry:
    version = number(row.get("version"))
    migration = None if version is None else named.get(version)
    name = migration.name if migration else f"version {text(row.get('version')) or 'unknown'}"
    return Entry(name, migration)


def _ignored_text(migration: Migration) -> str:
    return (
        f"{migration.name} is not in the database and never will be: Ecto runs only files that "
        "end in .exs and warns of this one at most; rename it"
    )

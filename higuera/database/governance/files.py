"""The files of a folder of migrations, in their order."""

import os
from pathlib import Path

from higuera.errors import DatabaseError

CODE = (".exs", ".ts", ".js", ".mts", ".mjs", ".cts", ".cjs")
# Generated, or taken back with: neither is applied.
LEFT_OUT = (".down.sql", ".d.ts", ".d.mts", ".d.cts")
FOLDERS_LEFT_OUT = ("meta", "node_modules")
# drizzle-kit puts a schema.ts and a relations.ts beside the SQL; with this file there is only SQL.
DRIZZLE_JOURNAL = "meta/_journal.json"


def files_of(folder: Path) -> list[Path]:
    """The migrations below a folder: `NAME.sql`, `NAME/migration.sql`, Ecto's and Knex' code.

    Raises DatabaseError where a part of it cannot be read, or no migration is in it.
    """
    endings = (".sql",) if (folder / DRIZZLE_JOURNAL).exists() else (".sql", *CODE)
    try:
        found = [path for path in _below(folder) if _is_migration(path, endings)]
    except OSError as error:
        raise DatabaseError(
            f"{error.filename or folder}: cannot be read: {error.strerror}"
        ) from None
    if not found:
        raise DatabaseError(f"{folder}: no migration is in it ({', '.join(endings)})")
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _below(folder: Path) -> list[Path]:
    def stop(error: OSError) -> None:
        raise error  # a folder that cannot be listed is not an empty one

    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=stop):
        folders[:] = [name for name in folders if _is_plain(name) and name not in FOLDERS_LEFT_OUT]
        found += [Path(place) / name for name in names if _is_plain(name)]
    return found


def _is_migration(path: Path, endings: tuple[str, ...]) -> bool:
    name = path.name.lower()
    return name.endswith(endings) and not name.endswith(LEFT_OUT) and name != "down.sql"


def _is_plain(name: str) -> bool:
    return not name.startswith(".")  # such as Ecto's .formatter.exs

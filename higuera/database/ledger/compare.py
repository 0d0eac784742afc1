"""Rows matched to files: what is pending, and what a tool keeps to itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from higuera.database.ledger.files import contents, sha256
from higuera.database.ledger.model import LedgerState, Migration, Problem


@dataclass(frozen=True)
class Entry:
    """A row that says `applied`, and the file that it means."""

    name: str
    migration: Migration | None = None
    """None: no file of the release is meant."""
    hash: str = ""


def compare(
    tool: str, migrations: list[Migration], entries: list[Entry], remembered: Mapping[str, str]
) -> LedgerState:
    """The state for a tool that applies every file that its ledger does not name.

    Entries are in order of application, migrations in the order of their files.
    """
    had = {id(entry.migration) for entry in entries}
    pending = [migration for migration in migrations if id(migration) not in had]
    problems = [
        *edited(tool, entries, remembered),
        *reordered(tool, migrations, entries),
        *missing(tool, entries),
    ]
    return LedgerState([entry.name for entry in entries], pending, problems)


def by_name(migrations: list[Migration]) -> dict[str, Migration]:
    """Files by their names."""
    return {migration.name: migration for migration in migrations}


def edited(tool: str, entries: list[Entry], remembered: Mapping[str, str]) -> list[Problem]:
    """Files that are not what was applied, by the ledger's hash or else by the last release's."""
    return [
        Problem("edited", entry.migration.name, edited_text(tool, entry.migration.name))
        for entry in entries
        if entry.migration is not None and not _is_unchanged(entry, entry.migration, remembered)
    ]


def edited_text(tool: str, name: str) -> str:
    """What to say of a file that was changed too late."""
    return (
        f"{name} was changed after it was applied, and {tool} never runs an applied file again, "
        "so the change is not in the database: restore the file and put the change into a new "
        "migration"
    )


def _is_unchanged(entry: Entry, migration: Migration, remembered: Mapping[str, str]) -> bool:
    """Another end of line is no edit: git changes them on checkout, and SQL means the same."""
    now, then = migration.hash, entry.hash
    if not then:
        now, then = migration.sha256, remembered.get(migration.name, "")
    if not then or now == then:
        return True
    return any(sha256(content) == then for content in contents(migration.path))


def reordered(tool: str, migrations: list[Migration], entries: Iterable[Entry]) -> list[Problem]:
    """Files that were applied after one which comes behind them in the folder."""
    place = {id(migration): number for number, migration in enumerate(migrations)}
    last: Migration | None = None
    problems = []
    for entry in entries:
        migration = entry.migration
        if migration is None or id(migration) not in place:
            continue
        if last is not None and place[id(migration)] < place[id(last)]:
            text = _reordered_text(tool, migration.name, last.name)
            problems.append(Problem("reordered", migration.name, text))
        else:
            last = migration
    return problems


def _reordered_text(tool: str, name: str, before: str) -> str:
    return (
        f"{name} was applied after {before}, though it comes before it in the folder; {tool} does "
        "not mind, but an empty database gets them the other way round: compare the schemas, and "
        "name new migrations later than all others"
    )


def missing(tool: str, entries: Iterable[Entry]) -> list[Problem]:
    """What the ledger names and no file of the release is."""
    return [
        Problem("missing", entry.name, missing_text(tool, entry.name))
        for entry in entries
        if entry.migration is None
    ]


def missing_text(tool: str, name: str) -> str:
    """What to say of a migration that the database had and the release has not."""
    return (
        f"{name} was applied to this database and is no file of this release, which {tool} lets "
        "pass or finds too late: deploy a tree that has it; if migrations were squashed or "
        "withdrawn on purpose, delete its row from the ledger"
    )

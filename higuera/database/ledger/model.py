"""What every ledger is read into, and what an adapter of a migration tool has to know."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple

from higuera.database.ledger.table import Table, script

Kind = Literal["skipped", "edited", "reordered", "missing", "failed"]
Row = dict[str, Any]
NOTHING: Mapping[str, str] = MappingProxyType({})


class Migration(NamedTuple):
    """A migration as a file of the release."""

    name: str
    hash: str
    """What this tool's ledger would hold; empty where it holds none."""
    sha256: str
    """Of the file's bytes: Higuera's own memory for ledgers without hashes."""
    path: Path
    order: int | None = None
    """The number that the tool orders by where it is not the name's (Drizzle's `when`, in ms)."""


@dataclass(frozen=True)
class Problem:
    """One migration that is not as the runner's exit code says."""

    kind: Kind
    migration: str
    text: str
    """A sentence: what it is, why the tool did not say so, what to do."""


@dataclass(frozen=True)
class LedgerState:
    """What a database has had, beside what the release brings."""

    applied: list[str]
    """Names in order of application; also those that have no file any more."""
    pending: list[Migration]
    """Files that the tool will apply, in its order."""
    problems: list[Problem] = field(default_factory=list)


class Adapter(ABC):
    """One migration tool: its folder, its table, and what it does not tell."""

    name: ClassVar[str]
    default: ClassVar[Table]
    """Where the tool keeps its ledger unless it is told otherwise."""

    def __init__(self, table: str | None = None) -> None:
        self.table = Table.parse(table, self.default) if table is not None else self.default

    @abstractmethod
    def migrations(self, folder: Path) -> list[Migration]:
        """Read the files, in the order that the tool applies them to an empty database.

        Raises DatabaseError, the file named, when the folder is not of this tool's layout.
        """

    @abstractmethod
    def state(
        self,
        migrations: list[Migration],
        rows: list[Row],
        remembered: Mapping[str, str] = NOTHING,
    ) -> LedgerState:
        """Compare the files with the rows that `script` printed.

        `remembered` is the sha256 of each migration by its name, as the last release recorded
        it: it tells an edited file where the ledger has no hash.
        """

    def script(self) -> str:
        """Text for `psql -XAtq -v ON_ERROR_STOP=1 -f -` that prints the rows as a line of JSON."""
        return script(self.table)

    def leave_out(self) -> list[str]:
        """The ledger's own objects, for the comparison of schemas to pass over."""
        return [self.table.label("table")]

"""The data catalog: every table and column with owner, purpose and status. Pure."""

from dataclasses import dataclass
from datetime import date

from higuera.database.governance.data_words import DataFile, Status, Words, parse_comment
from higuera.database.governance.dictionary import Row

Key = tuple[str, str, str | None]


@dataclass(frozen=True)
class Item:
    """A table or a column, and what is known of it."""

    row: Row
    owner: str
    purpose: str
    status: Status

    @property
    def name(self) -> str:
        """`public.forms`, `public.forms.slug`."""
        return _name(self.row)

    @property
    def missing(self) -> list[str]:
        """What nobody says of it."""
        said = (("owner", self.owner), ("purpose", self.purpose))
        return [word for word, value in said if not value]


@dataclass(frozen=True)
class Coverage:
    """How many of them have an owner and a purpose."""

    covered: int
    total: int

    @property
    def percent(self) -> float:
        """Cut off after one digit, so that 100.0 means all of them."""
        return self.covered * 1000 // self.total / 10 if self.total else 100.0

    def is_under(self, minimum: float) -> bool:
        """Whether it is less than asked for; not decided on the shortened number."""
        return self.covered * 100 < minimum * self.total


@dataclass(frozen=True)
class DataCatalog:
    """All of them, each table before its columns, and what is wrong with what is said."""

    items: list[Item]
    stale: list[str]
    """A sentence each."""

    def coverage(self) -> Coverage:
        """Of tables and columns."""
        return Coverage(sum(not item.missing for item in self.items), len(self.items))

    def tables(self) -> list[tuple[Item, list[Item]]]:
        """Each table with its columns."""
        found: list[tuple[Item, list[Item]]] = []
        for item in self.items:
            if item.row.column is None:
                found.append((item, []))
            else:
                found[-1][1].append(item)
        return found

    def uncovered(self) -> list[Item]:
        """What nobody answers for, or nobody explains."""
        return [item for item in self.items if item.missing]

    def status(self, minimum: float | None) -> int:
        """The exit status: 2 when something is stale or the coverage is under the minimum."""
        under = minimum is not None and self.coverage().is_under(minimum)
        return 2 if self.stale or under else 0


def build(rows: list[Row], file: DataFile, file_name: str, today: date) -> DataCatalog:
    """Lay the YAML over the comments. `file_name` is how the file is called in sentences."""
    written = {key: entry.words() for key, _, entry in file.entries()}
    stale: list[str] = []
    items: list[Item] = []
    tables: dict[Key, Words] = {}
    for row in rows:  # a table comes before its columns
        own = written.get(_key(row), Words()).over(_comment(row, stale))
        if row.column is None:
            tables[_key(row)] = own
        above = tables.get((row.schema, row.table, None), Words())
        status = own.status or above.status or Status()
        item = Item(row, own.owner or above.owner, own.purpose, status)
        items.append(item)
        if own.status and own.status.has_passed(today):
            stale.append(f"{item.name}: {own.status}, and is still there")
    return DataCatalog(items, [*stale, *_gone(rows, file, file_name)])


def _gone(rows: list[Row], file: DataFile, file_name: str) -> list[str]:
    there = {_key(row) for row in rows}
    found = [(key, path) for key, path, _ in file.entries() if key not in there]
    gone = {key for key, _ in found}
    return [  # of a table that is gone as a whole, the columns go without saying
        f"{file_name}: {path}: there is no such {'column' if key[2] else 'table'}"
        for key, path in found
        if key[2] is None or (*key[:2], None) not in gone
    ]


def _comment(row: Row, stale: list[str]) -> Words:
    try:
        return parse_comment(row.comment or "")
    except ValueError as error:
        stale.append(f"{_name(row)}: the status in its comment {error}")
        return parse_comment(_without_status(row.comment or ""))


def _without_status(comment: str) -> str:
    parts = comment.split(";")
    return ";".join(part for part in parts if not part.strip().lower().startswith("status"))


def _name(row: Row) -> str:
    return ".".join(part for part in _key(row) if part is not None)


def _key(row: Row) -> Key:
    return (row.schema, row.table, row.column)

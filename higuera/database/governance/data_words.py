"""What people say of a table or a column: in a YAML file, or in a comment in the database."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, field_validator

from higuera.errors import SpecError
from higuera.spec.explain import explain
from higuera.spec.load import STACK_FILE, Deployment
from higuera.spec.model import Model
from higuera.spec.yaml import read_yaml, shown

STATUS = re.compile(
    r"(active)|(deprecated)(?: until (?P<until>\S+))?|(?:scheduled for )?removal on (?P<on>\S+)"
)
FORMS = "active, deprecated, deprecated until DATE or scheduled for removal on DATE"
KEY = re.compile(r"(purpose|owner|status)\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
TABLE = re.compile(r"[^.]+(\.[^.]+)?")


@dataclass(frozen=True)
class Status:
    """Whether it may be relied on, and until when."""

    word: str = "active"
    until: date | None = None

    def __str__(self) -> str:
        if self.until is None:
            return self.word
        joint = "until" if self.word == "deprecated" else "on"
        return f"{self.word} {joint} {self.until}"

    def has_passed(self, today: date) -> bool:
        """Whether its day is over; what is said to be gone by then should be."""
        return self.until is not None and self.until < today


@dataclass(frozen=True)
class Words:
    """What one place says; empty or None where it says nothing."""

    owner: str = ""
    purpose: str = ""
    status: Status | None = None

    def over(self, other: "Words") -> "Words":
        """This, and where it says nothing the other."""
        return Words(
            self.owner or other.owner, self.purpose or other.purpose, self.status or other.status
        )


def parse_status(text: str) -> Status:
    """Read a status. Raises ValueError with the forms there are."""
    match = STATUS.fullmatch(" ".join(text.lower().split()))
    if match is None:
        raise ValueError(f'should be {FORMS}, got "{text}"')
    day = match["until"] or match["on"]
    word = "active" if match[1] else "deprecated" if match[2] else "scheduled for removal"
    return Status(word, _day(day) if day else None)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text}: should be a day such as 2027-01-31") from None


def parse_comment(comment: str) -> Words:
    """`purpose; owner: team; status: deprecated until DATE`. Raises ValueError for the status."""
    purpose: list[str] = []
    found: dict[str, str] = {}
    for part in (piece.strip() for piece in comment.split(";")):
        match = KEY.fullmatch(part)
        if match and match[1].lower() != "purpose":
            found.setdefault(match[1].lower(), match[2].strip())
        elif part:
            purpose.append(match[2].strip() if match else part)
    status = parse_status(found["status"]) if found.get("status") else None
    return Words(found.get("owner", ""), "; ".join(purpose), status)


def _is_status(text: str) -> str:
    parse_status(text)
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Entry(Model):
    """A column; a text alone is its purpose."""

    owner: Text | None = None
    purpose: Text | None = None
    status: Annotated[str, AfterValidator(_is_status)] | None = None

    def words(self) -> Words:
        """As the comments say it."""
        status = parse_status(self.status) if self.status else None
        return Words(self.owner or "", self.purpose or "", status)


class TableEntry(Entry):
    """A table. Its columns have its owner, unless they name their own."""

    columns: dict[str, Entry] = Field(default_factory=dict)

    @field_validator("columns", mode="before")
    @classmethod
    def _purpose_alone(cls, columns: Any) -> Any:
        if not isinstance(columns, dict):
            return columns
        return {
            name: {"purpose": given} if isinstance(given, str) else given
            for name, given in columns.items()
        }


class DataFile(Model):
    """The YAML file: tables by name, `schema.table` outside of `public`."""

    tables: dict[str, TableEntry]

    @field_validator("tables")
    @classmethod
    def _named_once(cls, tables: dict[str, TableEntry]) -> dict[str, TableEntry]:
        for name in tables:
            if not TABLE.fullmatch(name):
                raise ValueError(f"{name}: should be a table's name, or schema.table")
            if name.startswith("public.") and name.removeprefix("public.") in tables:
                raise ValueError(f"{name}: is {name.removeprefix('public.')}, which is here too")
        return tables

    def entries(self) -> Iterator[tuple[tuple[str, str, str | None], str, Entry]]:
        """Schema, table and column, the key path, and what is said."""
        for name, table in self.tables.items():
            schema, _, short = name.rpartition(".")
            yield (schema or "public", short, None), f"tables.{name}", table
            for column, entry in table.columns.items():
                key = f"tables.{name}.columns.{column}"
                yield (schema or "public", short, column), key, entry


def data_file_of(deployment: Deployment) -> tuple[DataFile, str]:
    """The file that the stack names, and how it is called in sentences; else an empty one."""
    database = deployment.stack.database
    if database is None:
        file = shown(deployment.inventory / STACK_FILE)
        raise SpecError(f"{file}: database: is required: there is no target to ask")
    if database.catalog is None:
        return DataFile(tables={}), ""
    path = deployment.source / database.catalog
    return read_data_file(path), shown(path)


def read_data_file(path: Path) -> DataFile:
    """Read the YAML file. Raises SpecError with file and key."""
    try:
        return DataFile.model_validate(read_yaml(path))
    except ValidationError as error:
        raise SpecError(explain(error, DataFile, lambda _: shown(path))) from None

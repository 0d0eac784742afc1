"""Who answers for a migration, what for, and the way back: its header, or a YAML file beside it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from higuera.errors import SpecError
from higuera.spec.explain import explain
from higuera.spec.model import Model
from higuera.spec.yaml import read_yaml, shown

FIELDS = {"owner": "owner", "purpose": "purpose", "way_back": "way back"}
LINE = re.compile(r"(owner|purpose|way[ _-]back)\s*:\s*(.*)", re.IGNORECASE)
MARKS = {".sql": "--", ".exs": "#"}
CODE_MARK = "//"
USE_STRICT = re.compile(r"""(['"])use strict\1;?""")
# What people write to get past a check.
PLACEHOLDERS = ("", "-", "?", "…", "...", "todo", "tbd", "fixme", "xxx", "n/a", "na")
NO_WAY = ("none", "no", "nothing", "not possible", "impossible", "irreversible")


@dataclass(frozen=True)
class Papers:
    """What a migration has to carry; empty where it does not."""

    owner: str = ""
    purpose: str = ""
    way_back: str = ""

    def missing(self) -> list[str]:
        """The fields that say nothing, in words."""
        return [word for field, word in FIELDS.items() if _is_empty(getattr(self, field))]

    @property
    def has_way_back(self) -> bool:
        """Whether a way back is stated that is one: `none` is a statement, and no way."""
        return _plain(self.way_back) not in (*PLACEHOLDERS, *NO_WAY)


class Sidecar(Model):
    """`NAME.yml` beside a migration."""

    owner: str = ""
    purpose: str = ""
    way_back: str = ""


def read_papers(path: Path, text: str) -> Papers:
    """From the header of the file, what is missing there from its sidecar. Raises SpecError."""
    header = read_header(text, path.suffix.lower())
    beside = _read_sidecar(path.with_suffix(".yml"))
    found = {field: getattr(header, field) or getattr(beside, field) for field in FIELDS}
    return Papers(**found)


def read_header(text: str, suffix: str) -> Papers:
    """From the comments above the first line that is none. The first of two equal keys counts."""
    found: dict[str, str] = {}
    for line in _head(text, MARKS.get(suffix, CODE_MARK)):
        if match := LINE.fullmatch(line):
            key = match[1].lower().replace(" ", "_").replace("-", "_")
            found.setdefault(key, match[2].strip())
    return Papers(**found)


def mark_of(path: Path) -> str:
    """How a line of comment starts in such a file."""
    return MARKS.get(path.suffix.lower(), CODE_MARK)


def _head(text: str, mark: str) -> Iterator[str]:
    block = False
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines()):
        line = raw.strip()
        if block or (mark != "#" and line.startswith("/*")):
            block = "*/" not in line
            yield line.removeprefix("/*").partition("*/")[0].lstrip("*").strip()
        elif line.startswith(mark):
            yield line.removeprefix(mark).strip()
        elif line and not USE_STRICT.fullmatch(line) and not (number == 0 and line[:2] == "#!"):
            return


def _read_sidecar(path: Path) -> Papers:
    if not path.exists() and not path.is_symlink():
        return Papers()
    try:
        sidecar = Sidecar.model_validate(read_yaml(path))
    except ValidationError as error:
        raise SpecError(explain(error, Sidecar, lambda _: shown(path))) from None
    return Papers(sidecar.owner.strip(), sidecar.purpose.strip(), sidecar.way_back.strip())


def _is_empty(value: str) -> bool:
    plain = _plain(value)
    return plain in PLACEHOLDERS or (plain[:1] == "<" and plain[-1:] == ">")


def _plain(value: str) -> str:
    return value.strip().lower().rstrip(".!")

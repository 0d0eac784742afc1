"""The mutations of database_mutations.sql as values."""

import re
from pathlib import Path
from typing import NamedTuple

TEXT = (Path(__file__).parent / "database_mutations.sql").read_text()


class Mutation(NamedTuple):
    """SQL that changes the target, and the differences that come of it: no more, no fewer."""

    name: str
    sql: str
    expected: dict[str, str]
    mends: bool
    """Whether there is SQL that ends them all."""


def mutations() -> list[Mutation]:
    """From `-- name`, `--   change object`, perhaps `--   no mend`, and the statements."""
    return [_mutation(block) for block in re.split(r"\n\n(?=-- )", TEXT.strip())[1:]]


def _mutation(block: str) -> Mutation:
    head, *lines = block.split("\n")
    said = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    sql = "\n".join(line for line in lines if not line.startswith("--"))
    pairs = (line.split(" ", 1) for line in said if line != "no mend")
    expected = {key: change for change, key in pairs}
    return Mutation(head.removeprefix("-- "), sql, expected, "no mend" not in said)

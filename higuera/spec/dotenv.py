"""Reading `.env` text with python-dotenv, where each mistake has a line and each value its own."""

import io
from typing import NamedTuple

from dotenv.parser import parse_stream

from higuera.errors import SecretError


class Entry(NamedTuple):
    """One variable: its value as it stands there, and where that is."""

    value: str
    line: int
    """The first line is 1."""


def parse_dotenv(text: str, file: str, strict: bool = True) -> dict[str, Entry]:
    """The variables of a text, taken literally: nothing is put in for `$NAME`.

    Raises SecretError with file and line for what is no `NAME=value`, unless told to pass it over.
    """
    found: dict[str, Entry] = {}
    for binding in parse_stream(io.StringIO(text, newline=None)):
        written = binding.original.string
        blank = written[: len(written) - len(written.lstrip())]
        line = binding.original.line + blank.count("\n")
        if binding.error and strict:
            raise SecretError(f"{file}:{line}: should be NAME=value, or NAME='value' with its end")
        if binding.key is not None:
            found[binding.key] = Entry(binding.value or "", line)
    return found

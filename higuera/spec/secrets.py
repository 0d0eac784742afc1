"""Secrets by name: from the process environment, then a git-ignored `.env.<environment>`.

Values live in `Secrets` only, which prints as names. Nothing here puts a value into a text.
"""

import os
import secrets as random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from dotenv import dotenv_values

from higuera.errors import SecretError
from higuera.spec.stack import Stack


@dataclass(frozen=True)
class Secrets:
    """The declared secrets of a stack. Its text form shows names, never values."""

    _values: dict[str, str] = field(repr=False)

    def __str__(self) -> str:
        return f"Secrets({', '.join(self._values)})"

    __repr__ = __str__

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def reveal(self, name: str) -> str:
        """The value of one declared secret. Raises SecretError when it was not declared."""
        try:
            return self._values[name]
        except KeyError:
            raise SecretError(f"{name}: no service or job declares this secret") from None


def load_secrets(
    names: list[str], environ: dict[str, str], file: Path, generate: Stack | None
) -> Secrets:
    """Find every declared secret, the process environment first, the file second.

    With `generate` the missing ones are made up and kept in the file.
    Raises SecretError that names each one that is missing or empty.
    """
    kept = _read_file(file)
    values = {name: environ.get(name, kept.get(name)) for name in names}
    missing = [name for name, value in values.items() if value is None]
    if generate is not None and missing:
        made = {name: _make_up(name, generate) for name in missing}
        _append(file, made)
        values.update(made)
        missing = []
    empty = [name for name, value in values.items() if value == ""]
    problems = [f"{name}: is set nowhere" for name in missing]
    problems += [f"{name}: is empty" for name in empty]
    problems += [
        f"{name}: holds a NUL or bytes that are not UTF-8, which no environment takes"
        for name, value in values.items()
        if value is not None and any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value)
    ]
    if problems:
        where = f"set it in the process environment or in {file.name} beside the inventory folder"
        raise SecretError("\n".join(f"secret {problem}; {where}" for problem in problems))
    return Secrets({name: value for name, value in values.items() if value is not None})


def _read_file(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    try:
        found = dotenv_values(file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"{file.name}: cannot be read: {type(error).__name__}") from None
    return {name: value or "" for name, value in found.items()}


def _make_up(name: str, stack: Stack) -> str:
    database = stack.database
    if database is not None and name == database.url:
        role = quote(stack.app)
        return f"postgresql://{role}:{random.token_urlsafe(24)}@127.0.0.1:5432/{role}"
    if name.endswith("EMAIL"):
        return f"smoke@{stack.app}.test"
    return random.token_urlsafe(32)


def _append(file: Path, made: dict[str, str]) -> None:
    lines = [f"{name}='{value}'\n" for name, value in made.items()]
    if file.exists() and file.read_bytes()[-1:] not in (b"", b"\n"):
        lines.insert(0, "\n")
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as handle:
        handle.writelines(lines)

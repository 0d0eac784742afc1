"""The declared secrets of a stack: each is there and fit for a service, or every fault is named.

Values live in `Secrets` only, which prints as names. Nothing here puts a value into a text.
"""

import os
import secrets as random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from higuera.errors import SecretError
from higuera.spec.lookup import Finding, Sources, look_up
from higuera.spec.stack import Stack


@dataclass(frozen=True)
class Secrets:
    """The declared secrets of a stack. Its text form shows names, never values."""

    _values: dict[str, str] = field(repr=False)
    unused: dict[str, str] = field(default_factory=dict)
    """What is there and nobody declares: its name, and where it is."""

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


def load_secrets(names: list[str], sources: Sources, generate: Stack | None) -> Secrets:
    """Find every declared secret.

    With `generate` the missing ones are made up and kept in `.env.<environment>`.
    Raises SecretError that names each one that is missing or empty, or whose command failed.
    """
    found = look_up(names, sources)
    missing = missing_of(names, found)
    if generate is not None and missing:
        known = generate.secret_names()  # the key of a certificate cannot be made up
        made = {name: _make_up(name, generate) for name in missing if name in known}
        _append(sources.file, made)
        found.values.update(made)
    problems = problems_of(names, found, sources)
    if problems:
        raise SecretError("\n".join(problems))
    return Secrets({name: found.values[name] for name in names}, found.unused)


def missing_of(names: list[str], found: Finding) -> list[str]:
    """What is in no source."""
    return [name for name in names if name not in found.values and name not in found.failed]


def problems_of(names: list[str], found: Finding, sources: Sources) -> list[str]:
    """A sentence for each declared secret that a service cannot be given."""
    values = found.values
    where = (
        f"set it in the process environment or in {sources.file.name} beside the inventory folder"
    )
    problems = [f"{name}: is set nowhere" for name in missing_of(names, found)]
    problems += [f"{name}: is empty" for name in names if values.get(name) == ""]
    problems += [
        f"{name}: holds a NUL, bytes that are not UTF-8 or a Unicode noncharacter, "
        "which systemd gives no service"
        for name in names
        if not all(map(_is_carried, values.get(name, "")))
    ]
    failed = [f"secret {name}: {why}" for name, why in found.failed.items()]
    return [f"secret {problem}; {where}" for problem in problems] + failed


def _is_carried(char: str) -> bool:
    """Whether a service can be given it: systemd refuses a whole file for one of the others.

    NUL ends a variable; the rest is `unichar_is_valid` of systemd's utf8.c.
    """
    code = ord(char)
    is_other = 0xD800 <= code <= 0xDFFF or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE
    return code != 0 and not is_other


def _make_up(name: str, stack: Stack) -> str:
    database = stack.database
    if database is not None and name == database.url:
        role = quote(stack.app)
        return f"postgresql://{role}:{random.token_urlsafe(24)}@127.0.0.1:5432/{role}"
    if (tiers := stack.nginx.tiers) and name == tiers.keys:
        return " ".join(f"{random.token_hex(16)}={tier}" for tier in tiers.rates)
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

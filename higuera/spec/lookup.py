"""Where each declared secret is found: in one source after the other, the first one counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from higuera.errors import SecretError
from higuera.spec.dotenv import Entry, parse_dotenv
from higuera.spec.encrypted import decrypt
from higuera.spec.vault import ask_all, program_of

PROCESS = "process environment"


@dataclass(frozen=True)
class Sources:
    """What secrets are looked up in, in this order."""

    environ: dict[str, str] = field(repr=False)
    file: Path
    """`.env.<environment>`, which may not be there."""
    encrypted: Path | None = None
    """Read only when something is in neither of the two above."""
    commands: Mapping[str, str] = field(default_factory=dict)
    """By the name of the secret; run only for what is nowhere else."""


@dataclass(frozen=True)
class Finding:
    """What was found of the declared secrets."""

    values: dict[str, str] = field(default_factory=dict, repr=False)
    origins: dict[str, str] = field(default_factory=dict)
    """Where each is: `process environment`, `.env.production:3`, `command op`."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why a command gave no value."""
    unused: dict[str, str] = field(default_factory=dict)
    """What is there and nobody declares, and where."""


def look_up(names: list[str], sources: Sources, run_commands: bool = True) -> Finding:
    """Find every declared secret; what is missing or empty is the caller's to judge.

    Raises SecretError when a file cannot be read or decrypted.
    """
    found = Finding()
    layers = [{name: (value, PROCESS) for name, value in sources.environ.items()}]
    kept = _read(sources.file)
    layers.append({name: (entry.value, _at(sources.file, entry)) for name, entry in kept.items()})
    if sources.encrypted is not None and _left(names, layers):
        inside, where = decrypt(sources.encrypted, sources.environ), sources.encrypted.name
        layers.append({name: (value, where) for name, value in inside.items()})
    for name in names:
        for layer in layers:
            if name in layer:
                found.values[name], found.origins[name] = layer[name]
                break
    for layer in layers[1:]:
        found.unused.update({name: layer[name][1] for name in layer if name not in names})
    commands = {name: _command(text) for name, text in sources.commands.items()}
    found.unused.update({name: commands[name] for name in commands if name not in names})
    asked = [name for name in _left(names, layers) if name in commands]
    found.origins.update({name: commands[name] for name in asked})
    if run_commands:
        _ask({name: sources.commands[name] for name in asked}, sources.environ, found)
    return found


def _left(names: list[str], layers: list[dict[str, tuple[str, str]]]) -> list[str]:
    return [name for name in names if not any(name in layer for layer in layers)]


def _ask(commands: dict[str, str], environ: dict[str, str], found: Finding) -> None:
    answers, failed = ask_all(commands, environ)
    found.values.update(answers)
    known = [value for value in found.values.values() if value]
    for name, reason in failed.items():
        shows = any(value in reason for value in known)
        found.failed[name] = reason.partition(":")[0] if shows else reason


def _command(text: str) -> str:
    return f"command {program_of(text)}"


def _at(file: Path, entry: Entry) -> str:
    return f"{file.name}:{entry.line}"


def _read(file: Path) -> dict[str, Entry]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"{file.name}: cannot be read: {type(error).__name__}") from None
    return parse_dotenv(text, file.name)

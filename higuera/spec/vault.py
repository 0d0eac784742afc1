"""Programs that keep secrets: sops and age for a file in the repository, any other by a command.

What they answer stays in this process's memory; it is in no argument list and in no file.
"""

import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from higuera.errors import SecretError
from higuera.spec.dotenv import parse_dotenv

# Endings of `secrets.<environment>`, and whose they are.
SOPS, AGE = (".yaml", ".json", ".env"), ".age"
# Each program's mark in a file that it encrypted (sops keeps its metadata beside the values).
SOPS_MARK = re.compile(r'^(sops:|sops_[a-z_]+=|\s*"sops"\s*:)', re.MULTILINE)
PASSPHRASE = 120.0  # seconds; somebody may have to type one
ANSWER = 30.0  # seconds; a command asks nobody


def encrypted_file(project: Path, environment: str) -> Path | None:
    """`secrets.<environment>.age`, `.yaml`, `.json` or `.env` beside the inventory folder.

    Raises SecretError where there are two: which one counts would be a guess.
    """
    places = [project / f"secrets.{environment}{ending}" for ending in (AGE, *SOPS)]
    found = [place for place in places if place.exists()]
    if len(found) > 1:
        names = " and ".join(place.name for place in found)
        raise SecretError(f"{names} are both there; keep one of them")
    return found[0] if found else None


def decrypt(file: Path, environ: dict[str, str]) -> dict[str, str]:
    """The secrets of an encrypted file, by name. Raises SecretError with the program's reason."""
    if file.suffix == AGE:
        return {
            name: entry.value
            for name, entry in parse_dotenv(age_text(file, environ), file.name).items()
        }
    if not SOPS_MARK.search(_content(file).decode(errors="replace")):
        raise SecretError(f"{file.name}: is not encrypted yet; run: sops --encrypt -i {file.name}")
    command = ["sops", "--decrypt", "--output-type", "json", str(file)]
    return _flat(_run(file.name, command, b"", environ), file.name)


def age_text(file: Path, environ: dict[str, str]) -> str:
    """The text in a file that age encrypted.

    The key is where sops has it too: SOPS_AGE_KEY, the file of SOPS_AGE_KEY_FILE, or
    `sops/age/keys.txt` below `~/.config` (getsops.io/docs, "Encrypting using age").
    """
    key, given = environ.get("SOPS_AGE_KEY", ""), ["-"]
    if not key:
        config = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        usual = Path(config) / "sops" / "age" / "keys.txt"
        place = Path(environ.get("SOPS_AGE_KEY_FILE") or usual).expanduser()
        if not place.exists():
            raise SecretError(
                f"{file.name}: the key to it is not at {place}; put it there or set "
                f"SOPS_AGE_KEY_FILE to where it is"
            )
        given = [str(place)]
    raw = _run(file.name, ["age", "--decrypt", "-i", *given, str(file)], key.encode(), environ)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise SecretError(f"{file.name}: holds no UTF-8 text") from None


def age_sealed(text: str, recipients: Path, armor: bool, environ: dict[str, str]) -> bytes:
    """A text encrypted for everybody whom a file of public keys lists."""
    command = ["age", "--encrypt", "-R", str(recipients), *(["--armor"] if armor else [])]
    return _run(recipients.name, command, text.encode(), environ)


def ask(command: str, environ: dict[str, str], limit: float = ANSWER) -> str:
    """What a shell command prints, without the newline at its end. Nobody is there to be asked.

    Raises SecretError, which names the program and how it ended, and never what it printed.
    """
    program = program_of(command)
    with subprocess.Popen(
        ["sh", "-c", command],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            _end(process)
            raise SecretError(f"`{program}` gave no answer in {limit:g} s") from None
        except BaseException:
            _end(process)
            raise
    if process.returncode == 127:
        raise SecretError(f"`{program}` is not on this machine")
    if process.returncode != 0:
        reason = _last_line(err, hidden=out.split())
        raise SecretError(f"`{program}` failed with exit status {process.returncode}{reason}")
    try:
        return out.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretError(f"`{program}` printed no UTF-8 text") from None


def program_of(command: str) -> str:
    """The program that a shell command starts with, without its path and its arguments."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    program = next((word for word in words if "=" not in word), "sh")
    return Path(program).name.rstrip(";&|") or "sh"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The shell and all that it started, which may hold its pipes."""
    os.killpg(process.pid, signal.SIGKILL)


def _last_line(said: bytes, hidden: Iterable[bytes]) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    if not lines or any(word.decode(errors="replace") in lines[-1] for word in hidden):
        return ""
    return f": {lines[-1].strip()[:200]}"


def _run(name: str, command: list[str], given: bytes, environ: dict[str, str]) -> bytes:
    """What a program prints; it may ask for a passphrase on the terminal."""
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, env=environ, timeout=PASSPHRASE, check=False
        )
    except FileNotFoundError:
        raise SecretError(f"{name}: {command[0]} is needed on this machine to use it") from None
    except subprocess.TimeoutExpired:
        raise SecretError(f"{name}: {command[0]} gave no answer in {PASSPHRASE:g} s") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = f": {said[0].strip()[:200]}" if said else ""
        raise SecretError(f"{name}: {command[0]} failed with {done.returncode}{reason}")
    return done.stdout


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SecretError(f"{file.name}: cannot be read: {error.strerror}") from None


def _flat(raw: bytes, name: str) -> dict[str, str]:
    try:
        found = json.loads(raw)
    except ValueError:
        raise SecretError(f"{name}: sops printed no JSON") from None
    if not isinstance(found, dict):
        raise SecretError(f"{name}: should hold names and values")
    for key, value in found.items():
        if value is not None and not isinstance(value, str):
            raise SecretError(f"{name}: {key}: should be text; put it in quotes")
    return {key: value or "" for key, value in found.items()}

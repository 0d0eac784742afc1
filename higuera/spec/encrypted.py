"""One encrypted file in the repository, of sops or of age, decrypted by the program itself.

What it holds stays in this process's memory; it is in no argument list and in no file.
"""

import json
import re
import subprocess
from pathlib import Path

from higuera.errors import SecretError
from higuera.spec.dotenv import parse_dotenv

# Endings of `secrets.<environment>`, and whose they are.
SOPS, AGE = (".yaml", ".json", ".env"), ".age"
# Each program's mark in a file that it encrypted (sops keeps its metadata beside the values).
SOPS_MARK = re.compile(r'^(sops:|sops_[a-z_]+=|\s*"sops"\s*:)', re.MULTILINE)
PASSPHRASE = 120.0  # seconds; somebody may have to type one


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

"""Editing secrets: their text lies in memory only while the editor is open, and nowhere after."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType

import typer

from higuera.errors import SecretError
from higuera.spec.dotenv import parse_dotenv
from higuera.spec.encrypted import AGE, age_sealed, age_text
from higuera.spec.lookup import Sources

# A file system in memory.
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder that only its owner reads is made in it
RECIPIENTS = ".age-recipients"
UNCHANGED = 200  # exit status of sops (its codes.FileHasNotBeenModified)
ARMOR = b"-----BEGIN AGE"


def edit_secrets(sources: Sources, names: list[str]) -> str:
    """Open an editor on what is encrypted, else on `.env.<environment>`; says what came of it.

    Raises SecretError when it was not saved; then the file is as it was.
    """
    file = sources.encrypted
    if file is None:
        return _edit_plain(sources.file, [name for name in names if name not in sources.commands])
    if file.suffix != AGE:
        return _edit_with_sops(file)
    recipients = file.parent / RECIPIENTS
    if not recipients.exists():
        raise SecretError(
            f"{RECIPIENTS} is not there: age does not tell whom a file was encrypted for, so list "
            f"their public keys in it, one a line (your own: age-keygen -y KEYFILE)"
        )
    before = age_text(file, sources.environ)
    after = _edited(before, file.name)
    if after == before:
        return f"{file.name}: unchanged"
    armor = file.read_bytes().startswith(ARMOR)
    sealed = age_sealed(after, recipients, armor, sources.environ)
    with _beside(file, sealed) as new:
        try:
            same = age_text(new, sources.environ) == after
        except SecretError:
            same = False
        if not same:
            raise SecretError(
                f"{file.name}: was not saved, you could not open it again: "
                f"is your own public key in {RECIPIENTS}?"
            )
        new.replace(file)
    return f"{file.name}: saved"


def _edit_plain(file: Path, names: list[str]) -> str:
    before = file.read_text(encoding="utf-8") if file.exists() else ""
    shown = before or "".join(f"{name}=\n" for name in names)
    after = _edited(shown, file.name)
    if after == shown:
        return f"{file.name}: unchanged"
    with _beside(file, after.encode(), mode=0o600) as new:
        new.replace(file)
    return f"{file.name}: saved"


def _edit_with_sops(file: Path) -> str:
    """It lays the text into a folder below TMPDIR, which is to be memory where there is that."""
    temporary = Path(tempfile.gettempdir())
    in_memory = _folder_in_memory(file.name) if MEMORY.is_dir() else nullcontext(temporary)
    try:
        with in_memory as folder:
            environ = {**os.environ, "TMPDIR": str(folder)}
            status = subprocess.run(["sops", str(file)], env=environ, check=False).returncode
    except FileNotFoundError:
        raise SecretError(f"{file.name}: sops is needed on this machine to edit it") from None
    if status == UNCHANGED:
        return f"{file.name}: unchanged"
    if status != 0:
        raise SecretError(f"{file.name}: was not saved; sops ended with exit status {status}")
    return f"{file.name}: saved"


def _edited(text: str, name: str) -> str:
    """What an editor makes of a text; asks to open it again where it is no dotenv text."""
    with _folder_in_memory(name) as folder:
        # by its name, so that the editor knows the format; its swap files and backups go with it
        place = folder / f"{name.removesuffix(AGE)}.env"
        place.touch(mode=0o600)
        place.write_text(text, encoding="utf-8")
        while True:
            _open(place)
            try:
                after = place.read_text(encoding="utf-8")
                if not parse_dotenv(after, name) and text.strip():
                    raise SecretError(f"{name}: nothing is left in it; to be rid of it, remove it")
                return after
            except (SecretError, UnicodeDecodeError, FileNotFoundError) as error:
                told = str(error) if isinstance(error, SecretError) else f"{name}: is no text"
            print(told)
            if not _again():
                raise SecretError(f"{told}; nothing was saved")


@contextmanager
def _folder_in_memory(name: str) -> Iterator[Path]:
    """A folder that only its owner reads, gone at the end, also of one by a signal."""
    if not MEMORY.is_dir():
        raise SecretError(
            f"there is no {MEMORY} on this machine to edit {name} in memory; use sops"
        )
    with _ended_properly(), tempfile.TemporaryDirectory(prefix="higuera-", dir=MEMORY) as folder:
        yield Path(folder)


def _again() -> bool:
    try:
        return typer.confirm("Edit it again?", default=True)
    except typer.Abort:
        return False


def _open(place: Path) -> None:
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    if not shutil.which(editor[0]):
        raise SecretError(f"there is no editor {editor[0]}; set EDITOR to yours")
    status = subprocess.run([*editor, str(place)], check=False).returncode
    if status != 0:
        raise SecretError(f"{editor[0]} ended with exit status {status}; nothing was saved")


@contextmanager
def _beside(file: Path, content: bytes, mode: int | None = None) -> Iterator[Path]:
    """A new file in the same folder, to take a file's place in one rename; else it is removed."""
    kept = file.stat().st_mode & 0o777 if mode is None else mode
    descriptor, name = tempfile.mkstemp(
        prefix=f".{file.name}.", suffix=file.suffix, dir=file.parent
    )
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            os.fchmod(handle.fileno(), kept)
            handle.flush()
            os.fsync(handle.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _ended_properly() -> Iterator[None]:
    """A closed terminal or a `kill` unwinds as Ctrl-C does, so that nothing is left behind."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

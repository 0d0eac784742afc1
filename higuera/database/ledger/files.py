"""Migration files on the controller: listed, read, hashed. Every failure names its file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from higuera.errors import DatabaseError


def listing(folder: Path) -> list[Path]:
    """Everything in a folder by name; raises DatabaseError when it cannot be read."""
    try:
        return sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise DatabaseError(
            f"{folder}: {error.strerror}: is this the migrations' folder?"
        ) from None


def read(file: Path) -> bytes:
    """A file's bytes; raises DatabaseError when it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise DatabaseError(f"{file}: {error.strerror}") from None


def sha256(content: bytes) -> str:
    """In hexadecimal, as every tool here writes it."""
    return hashlib.sha256(content).hexdigest()


def as_node_reads(content: bytes) -> bytes:
    """What node hashes after `readFileSync(…).toString()`: bytes that are no UTF-8 are replaced."""
    return content.decode(errors="replace").encode()


def contents(file: Path) -> Iterator[bytes]:
    """A file as it is, with LF and with CRLF; nothing when it cannot be read."""
    try:
        content = file.read_bytes()
    except OSError:
        return
    unix = content.replace(b"\r\n", b"\n")
    yield from (content, unix, unix.replace(b"\n", b"\r\n"))

"""An artifact: the folder that a build made, as one reproducible compressed tarball."""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from higuera.errors import BuildError

LEVEL = 3  # FACTS: 40 MB of Next become 11 MB; higher levels cost more time than they save


@dataclass(frozen=True)
class Artifact:
    """A tarball and what it holds. `content` is the digest of the tree, not of its compression."""

    path: Path
    content: str
    sha256: str
    size: int
    """Bytes, compressed."""


def pack(folder: Path, target: Path, content: str | None = None) -> Artifact:
    """Pack a folder: entries sorted, owner 0, time 0, so that equal trees give equal bytes."""
    entries = sorted(_entries(folder))
    if not entries:
        raise BuildError(f"{folder}: the build left nothing there")
    partial = target.with_suffix(".part")
    compressor = zstandard.ZstdCompressor(level=LEVEL, threads=-1)
    with partial.open("wb") as raw, compressor.stream_writer(raw) as stream:
        digest = _Digest(stream)
        with tarfile.open(fileobj=digest, mode="w|", format=tarfile.GNU_FORMAT) as tar:  # type: ignore[call-overload]
            for entry in entries:
                tar.inodes = {}  # two names of one file are packed as two equal files would be
                tar.add(folder / entry, arcname=entry, recursive=False, filter=_plain)
    partial.replace(target)
    return Artifact(target, content or digest.hexdigest(), sha256_of(target), target.stat().st_size)


class _Digest:
    """A writer that hashes what passes through it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        return self._stream.write(data)

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _entries(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            yield str((Path(parent) / name).relative_to(folder))


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    executable = member.isdir() or member.mode & 0o100
    member.mode = 0o755 if executable else 0o644
    return member


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()

"""Where the controller keeps what it would be slow to make again. Safe to delete at any time."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

RETRY = 0.1  # seconds

Say = Callable[[str], None]


def cache_path() -> Path:
    """`$XDG_CACHE_HOME/higuera`, or `~/.cache/higuera`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "higuera"


def cache_folder() -> Path:
    """The same, made where it is not there."""
    folder = cache_path()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextmanager
def locked(path: Path, say: Say) -> Iterator[None]:
    """Hold a lock file, which frees itself when this process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        if not _taken(handle):
            say(f"waiting for another build on this machine ({path.name})")
            # Asked again and again: a blocking flock would hold up every greenlet of pyinfra,
            # the one that ends it on Ctrl-C too.
            while not _taken(handle):
                time.sleep(RETRY)
        yield


def _taken(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""Where the controller keeps what it would be slow to make again. Safe to delete at any time."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Say = Callable[[str], None]


def cache_folder() -> Path:
    """`$XDG_CACHE_HOME/higuera`, or `~/.cache/higuera`."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "higuera"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


@contextmanager
def locked(path: Path, say: Say) -> Iterator[None]:
    """Hold a lock file, which frees itself when this process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another build on this machine ({path.name})")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield

"""Locks between processes. The kernel drops them when their holder dies, however it dies."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from higuera.errors import SandboxError
from higuera.sandbox import paths

POLL = 0.05


@contextmanager
def held(
    what: str, say: Callable[[str], None] | None = None, *, deadline: float = 900.0
) -> Iterator[None]:
    """Hold the lock named `what`, waiting up to `deadline` seconds for it.

    It polls instead of blocking in the kernel: pyinfra runs hosts as greenlets of one thread,
    and a greenlet that blocks there would never let the lock's holder go on.
    """
    folder = paths.state_dir() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    paths.state_dir().chmod(0o700)
    begun = time.monotonic()
    told = False
    with (folder / f"{what}.lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waited = time.monotonic() - begun
            if waited > deadline:
                raise SandboxError(
                    f"sandbox: another process has held the {what} lock for {waited:.0f} s; "
                    f"see who with `fuser {file.name}`"
                )
            if say is not None and not told and waited > 1:
                say(f"waiting for another process that holds the {what} lock")
                told = True
            time.sleep(POLL)
        yield

"""Processes told apart by pid and start time, so that a reused pid is never trusted or killed."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """One process of this machine, in this boot: `start` is in clock ticks since boot."""

    pid: int
    start: int

    def alive(self) -> bool:
        """Tell whether exactly this process still runs (a zombie does not)."""
        stat = _stat(self.pid)
        return stat is not None and stat == ("alive", self.start)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the signal if the process is still this one."""
        if self.alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def gone_within(self, seconds: float) -> bool:
        """Wait until it is gone; return False if it still runs after `seconds`."""
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def _stat(pid: int) -> tuple[str, int] | None:
    """Return whether the pid is alive or dead (a zombie), and when it started."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the command in parentheses and may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return ("dead" if fields[0] in "ZX" else "alive", int(fields[19]))


def identify(pid: int) -> Process | None:
    """Return the live process with this pid, if there is one."""
    stat = _stat(pid)
    return Process(pid, stat[1]) if stat is not None and stat[0] == "alive" else None

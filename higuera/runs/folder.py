"""Where records lie: `.higuera/runs/<environment>/<UTC time>.jsonl`, beside `inventory/`."""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path

from higuera.runs.event import Event

# Names the record that a run writes, in its environment.
FILE = "HIGUERA_EVENTS"
KEPT = 50


class RecordFile:
    """A record that is written to, and known as such until it is closed or its process ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written yet."""
        return os.fstat(self._descriptor).st_size == 0

    def write(self, event: Event) -> None:
        """Append an event, at once. Raises OSError, as where the disk is full."""
        os.write(self._descriptor, event.line().encode())

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def new_record(project: Path, environment: str) -> Path:
    """The path of a record that starts now; the oldest ones go. Raises OSError."""
    folder = _folder(project, environment)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = project / ".higuera" / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    for old in records(project, environment)[KEPT - 1 :]:
        old.unlink(missing_ok=True)
    return folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}Z.jsonl"


def records(project: Path, environment: str) -> list[Path]:
    """Every record of an environment, newest first."""
    return sorted(_folder(project, environment).glob("*.jsonl"), reverse=True)


def is_running(record: Path) -> bool:
    """Whether a process still writes a record."""
    with record.open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _folder(project: Path, environment: str) -> Path:
    return project / ".higuera" / "runs" / environment

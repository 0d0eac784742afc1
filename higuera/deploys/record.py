"""The record of a run, written by pyinfra's process itself: whatever ends it, the file is there.

HIGUERA_EVENTS names the file; without it one is made where `higuera runs` looks.
"""

import logging
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from pyinfra import logger
from pyinfra.api import Host, State
from pyinfra.api.state import BaseStateCallback, StateStage

from higuera.deploys import hidden
from higuera.deploys.hidden import Hidden
from higuera.runs import FILE, Event, RecordFile, new_record
from higuera.runs.event import Level, Result
from higuera.spec.actor import actor
from higuera.spec.load import Deployment
from higuera.spec.secrets import Secrets

KEY = "higuera_record"  # of the host's data: how deploy.py comes by the record
# What every step says of itself, and the host's name before each line.
NOISE = re.compile(
    r"(Success|No changes)$|--> Starting operation: |Error: executed \d+ commands"
    r"|--> pyinfra error.*: No hosts remaining!$"
)
RESULTS = "--> Results:"  # what a table follows of what the steps said
PREFIX = re.compile(r"^\[[^\]]*\] ")
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def plain(text: str) -> str:
    """A line of pyinfra's without colour and without the host it is about."""
    return PREFIX.sub("", STYLE.sub("", text))


class Record(BaseStateCallback):
    """Events of one run, appended to its file as they happen."""

    def __init__(self, file: RecordFile, what: str, environment: str, hidden: Hidden) -> None:
        self._file: RecordFile | None = file
        self._hidden = hidden
        self.changed: list[str] = []
        """The steps that changed something so far."""
        self._moved: Callable[[], list[str]] = list
        self._release = ""
        self._step: str | None = None
        self._began = self._step_began = time.monotonic()
        self._waited = 0.0
        self._signal = 0
        self._is_declined = False
        self._is_over = False
        self._errors: list[str] = []
        self._failed: str | None = None
        if file.is_empty:
            started = Event(event="started", what=what, environment=environment, actor=actor())
            self._write(started)
        logger.addHandler(_Lines(self))

    def __copy__(self) -> Self:
        """Itself: pyinfra copies the data of a host whenever it is read."""
        return self

    def follow(self, release: str, moved: Callable[[], list[str]]) -> None:
        """Say which release the run is about, and how to tell which services it moved."""
        self._release, self._moved = release, moved

    def log(self, level: int, text: str) -> None:
        """A line that pyinfra or a step of ours said."""
        line = plain(text)
        self._is_over |= line == RESULTS
        if NOISE.match(line) or (self._is_over and level <= logging.INFO):
            return
        said = self._clean(line)
        if level >= logging.ERROR:
            self._errors.append(said.removeprefix("--> error: "))
        name: Level = (
            "error" if level >= logging.ERROR else "warning" if level > logging.INFO else "info"
        )
        self._write(Event(event="log", step=self._step, level=name, text=said))

    def asked(self, steps: list[str]) -> None:
        """The run waits for an answer, which does not count as its time."""
        self._write(Event(event="asked", steps=steps))
        self._waited -= time.monotonic()

    def answered(self) -> None:
        """There was an answer."""
        self._waited += time.monotonic()

    def declined(self) -> None:
        """The answer was no."""
        self._is_declined = True

    def interrupted(self, number: int) -> bool:
        """A signal ends the run; whether it is the first one."""
        first = self._signal == 0
        self._signal = self._signal or number
        return first

    def operation_host_start(self, state: State, host: Host, op_hash: str) -> None:  # type: ignore[override]
        """A step begins, after the lock was taken."""
        self._step = ", ".join(sorted(state.get_op_meta(op_hash).names))
        self._step_began, self._failed = time.monotonic(), None
        self._errors.clear()
        self._write(Event(event="step_started", step=self._step))

    def operation_end(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        """A step is done on every host."""
        if self._step is None or self._failed == self._step:
            return
        done = (operations.get(op_hash) for operations in state.ops.values())
        metas = [each.operation_meta for each in done if each is not None]
        changed = any(meta.is_complete() and meta.did_change() for meta in metas)
        result: Result = "ok" if changed else "unchanged"
        self.changed += [self._step] if changed else []
        seconds = self._since(self._step_began)
        self._write(Event(event="step_done", step=self._step, seconds=seconds, result=result))
        self._step = None

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        """A step failed; what it said in red is why."""
        self._failed = self._step
        self._write(
            Event(
                event="step_failed",
                step=self._step,
                seconds=self._since(self._step_began),
                result="failed",
                text="\n".join(self._errors) or None,
            )
        )

    def close(self, state: State) -> None:
        """Write how the run ended; for the very end of the process."""
        is_over = state.current_stage == StateStage.Disconnect and not state.failed_hosts
        no: Result = "declined" if self._is_declined else "failed"
        result: Result = "interrupted" if self._signal else "ok" if is_over else no
        status = 128 + self._signal if self._signal else 0 if is_over else 1
        moved = self._moved()
        self._write(
            Event(
                event="finished",
                result=result,
                status=status,
                seconds=self._since(self._began + self._waited),
                step=None if is_over else self._failed or self._step,
                text=("\n".join(self._errors) or None) if result == "failed" else None,
                release=self._release if moved else None,
                moved=moved or None,
            )
        )

    def _since(self, began: float) -> float:
        return round(max(0.0, time.monotonic() - began), 1)

    def _clean(self, text: str) -> str:
        """Hidden before what cannot be printed goes, and again: a secret may be whole only then."""
        rest = self._hidden.redact(text)
        printable = "".join(c if c.isprintable() or c in "\n\t" else " " for c in rest)
        return self._hidden.redact(printable)

    def _write(self, event: Event) -> None:
        if self._file is None:
            return
        try:
            self._file.write(event)
        except OSError as error:  # a full disk stops no rollback
            self._file = None
            logger.warning(f"the record of this run ends here: {error.strerror}")


class _Lines(logging.Handler):
    def __init__(self, record: Record) -> None:
        super().__init__(logging.INFO)
        self._record = record

    def emit(self, record: logging.LogRecord) -> None:
        self._record.log(record.levelno, record.getMessage())


def begin(deployment: Deployment, what: str, hidden: Hidden) -> Record | None:
    """Start the record of a run; None, and a warning, where none can be written."""
    given = os.environ.get(FILE)
    try:
        path = Path(given) if given else new_record(deployment.project, deployment.name)
        return Record(RecordFile(path), what, deployment.name, hidden)
    except OSError as error:
        logger.warning(f"there is no record of this run: {error.strerror}")
        return None


def watch(host: Host, secrets: Secrets) -> None:
    """Hide secrets from now on, and let the record that the hook began follow the steps."""
    found = host.data.get(hidden.KEY)
    if isinstance(found, Hidden):
        found.hide_all(secrets)
    record = record_of(host)
    if record is not None:
        host.state.add_callback_handler(record)  # type: ignore[no-untyped-call]


def record_of(host: Host) -> Record | None:
    """The record of this run, if there is one."""
    found = host.data.get(KEY)
    return found if isinstance(found, Record) else None

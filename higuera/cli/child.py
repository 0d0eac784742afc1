"""pyinfra as a child of `higuera deploy` and `rollback`: the same process as when typed by hand.

Its events come from the record that it writes. Ctrl-C is waited out: the child takes back what was
begun.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO

from higuera.cli.display import Plain
from higuera.cli.truth import Signals, truth
from higuera.errors import HostError
from higuera.runs import FILE, Event, RecordFile, Story, new_record, parse
from higuera.runs.story import since
from higuera.spec.actor import actor
from higuera.spec.load import Deployment

TURN = 0.1  # seconds between two looks at the record
LAST_LINES = 40
GIVE_UP = 3  # the signal that ends the waiting


def command(script: str, flags: list[str]) -> list[str]:
    """The command line of `pyinfra inventory SCRIPT`. Raises HostError without the script."""
    if not Path(script).exists():
        raise HostError(f"there is no {script} here: run this where the project is")
    return [sys.executable, "-P", "-m", "pyinfra", "inventory", script, *flags]


def run_pyinfra(
    deployment: Deployment, script: str, flags: list[str], variables: dict[str, str], shown: Plain
) -> int:
    """Run `pyinfra inventory SCRIPT` and show it; returns the exit status.

    0: done, or nothing to do. 1: failed. 130, 143: interrupted. Raises HostError when it cannot
    even start.

    + variables: what the script is told through its environment
    """
    words = command(script, flags)
    given = {**os.environ, **variables, "HIGUERA_ENV": deployment.name}
    given.pop("HIGUERA_PLAN_TO", None)  # a plan's own: it would stop there
    started = Event(
        event="started", what=Path(script).stem, environment=deployment.name, actor=actor()
    )
    record = _record(deployment, must=not shown.is_raw)
    if record is not None:
        given[FILE] = str(record.path)
        record.write(started)
    with Signals() as signals:
        child = Child(words, given, shown, signals)
        child.follow(record.path if record is not None else None)
    story = child.story
    status, result = truth(child.code, story.finished, signals.seen)
    if story.finished is None and record is not None:
        seconds = since(started, Event(event="finished"))
        last = Event(
            event="finished", result=result, status=status, step=story.step, seconds=seconds
        )
        record.write(last)
        child.tell(last)
    if result in ("failed", "died") and not child.is_explained:
        shown.say("\n".join(child.last))
    shown.close(story, record.path if record is not None else None)
    return status


def _record(deployment: Deployment, must: bool) -> RecordFile | None:
    try:
        return RecordFile(new_record(deployment.project, deployment.name))
    except OSError as error:
        if must:
            told = f".higuera/runs: no record can be written there ({error.strerror})"
            raise HostError(f"{told}; -v goes on without") from None
        return None


class Child:
    """A pyinfra that runs."""

    def __init__(
        self, words: list[str], variables: dict[str, str], shown: Plain, signals: Signals
    ) -> None:
        self.story = Story()
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        """The newest lines of its own output, where that is not shown."""
        self.is_explained = shown.is_raw
        """Whether it is on the screen why it failed."""
        self._shown, self._signals, self._handled = shown, signals, 0
        pipe = None if shown.is_raw else subprocess.PIPE
        self._process = subprocess.Popen(
            words,
            env=variables,
            stdin=pipe,
            stdout=sys.stderr if shown.is_raw else pipe,
            stderr=None if shown.is_raw else subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._keep, daemon=True)
        self._reader.start()

    @property
    def code(self) -> int:
        """What it exited with, as subprocess says it."""
        return self._process.returncode

    def follow(self, record: Path | None) -> None:
        """Show what it records until it is gone."""
        tail = _Tail(record)
        while True:
            gone = self._process.poll() is not None
            for event in tail.events():
                self.tell(event)
            self._heed()
            if gone:
                break
            time.sleep(TURN)
        self._reader.join(timeout=1)

    def tell(self, event: Event) -> None:
        """Take an event in, show it, and answer it where it asks."""
        self.story.tell(event)
        self.is_explained |= event.level == "error"
        self._shown.show(event)
        if event.event == "asked" and self._process.stdin is not None:
            self._answer(self._process.stdin, event.steps or [])

    def _answer(self, stdin: IO[str], steps: list[str]) -> None:
        self._signals.raises = True
        agreed = not steps or self._shown.agrees(steps)
        self._signals.raises = False
        self.is_explained |= not agreed
        if len(self._signals.seen) > self._handled:
            return  # that was the answer
        try:
            stdin.write("\n" if agreed else "no\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # it went meanwhile, and its exit status says how

    def _heed(self) -> None:
        while self._handled < len(self._signals.seen):
            self._handled += 1
            if self._handled == 1:
                # Ctrl-C on a terminal reaches the child too; it heeds the first signal only.
                self._send(self._signals.seen[0])
                self._shown.say("interrupted: waiting until what was begun is taken back")
            elif self._handled < GIVE_UP:
                step = self.story.step or "the connection to close"
                self._shown.say(f"still waiting for: {step}; Ctrl-C once more gives up waiting")
            elif self._handled == GIVE_UP:
                self._send(signal.SIGKILL)
                self._shown.say("not waited for: the host takes it back; see: higuera status")

    def _send(self, number: int) -> None:
        if self._process.poll() is None:
            self._process.send_signal(number)

    def _keep(self) -> None:
        stream = self._process.stdout
        if stream is not None:
            self.last.extend(line.rstrip() for line in stream if line.strip())


class _Tail:
    """The events of a file that grows."""

    def __init__(self, path: Path | None) -> None:
        self._handle = path.open("rb") if path is not None else None
        self._rest = b""

    def events(self) -> list[Event]:
        """Those that are new."""
        if self._handle is None:
            return []
        *lines, self._rest = (self._rest + self._handle.read()).split(b"\n")
        return [event for event in map(parse, lines) if event is not None]

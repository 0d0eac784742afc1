"""What the events of a run come to: its result, how long it took, what it changed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from higuera.runs.event import Event, parse
from higuera.runs.folder import is_running


@dataclass
class Story:
    """A run as far as its events tell it."""

    started: Event | None = None
    finished: Event | None = None
    step: str | None = None
    """The step that runs, or the one that failed."""
    changed: list[str] = field(default_factory=list)
    """The steps that changed something."""

    def tell(self, event: Event) -> None:
        """Go on with the next event."""
        if event.event == "started":
            self.started = event
        elif event.event == "finished":
            self.finished = event
        elif event.event == "step_started":
            self.step = event.step
        elif event.event == "step_done":
            self.step = None
            if event.result == "ok" and event.step is not None:
                self.changed.append(event.step)

    @property
    def what(self) -> str:
        """`deploy` or `rollback`."""
        return (self.started and self.started.what) or "run"

    @property
    def environment(self) -> str:
        """Where to."""
        return (self.started and self.started.environment) or ""

    @property
    def result(self) -> str:
        """How it ended; `died` where nothing was left to say so."""
        return (self.finished and self.finished.result) or "died"

    @property
    def moved(self) -> list[str]:
        """The services whose traffic went to another release."""
        return (self.finished and self.finished.moved) or []


def told_by(events: Iterable[Event | None]) -> Story:
    """The story that events tell; what is no event is passed over."""
    story = Story()
    for event in events:
        if event is not None:
            story.tell(event)
    return story


def read(record: Path) -> Story:
    """The story of a record."""
    return told_by(map(parse, record.read_bytes().splitlines()))


def row(record: Path) -> dict[str, Any]:
    """A run for a list of them: when, what, its result (`running` too), how long, by whom."""
    running = is_running(record)  # asked first: what ends meanwhile is not taken for dead
    story = read(record)
    started, finished = story.started, story.finished
    found = {
        "started": started and started.time,
        "what": story.what,
        "result": "running" if running and finished is None else story.result,
        "seconds": finished and finished.seconds,
        "step": finished.step if finished is not None else story.step,
        "release": finished and finished.release,
        "moved": story.moved or None,
        "actor": started and started.actor,
        "record": str(record),
    }
    return {key: value for key, value in found.items() if value is not None}


def since(event: Event, end: Event) -> float:
    """Seconds between two events."""
    first, last = (datetime.fromisoformat(each.time) for each in (event, end))
    return round(max(0.0, (last - first).total_seconds()), 1)

"""The events of a run as lines for a person."""

from collections import deque
from datetime import datetime

from higuera.runs import Event, Story

# What a line begins with that only says that something goes on, of a step's or of pyinfra's own.
PROGRESS = ("  ", "--> ")
HELD_LINES = 60
MARKS = {"ok": "✓", "unchanged": "·", "failed": "✗"}


def clock(event: Event) -> str:
    """The time of day of an event, where this machine is."""
    return f"{datetime.fromisoformat(event.time).astimezone():%H:%M:%S}"


def duration(seconds: float) -> str:
    """`3.2 s`, `2 min 5 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


def plain(event: Event) -> list[str]:
    """An event as lines for a log: each with its time, the step, and what came of it."""
    head = "  ".join(filter(None, [clock(event), event.step]))
    if event.event in ("step_done", "step_failed"):
        return [f"{head}  {event.result}  {duration(event.seconds or 0)}"]
    return [f"{head}  {line}" for line in notes(event)]


def notes(event: Event) -> list[str]:
    """What a log event says that a person should see: of a step, or a warning or an error."""
    if event.event != "log" or event.text is None:
        return []
    if event.level == "info" and (event.step is None or event.text.startswith(PROGRESS)):
        return []
    return event.text.removeprefix("--> ").removeprefix("error: ").splitlines()


class Held:
    """What the running step said and nobody was shown, kept for when it fails."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=HELD_LINES)

    def after(self, event: Event) -> list[str]:
        """What is to be shown now that this happened."""
        if event.event == "step_failed":
            return list(self._lines)
        if event.event == "step_started":
            self._lines.clear()
        elif event.event == "log" and event.step and event.text and not notes(event):
            self._lines.append(event.text)
        return []


def mark(event: Event) -> str:
    """The line of a step that is over, for a terminal."""
    end = "unchanged, " if event.result == "unchanged" else ""
    return f"{MARKS[event.result or 'ok']} {event.step}  {end}{duration(event.seconds or 0)}"


def summary(story: Story) -> list[str]:
    """How a run ended, in one sentence; then what to know or do."""
    end = story.finished
    if end is None:
        return []
    took = duration(end.seconds or 0)
    where = f" at {end.step}" if end.step else ""
    live = [f"release {end.release} is live all the same"] if end.release else []
    if end.result == "ok":
        return [_went_well(story, end, took)]
    if end.result == "declined":
        return [f"{story.what} not begun: declined"]
    if end.result == "interrupted":
        return [f"interrupted{where} after {took}; what serves now: higuera status", *live]
    if end.result == "died":
        told = (
            f"pyinfra was killed{where} after {took}; the host takes back what was begun by itself"
        )
        return [f"{told}; what serves now: higuera status", *live]
    return [f"{story.what} failed{where} after {took}", *live]


def _went_well(story: Story, end: Event, took: str) -> str:
    if end.release is not None and story.moved:
        moved = ", ".join(story.moved)
        return f"release {end.release} is live on {story.environment} after {took}; moved: {moved}"
    if story.changed:
        return f"put right after {took}: {', '.join(story.changed)}; the live release stays"
    return f"nothing to do on {story.environment} ({took})"

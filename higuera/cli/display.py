"""Who shows a run: a terminal, a log, a program, or pyinfra itself."""

import sys
import time
from pathlib import Path

import typer
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from higuera.cli.steps import Held, duration, mark, notes, plain, summary
from higuera.runs import Event, Story

STYLES = {"ok": "green", "unchanged": "dim", "failed": "red"}


class Plain:
    """A line a step, for CI and for files."""

    is_raw = False

    def __init__(self) -> None:
        self._held = Held()

    def show(self, event: Event) -> None:
        """Print what an event comes to."""
        for line in [*self._held.after(event), *plain(event)]:
            self.say(line)

    def say(self, text: str) -> None:
        """Print a sentence."""
        print(text, flush=True)

    def agrees(self, steps: list[str]) -> bool:
        """Name the steps, and ask once."""
        self.say("would change something: " + ", ".join(steps))
        try:
            return typer.confirm("Go on?")
        except typer.Abort:
            self.say("")
            return False

    def close(self, story: Story, record: Path | None) -> None:
        """Print how it ended, and where the rest can be read."""
        for line in summary(story):
            self.say(line)
        if story.result not in ("ok", "declined") and record is not None:
            self.say(f"record: {_near(record)}")


class Raw(Plain):
    """pyinfra speaks for itself; just the end is ours."""

    is_raw = True

    def show(self, event: Event) -> None:
        """Leave it to pyinfra."""

    def say(self, text: str) -> None:
        """Print a sentence where pyinfra prints its own."""
        print(text, file=sys.stderr, flush=True)


class AsJson(Plain):
    """An event a line, on standard output."""

    def __init__(self, raw: bool = False) -> None:
        super().__init__()
        self.is_raw = raw

    def show(self, event: Event) -> None:
        """Print an event."""
        print(event.line(), end="", flush=True)

    def say(self, text: str) -> None:
        """Print a sentence beside the events."""
        print(text, file=sys.stderr, flush=True)

    def close(self, story: Story, record: Path | None) -> None:
        """Say nothing: the last event did."""


class Terminal(Plain):
    """Steps that are done, with what they said; below them the one that runs."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._live: Live | None = None
        self._step, self._since, self._newest = "", 0.0, ""
        self._notes: list[tuple[str, str]] = []

    def _begin(self) -> None:
        if self._live is None:
            self._spinner = Spinner("dots")
            self._live = Live(
                get_renderable=self._running, console=self._console, transient=True, screen=False
            )
            self._live.start()

    def _end(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _running(self) -> Spinner:
        took = duration(time.monotonic() - self._since)
        text = Text(f"{self._step}  {took}", no_wrap=True, overflow="ellipsis")
        text.append(f"  {self._newest}", style="dim")
        text.truncate(max(20, self._console.width - 3), overflow="ellipsis")
        self._spinner.update(text=text)
        return self._spinner

    def show(self, event: Event) -> None:
        """Print a step that is over; keep the newest line of the one that runs."""
        held = self._held.after(event)
        if event.event == "started":
            self._print(f"{event.what}: {event.environment}", "bold")
        elif event.event == "step_started":
            self._step, self._since, self._newest = event.step or "", time.monotonic(), ""
            self._begin()
        elif event.event == "log":
            lines = (event.text or "").strip().splitlines()
            self._newest = lines[-1] if lines else ""
            style = {"error": "red", "warning": "yellow"}.get(event.level or "", "dim")
            self._notes += [(line, style) for line in notes(event)]
            if event.step is None:
                self._flush()
        elif event.event in ("step_done", "step_failed"):
            self._print(mark(event), STYLES[event.result or "ok"])
            self._notes[:0] = [(line, "dim") for line in held]
            self._flush()
        elif event.event == "finished":
            self._end()
            self._flush()

    def say(self, text: str) -> None:
        """Print a sentence above what runs."""
        self._print(text, "")

    def close(self, story: Story, record: Path | None) -> None:
        """Print how it ended."""
        self._end()
        super().close(story, record)

    def _flush(self) -> None:
        for line, style in self._notes:
            self._print(f"    {line}", style)
        self._notes.clear()

    def _print(self, text: str, style: str) -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)


def display(as_json: bool, verbose: bool) -> Plain:
    """Who shows this run."""
    if as_json:
        return AsJson(raw=verbose)
    if verbose:
        return Raw()
    console = Console(emoji=False)
    moves = console.is_terminal and not console.is_dumb_terminal
    return Terminal(console) if moves else Plain()


def _near(record: Path) -> Path:
    here = Path.cwd()
    return record.relative_to(here) if record.is_relative_to(here) else record

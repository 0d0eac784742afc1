"""What a run looks like: events in, lines out; and the exit status."""

import io
from typing import Any

import pytest
from rich.console import Console

from higuera.cli.display import Terminal
from higuera.cli.runs import format_runs
from higuera.cli.steps import Held, clock, duration, plain, summary
from higuera.cli.truth import truth
from higuera.runs import Event, told_by
from higuera.runs.event import Level

AT = "2026-11-23T12:04:05.123Z"
STARTED = Event(time=AT, event="started", what="deploy", environment="vps", actor="ana@laptop")
BUILD = Event(time=AT, event="step_started", step="Build")
BUILT = Event(time=AT, event="step_done", step="Build", seconds=3.2, result="ok")
SAME = Event(time=AT, event="step_done", step="nginx", seconds=0.04, result="unchanged")
FAILED = Event(time=AT, event="step_failed", step="Build", seconds=3.2, result="failed")


def said(text: str, level: Level = "info", step: str | None = "Build") -> Event:
    return Event(time=AT, event="log", level=level, step=step, text=text)


def lines(*events: Event) -> list[str]:
    head = f"{clock(STARTED)}  "
    return [line.removeprefix(head) for event in events for line in plain(event)]


def test_a_line_a_step() -> None:
    assert lines(STARTED, BUILD, BUILT, SAME) == ["Build  ok  3.2 s", "nginx  unchanged  0.0 s"]


def test_of_what_is_said_a_person_sees_what_matters() -> None:
    assert lines(
        said("web: 1.2 MiB"),
        said("  5 s  compiling"),
        said("--> Disconnecting from hosts..."),
        said("Connected", step=None),
        said("plan 0042 was not confirmed", "warning", None),
        said("  src/x.js: no such file\n`make` failed", "error"),
        said("--> error: forms is locked by ana", "error", None),
        FAILED,
    ) == [
        "Build  web: 1.2 MiB",
        "plan 0042 was not confirmed",
        "Build    src/x.js: no such file",
        "Build  `make` failed",
        "forms is locked by ana",
        "Build  failed  3.2 s",
    ]


def test_what_a_step_said_on_its_way_is_shown_when_it_fails() -> None:
    held = Held()
    other = said("  of the step before", step="nginx")
    for event in (other, SAME, BUILD, said("  5 s  compiling"), said("shown at once")):
        assert held.after(event) == []
    assert held.after(FAILED) == ["  5 s  compiling"]
    assert [line for event in (BUILD, BUILT) for line in held.after(event)] == []


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, "0.0 s"), (3.24, "3.2 s"), (59.9, "59.9 s"), (125.0, "2 min 5 s")]
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def ended(result: str, **more: object) -> str:
    end = {"time": AT, "event": "finished", "result": result, "seconds": 12.34, **more}
    steps = [] if more.get("quiet") else [BUILD, BUILT]
    end.pop("quiet", None)
    return "\n".join(summary(told_by([STARTED, *steps, Event.model_validate(end)])))


def test_the_end_in_a_sentence() -> None:
    moved = {"release": "20261123T120405Z-ab12cd3", "moved": ["web", "backend"]}
    assert ended("ok", **moved) == (
        "release 20261123T120405Z-ab12cd3 is live on vps after 12.3 s; moved: web, backend"
    )
    assert ended("ok") == "put right after 12.3 s: Build; the live release stays"
    assert ended("ok", quiet=True) == "nothing to do on vps (12.3 s)"
    assert ended("failed", step="Build") == "deploy failed at Build after 12.3 s"
    assert ended("failed", step="Drain", **moved) == (
        "deploy failed at Drain after 12.3 s\nrelease 20261123T120405Z-ab12cd3 is live all the same"
    )
    assert "interrupted at Build after 12.3 s" in ended("interrupted", step="Build")
    assert "pyinfra was killed at Build after 12.3 s" in ended("died", step="Build")


def test_a_terminal_shows_steps_with_what_they_said_below() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=40, color_system=None)
    shown = Terminal(console)
    for event in (STARTED, BUILD, said("web: 1.2 MiB"), said("  5 s  on it"), BUILT, SAME):
        shown.show(event)
    end = Event(time=AT, event="finished", result="ok", seconds=4.0)
    shown.show(end)
    text = out.getvalue()
    assert "⠋ Build" in text, "what runs is shown while it runs"
    assert text.index("✓ Build  3.2 s") < text.index("    web: 1.2 MiB\n")
    assert "· nginx  unchanged, 0.0 s" in text
    assert text.rstrip().endswith("\x1b[2K"), "the running line is gone at the end"


OK = Event(event="finished", result="ok", status=0)
INTERRUPTED = Event(event="finished", result="interrupted", status=143)


@pytest.mark.parametrize(
    ("code", "finished", "signals", "expected"),
    [
        (0, OK, [], (0, "ok")),
        (0, OK, [2], (0, "ok")),  # too late: it was deployed
        (0, None, [], (0, "ok")),
        (0, None, [2], (130, "interrupted")),  # before the hook was there
        (1, Event(event="finished", result="failed", status=1), [], (1, "failed")),
        (143, INTERRUPTED, [15], (143, "interrupted")),
        (143, INTERRUPTED, [], (143, "interrupted")),  # somebody signalled the child alone
        (2, None, [], (1, "failed")),
        (-9, None, [], (1, "died")),
        (-9, OK, [], (1, "died")),
        (-9, None, [2, 2, 2], (130, "interrupted")),  # given up
        (1, OK, [], (1, "failed")),
        (0, Event(event="finished", result="failed", status=1), [], (1, "failed")),
    ],
)
def test_the_exit_status_is_the_truth(
    code: int, finished: Event | None, signals: list[int], expected: tuple[int, str]
) -> None:
    assert truth(code, finished, signals) == expected


def test_runs_as_columns() -> None:
    rows: list[dict[str, Any]] = [
        {"started": AT, "what": "deploy", "result": "ok", "seconds": 12.0, "actor": "ana@laptop"},
        {"started": AT, "what": "rollback", "result": "died", "step": "Rollback"},
    ]
    assert format_runs(rows) == (
        f"{AT}  deploy    ok                12.0 s  ana@laptop\n{AT}  rollback  died at Rollback\n"
    )
    assert format_runs([]) == ""

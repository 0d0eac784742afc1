"""A deploy that is held to a plan looks once more as its first operation, and changes nothing."""

from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.api import FunctionCommand

from higuera.operations import held
from higuera.plan.model import Basis

PLANNED = Basis(host={"the live release": "r1"}, source={}, database={})
MOVED = Basis(host={"the live release": "r2"}, source={}, database={})


def commands(
    monkeypatch: pytest.MonkeyPatch, found: Basis, is_executing: bool
) -> tuple[list[FunctionCommand], list[str], Any]:
    said: list[str] = []
    host = SimpleNamespace(
        state=SimpleNamespace(is_executing=is_executing, print_output=False),
        noop=said.append,
        log=said.append,
        log_styled=lambda line, **_: said.append(line),
    )
    monkeypatch.setattr(held, "look", lambda run: None)
    monkeypatch.setattr(held, "basis", lambda run, seen: found)
    plan: Any = SimpleNamespace(made="2026-11-23T10:15:00Z", basis=PLANNED)
    run: Any = SimpleNamespace(host=host)
    return list(held.held._inner(run=run, plan=plan)), said, host


@pytest.mark.parametrize("is_executing", [False, True])
def test_as_planned_is_no_change(monkeypatch: pytest.MonkeyPatch, is_executing: bool) -> None:
    found, said, _ = commands(monkeypatch, PLANNED, is_executing)
    told = "as planned at 2026-11-23T10:15:00Z" if is_executing else "all is as planned so far"
    assert (found, said) == ([], [told])


def test_what_moved_since_the_start_fails_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (command,), said, host = commands(monkeypatch, MOVED, True)
    assert command.function(host.state, host) is False
    assert "  on the host: the live release changed (r1 → r2)" in said

"""The flip: switch, check, prove, confirm; and whatever fails takes it back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest
from operation_harness import fake_host
from pyinfra.api import Host

from higuera.errors import HigueraError, HostError, SmokeError
from higuera.operations import release
from higuera.operations.flip import flip, undoing
from higuera.operations.run import Run
from higuera.spec.load import load_deployment

TOOL = "/usr/local/sbin/higuera-forms"
SWITCH = f"{TOOL} switch 0005 60 && {TOOL} check"
CONFIRM, REVERT = f"{TOOL} confirm 0005", f"{TOOL} revert 0005"
PROVE = "prove"


class Flip:
    """One flip, and what it did in which order."""

    def __init__(self, broken: str = "", error: BaseException | None = None) -> None:
        self.ran: list[str] = []
        self.broken = {broken} if broken else set[str]()
        self.error = error

    def run_remote(self, host: Host, script: str) -> list[str]:
        self._step(script)
        return ["plan 0004 is live again"] if script == REVERT else []

    def prove(self, host: Host) -> None:
        self._step(PROVE)

    def _step(self, name: str) -> None:
        self.ran.append(name)
        if name in self.broken:
            raise self.error or HostError(f"{name.split()[-1]} is broken")

    def go(self) -> None:
        with patch("higuera.operations.flip.run_remote", self.run_remote):
            flip(fake_host(), TOOL, "0005", 60, self.prove)


def test_switches_checks_proves_and_confirms() -> None:
    done = Flip()
    done.go()
    assert done.ran == [SWITCH, PROVE, CONFIRM]


@pytest.mark.parametrize(
    ("broken", "ran"),
    [
        (SWITCH, [SWITCH, REVERT]),
        (PROVE, [SWITCH, PROVE, REVERT]),
        (CONFIRM, [SWITCH, PROVE, CONFIRM, REVERT]),
    ],
)
def test_what_fails_is_taken_back_and_says_what_serves(broken: str, ran: list[str]) -> None:
    done = Flip(broken, HostError("no coffee\nand no tea"))
    with pytest.raises(HostError) as raised:
        done.go()
    assert done.ran == ran
    assert str(raised.value) == "no coffee\nand no tea\nplan 0004 is live again"


def test_a_smoke_check_that_fails_is_told_the_same_way() -> None:
    done = Flip(PROVE, SmokeError("login: 500"))
    with pytest.raises(HostError) as raised:
        done.go()
    assert str(raised.value) == "login: 500\nplan 0004 is live again"


def test_the_cause_is_told_first_where_there_is_no_way_back() -> None:
    done = Flip(PROVE)
    done.broken.add(REVERT)
    with pytest.raises(HostError) as raised:
        done.go()
    assert str(raised.value) == "prove is broken\n0005 is broken"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError(), SystemExit(3)])
def test_what_is_no_error_of_ours_passes_once_it_is_taken_back(error: BaseException) -> None:
    done = Flip(PROVE, error)
    with pytest.raises(type(error)) as raised:
        done.go()
    assert raised.value is error
    assert done.ran == [SWITCH, PROVE, REVERT]


class TestUndoing:
    """As `candidates_proven` uses it too: nothing that it does hides what failed."""

    @pytest.mark.parametrize("error", [HostError("no coffee"), SmokeError("no coffee")])
    def test_an_undo_that_fails_is_told_after_the_cause(self, error: HigueraError) -> None:
        with pytest.raises(HostError) as raised, undoing(error) as told:
            told.append("one was stopped")
            raise HostError("the host is gone")
        assert str(raised.value) == "no coffee\none was stopped\nthe host is gone"
        assert raised.value.__suppress_context__

    def test_nothing_to_tell_leaves_the_error_to_its_caller(self) -> None:
        with undoing(HostError("no coffee")) as told:
            pass
        assert told == []

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError(), SystemExit(3)])
    def test_another_error_passes_even_when_its_undo_fails(self, error: BaseException) -> None:
        with pytest.raises(type(error)) as raised:
            try:
                raise error
            except BaseException as cause:
                with undoing(cause) as told:
                    told.append("one was stopped")
                    raise HostError("the host is gone") from None
                raise
        assert raised.value is error

    def test_what_is_no_error_of_ours_in_an_undo_is_not_swallowed(self) -> None:
        with pytest.raises(KeyboardInterrupt), undoing(HostError("no coffee")):
            raise KeyboardInterrupt


class TestRetired:
    """Whether the old colours are stopped after a deploy."""

    @pytest.fixture
    def retired(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[..., tuple[list[str], list[str]]]:
        def go(warm: bool, due: bool) -> tuple[list[str], list[str]]:
            """The commands, and the reasons for none."""
            project = Path(__file__).parents[3]
            stack = load_deployment(project / "inventory", "sandbox", with_source=False).stack
            settings = stack.settings.model_copy(update={"warm": warm})
            given = FakeRun(stack.model_copy(update={"settings": settings}), due)
            reasons: list[str] = []
            host = fake_host()
            monkeypatch.setattr(release, "host", host)
            monkeypatch.setattr(host, "noop", reasons.append)
            commands = release.retired._inner(run=cast(Run, given))
            return [command.get_raw_value() for command in commands], reasons

        return go

    def test_stops_what_served_before(self, retired: Any) -> None:
        assert retired(warm=False, due=True) == ([f"{TOOL} retire"], [])

    def test_keeps_it_warm(self, retired: Any) -> None:
        reason = "what served before stays warm, so that a rollback needs no start"
        assert retired(warm=True, due=True) == ([], [reason])

    def test_nothing_moved(self, retired: Any) -> None:
        assert retired(warm=False, due=False) == ([], ["no new release"])


class FakeRun:
    """As much of a run as `retired` looks at."""

    tool = TOOL

    def __init__(self, stack: Any, due: bool) -> None:
        self.deployment = self
        self.stack = stack
        self.moves = ["web"] if due else []
        self.is_due = due

    def cutover(self) -> "FakeRun":
        return self

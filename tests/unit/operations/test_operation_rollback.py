"""Where a rollback goes, and what it says when its way back is gone too."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from operation_harness import fake_host
from pyinfra.api import Host

from higuera.errors import HostError
from higuera.facts.standing import StandingState
from higuera.operations import rollback
from higuera.spec.actor import by_this_deploy
from higuera.spec.load import Deployment, load_deployment

TOOL = by_this_deploy("/usr/local/sbin/higuera-forms")

SERVES_R2 = {"live": {"plan": "0002", "release": "r2"}}


@pytest.mark.parametrize(
    ("target", "asked", "found"), [("r1", None, "r1"), ("r1", "r0", "r0"), ("", "r0", "r0")]
)
def test_target(target: str, asked: str | None, found: str) -> None:
    standing = StandingState(SERVES_R2, target, ("r2", "r1", "r0"))
    assert rollback.target_of("forms", standing, asked) == found


@pytest.mark.parametrize(
    ("standing", "asked", "sentence"),
    [
        (None, None, "forms was never deployed here: there is nothing to roll back"),
        (None, "r1", "forms was never deployed here: there is nothing to roll back"),
        (StandingState({"live": None}, ""), "r1", "forms was never deployed here"),
        (StandingState({}, "r1"), None, "forms was never deployed here"),
        (StandingState(SERVES_R2, "r1"), "r2", "release r2 is live already: nothing was rolled"),
        (StandingState(SERVES_R2, ""), None, "there is no release to go back to: r2 serves"),
    ],
)
def test_no_target(standing: StandingState | None, asked: str | None, sentence: str) -> None:
    with pytest.raises(HostError) as raised:
        rollback.target_of("forms", standing, asked)
    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize("asked", ["r9", "", "r1 ", "R1", "../releases/r1"])
def test_only_to_what_was_ever_confirmed(asked: str) -> None:
    standing = StandingState(SERVES_R2, "r1", ("r2", "r1", "r0"))
    with pytest.raises(HostError) as raised:
        rollback.target_of("forms", standing, asked)
    assert str(raised.value) == (
        f"release {asked} is not here, or was never confirmed live (there are: r2, r1, r0)"
    )


@pytest.fixture
def deployment() -> Deployment:
    project = Path(__file__).parents[3]
    return load_deployment(project / "inventory", "sandbox", with_source=False)


def rolled_back(
    deployment: Deployment,
    prove: Any,
    broken: str = "",
    serves: str = "r2",
    moved: list[str] | None = None,
) -> tuple[list[str], str]:
    """The tool's commands that a rollback ran, and how it failed."""
    ran: list[str] = []

    def run_remote(host: Host, script: str) -> list[str]:
        if script.startswith("basename "):
            return [
                serves,
                "backend /slots/backend-green",
                "web /slots/web-green",
                "old /slots/old",
            ]
        if script.startswith("find "):
            return ["backend /slots/backend-green", "web /slots/web-blue"]
        words = script.removeprefix(f"{TOOL} ")
        ran.append(words)
        if words.split()[0] == broken:
            raise HostError(f"{broken} is broken")
        return ["backend-blue is healthy", "0005"] if words.startswith("back") else [words]

    (command,) = rollback.rolled_back._inner(
        deployment=deployment,
        live="r2",
        target="r1",
        prove=prove,
        moved=([] if moved is None else moved).extend,
    )
    host = fake_host()
    errors: list[str] = []
    with (
        patch.object(rollback, "run_remote", run_remote),
        patch("higuera.operations.flip.run_remote", run_remote),
        patch.object(host, "log"),
        patch.object(host, "log_styled", lambda line, **how: errors.append(line)),
    ):
        assert command.function(host.state, host) == (not errors)
    return ran, "\n".join(errors)


def well(host: Host) -> None:
    pass


def badly(host: Host) -> None:
    raise HostError("login is broken")


def test_armed_checked_proven_kept(deployment: Deployment) -> None:
    seconds = deployment.stack.settings.confirm_deadline
    switch = f"switch 0005 {seconds} && {TOOL} check"
    assert rolled_back(deployment, well) == (["back r1", switch, "confirm 0005"], "")


def test_what_moved_is_told(deployment: Deployment) -> None:
    """Another slot, or none any more; nothing of a rollback that did not happen."""
    moved: list[str] = []
    rolled_back(deployment, badly, moved=moved)
    assert moved == []
    rolled_back(deployment, well, moved=moved)
    assert moved == ["old", "web"]


def test_what_served_before_is_stopped_where_nothing_stays_warm(deployment: Deployment) -> None:
    cold = deployment.stack.settings.model_copy(update={"warm": False})
    stack = deployment.stack.model_copy(update={"settings": cold})
    ran, error = rolled_back(replace(deployment, stack=stack), well)
    assert (ran[-2:], error) == (["confirm 0005", "retire"], "")


def test_what_proves_bad_is_taken_back(deployment: Deployment) -> None:
    ran, error = rolled_back(deployment, badly)
    assert ran[-1] == "revert 0005"
    assert error == "login is broken\nrevert 0005\nthe rollback did not happen"


@pytest.mark.parametrize("broken", ["switch", "confirm"])
def test_a_step_that_fails_is_taken_back(deployment: Deployment, broken: str) -> None:
    ran, error = rolled_back(deployment, well, broken=broken)
    assert ran[-1] == "revert 0005"
    assert error == f"{broken} is broken\nrevert 0005\nthe rollback did not happen"


def test_the_cause_is_told_when_the_timer_was_faster(deployment: Deployment) -> None:
    _, error = rolled_back(deployment, badly, broken="revert")
    assert error == "login is broken\nrevert is broken\nthe rollback did not happen"


def test_a_release_that_does_not_start_moves_nothing(deployment: Deployment) -> None:
    ran, error = rolled_back(deployment, well, broken="back")
    assert (ran, error) == (["back r1"], "back is broken")


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_rollback_says_first_from_what_to_what_and_how_old() -> None:
    live = {"plan": "0002", "release": "20261123T090000Z-b", "since": "2026-11-23T09:00:00Z"}
    standing = StandingState({"live": live}, "20261121T115900Z-a")
    assert rollback.announcement(standing, "20261121T115900Z-a", NOW) == [
        "from 20261123T090000Z-b back to 20261121T115900Z-a",
        "20261123T090000Z-b: went live 3 h ago",
        "20261121T115900Z-a: made 2 days ago",
        "the database stays as it is: a rollback moves code, not data",
    ]


def test_a_rollback_to_what_does_not_say_its_age() -> None:
    lines = rollback.announcement(StandingState(SERVES_R2, "r1"), "r1", NOW)
    assert lines[0] == "from r2 back to r1"
    assert lines[2] == "r1: made at an unknown time"


def test_what_went_live_meanwhile_is_not_rolled_back(deployment: Deployment) -> None:
    ran, error = rolled_back(deployment, well, serves="r3")
    assert ran == []
    assert error.startswith("release r3 went live meanwhile, and not r2 serves")

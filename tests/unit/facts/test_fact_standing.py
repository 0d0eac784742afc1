"""How an app stands: from the tool's two lines, from half of them, and from nonsense."""

import json
from pathlib import Path

import pytest
from fact_catalogue import command_of, run_sh
from hypothesis import given
from hypothesis import strategies as st

from higuera.facts.standing import Standing, StandingState

STATUS = {"app": "forms", "live": {"plan": "0002", "release": "r2", "since": "x"}, "services": {}}


def test_status_and_target() -> None:
    found = Standing().process([json.dumps(STATUS), "r1"])
    assert found == StandingState(STATUS, "r1")
    assert found is not None
    assert found.live == "r2"


@pytest.mark.parametrize("lines", [[json.dumps(STATUS)], [json.dumps(STATUS), ""]])
def test_no_target(lines: list[str]) -> None:
    assert Standing().process(lines) == StandingState(STATUS, "")


@pytest.mark.parametrize("status", [{}, {"live": None}, {"app": "forms", "live": {}}])
def test_nothing_is_live(status: dict[str, object]) -> None:
    assert StandingState(status, "").live == ""


@pytest.mark.parametrize("lines", [[], [""], ["{"], ["null"], ["5"], ["[]"], ['"x"'], ["banner"]])
def test_no_status_is_never_deployed(lines: list[str]) -> None:
    assert Standing().process(lines) is None


@given(st.lists(st.text()))
def test_nonsense_is_no_status(lines: list[str]) -> None:
    found = Standing().process(lines)
    assert found is None or isinstance(found.status, dict)


@pytest.mark.parametrize("app", ["nowhere", "a b", "$(touch canary)", "a'; touch canary; '"])
def test_never_deployed_here(app: str, tmp_path: Path) -> None:
    done = run_sh(command_of(Standing, app=app), tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
    assert Standing().default() is None or Standing().process([]) is None

"""How an app stands: from what the tool prints, from half of it, and from nonsense."""

import json
from pathlib import Path

import pytest
from fact_catalogue import command_of, run_sh
from hypothesis import example, given
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


RELEASES = [
    "r4  never confirmed  ",
    "r3  2026-11-23T12:00:00Z  rolled back from",
    "r2  2026-11-23T11:00:00Z  live",
    "r1  2026-11-23T10:00:00Z  ",
]


@pytest.mark.parametrize(
    ("target", "found"), [(["r1", ""], "r1"), ([""], ""), (["  r1 ", ""], "r1")]
)
def test_which_were_ever_confirmed(target: list[str], found: str) -> None:
    lines = [json.dumps(STATUS), *target, *RELEASES]
    assert Standing().process(lines) == StandingState(STATUS, found, ("r3", "r2", "r1"))


@pytest.mark.parametrize("target", [["r1", ""], [""]])
def test_none_was_ever_confirmed(target: list[str]) -> None:
    found = Standing().process([json.dumps(STATUS), *target, RELEASES[0]])
    assert found is not None
    assert found.confirmed == ()


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


IDS = st.from_regex(r"[0-9]{1,8}T[0-9]{6}Z-[0-9a-f]{7}", fullmatch=True)


@given(
    st.sampled_from(["", "r1"]),
    st.lists(st.tuples(IDS, st.sampled_from(["never confirmed  ", "then  live", "then  "]))),
)
def test_releases_in_the_order_of_the_tool(target: str, rows: list[tuple[str, str]]) -> None:
    """Told apart by their second word, in the order of the tool."""
    lines = [json.dumps(STATUS), *([target] if target else []), ""]
    found = Standing().process([*lines, *(f"{name}  {rest}" for name, rest in rows)])
    confirmed = tuple(name for name, rest in rows if not rest.startswith("never"))
    assert found == StandingState(STATUS, target, confirmed)


@example(["", ""])
@given(st.lists(st.text()))
def test_nonsense_after_a_status_is_no_traceback(lines: list[str]) -> None:
    found = Standing().process([json.dumps(STATUS), *lines])
    assert found is not None
    assert (found.status, found.live) == (STATUS, "r2")
    assert all(found.confirmed)


@pytest.mark.parametrize("app", ["nowhere", "a b", "$(touch canary)", "a'; touch canary; '"])
def test_never_deployed_here(app: str, tmp_path: Path) -> None:
    done = run_sh(command_of(Standing, app=app), tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
    assert Standing().default() is None or Standing().process([]) is None

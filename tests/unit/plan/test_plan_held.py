"""Whether a plan still holds."""

from pathlib import Path

import pytest
from plans import basis, plan

from higuera.errors import PlanError
from higuera.plan.held import read_plan, refuse_moved, refuse_no_way_back, refuse_other


def test_it_holds() -> None:
    refuse_moved(plan(), basis())
    refuse_other(plan(), "forms", "production", "vps.example.com")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"host": {"the live release": "r2", "/etc/a": "0123456789abcdef"}},
            "on the host: the live release changed (r1 → r2)",
        ),
        (
            {"host": {"the live release": "r1", "/etc/a": "1123456789abcdef"}},
            "on the host: /etc/a changed",
        ),
        ({"host": {"the live release": "r1"}}, "on the host: /etc/a is gone"),
        ({"host": {"the live release": "r1", "/etc/a": "none"}}, "on the host: /etc/a changed"),
        (
            {"source": {"the commit": "ab12cd3", "service web": "x"}},
            "in the source: service web is new",
        ),
        ({"database": {"the schema": "0" * 16}}, "in the database: the schema changed"),
    ],
)
def test_what_moved_is_named(change: dict[str, dict[str, str]], said: str) -> None:
    with pytest.raises(PlanError) as error:
        refuse_moved(plan(), basis(**change))
    first, line, last = str(error.value).splitlines()
    assert first.startswith("this is not what was planned at 2026-11-23T10:15:00Z")
    assert line == f"  {said}"
    assert last.startswith("nothing was changed")


@pytest.mark.parametrize(
    "place",
    [
        ("other", "production", "vps.example.com"),
        ("forms", "staging", "vps.example.com"),
        ("forms", "production", "other.example.com"),
    ],
)
def test_another_place(place: tuple[str, str, str]) -> None:
    with pytest.raises(PlanError, match="the plan is for forms in production at vps"):
        refuse_other(plan(), *place)


def test_a_deploy_that_would_be_refused() -> None:
    with pytest.raises(PlanError, match="would be refused:\nit drifted"):
        refuse_other(
            plan(verdict="refused", refusals=["it drifted"]),
            "forms",
            "production",
            "vps.example.com",
        )


def test_a_way_back_that_was_planned_is_not_given_up() -> None:
    with pytest.raises(PlanError, match="the plan keeps the way back"):
        refuse_no_way_back(plan(), True)
    refuse_no_way_back(plan(), False)
    refuse_no_way_back(plan(no_way_back=True), True)
    refuse_no_way_back(plan(no_way_back=True), False)


def test_it_comes_back_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(plan().model_dump_json())
    assert read_plan(file) == plan()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[1]", b'{"version": 2}'])
def test_no_plan(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "p.json"
    file.write_bytes(content)
    with pytest.raises(PlanError, match=r"p\.json: "):
        read_plan(file)
    with pytest.raises(PlanError, match="cannot be read"):
        read_plan(tmp_path / "missing.json")

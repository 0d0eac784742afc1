"""Kinds and strategies of a service: what may run twice, what has a port, what answers a route."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from spec_files import GONE, SERVICE, STACK, Project, changed, new_project

from higuera.errors import SpecError
from higuera.spec.service import COLOURS, PORT_OFFSETS, Service
from higuera.spec.stack import LET_GO, Stack

WORKER = {
    "kind": "worker",
    **{key: value for key, value in SERVICE.items() if key not in ("port", "health")},
}


def service(**more: Any) -> Service:
    given = WORKER if more.get("kind") == "worker" else SERVICE
    return Service.model_validate({**given, **more})


def stack(**services: dict[str, Any]) -> dict[str, Any]:
    """The valid stack with services changed or added."""
    given = STACK
    for name, keys in services.items():
        given = changed(given, f"services.{name}", {**STACK["services"].get(name, {}), **keys})
    return given


def fault(data: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as raised:
        Stack.model_validate(data)
    (finding,) = raised.value.errors()
    return str(finding["msg"])


@pytest.mark.parametrize(
    ("given", "exclusive", "swaps"),
    [
        ({}, False, False),
        ({"kind": "web"}, False, False),
        ({"strategy": "overlap"}, False, False),
        ({"strategy": "exclusive"}, True, True),
        ({"kind": "worker"}, True, True),
        ({"kind": "worker", "strategy": "exclusive"}, True, True),
        ({"kind": "worker", "strategy": "overlap"}, False, True),
    ],
)
def test_what_may_run_twice(given: dict[str, str], exclusive: bool, swaps: bool) -> None:
    made = service(**given)
    assert (made.is_exclusive, made.swaps) == (exclusive, swaps)
    assert made.is_worker == ("kind" in given and given["kind"] == "worker")


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("services.web.port", GONE, "services.web: port is required (or is it a kind: worker?)"),
        ("services.web.port", None, "services.web: port is required (or is it a kind: worker?)"),
        (
            "services.web.health",
            GONE,
            "services.web: health is required (or is it a kind: worker?)",
        ),
        (
            "services.web.kind",
            "worker",
            "services.web: a worker answers nobody: it has no port",
        ),
        ("services.jobs", {**WORKER, "port": 3002}, "services.jobs: a worker answers nobody: it"),
        ("services.jobs", {**WORKER, "health": "/"}, "a worker answers nobody: it has no health"),
        (
            "services.jobs",
            {**WORKER, "static": {"/a/": "b"}},
            "a worker answers nobody: it has no static",
        ),
        ("services.web.kind", "job", "services.web.kind: should be 'web' or 'worker', got \"job\""),
        ("services.web.strategy", "never", "services.web.strategy: should be 'overlap' or"),
        ("services.web.stop_limit", 0, "services.web.stop_limit: input should be greater than"),
        ("services.web.stop_limit", 3601, "services.web.stop_limit: input should be less than"),
    ],
)
def test_what_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, value: Any, sentence: str
) -> None:
    project: Project = new_project(tmp_path, monkeypatch)
    project.change(path, value)
    with pytest.raises(SpecError) as raised:
        project.load()
    assert str(raised.value).startswith("inventory/stack.yml:")
    assert sentence in str(raised.value)


def test_a_route_to_a_worker() -> None:
    data = changed(stack(jobs=WORKER), "routes./jobs/", "jobs")
    assert "routes./jobs/: jobs is a worker, which answers nobody" in fault(data)


def test_both_colours_of_what_is_exclusive_have_one_port() -> None:
    exclusive, overlap = service(strategy="exclusive"), service()
    assert [exclusive.port_of(colour) for colour in COLOURS] == [3001, 3001]
    assert [overlap.port_of(colour) for colour in COLOURS] == [3001, 3001 + PORT_OFFSETS["green"]]


def test_a_worker_has_no_port() -> None:
    with pytest.raises(ValueError, match="a worker has no port"):
        service(kind="worker").port_of("blue")


def test_the_port_above_what_is_exclusive_is_free() -> None:
    above = {"port": 3001 + PORT_OFFSETS["green"]}
    Stack.model_validate(stack(backend={"strategy": "exclusive"}, web=above))
    clash = "services.web.port (blue): port 3101 is taken by services.backend.port (green)"
    assert clash in fault(stack(web=above))


def test_two_that_are_exclusive_do_not_share_a_port() -> None:
    both = {"strategy": "exclusive", "port": 3001}
    clash = "services.web.port (blue): port 3001 is taken by services.backend.port (blue)"
    assert clash in fault(stack(backend=both, web=both))


def test_a_worker_takes_no_port_and_no_health_path() -> None:
    made = Stack.model_validate(stack(jobs=WORKER, more=WORKER))
    assert made.workers() == ["jobs", "more"]
    assert made.public_health() == ["/api/health", "/"]


def test_who_changes_colour_only_with_the_cutover() -> None:
    made = Stack.model_validate(
        stack(
            backend={"strategy": "exclusive"},
            jobs=WORKER,
            mails={**WORKER, "strategy": "overlap"},
        )
    )
    assert made.swapping() == ["backend", "jobs", "mails"]
    assert made.overlapping_workers() == ["mails"]


def test_the_time_that_a_swap_may_take() -> None:
    assert Stack.model_validate(STACK).swap_seconds() == 0
    data = stack(backend={"strategy": "exclusive", "stop_limit": 7}, jobs=WORKER)
    made = Stack.model_validate(changed(data, "settings", {"health_deadline": 11}))
    assert made.swap_seconds() == (LET_GO + 7 + 11) + (LET_GO + 30 + 11)


@pytest.mark.parametrize(
    ("route", "takers"),
    [
        ("/", ["web"]),
        ("/api/", ["backend", "web"]),
        ("/api/v2/", ["jobs", "backend", "web"]),
        ("/apis/", ["backend", "web"]),
    ],
)
def test_who_takes_a_route_in_turn(route: str, takers: list[str]) -> None:
    routes = {"/": "web", "/apis/": "backend", "/api/v2/": "jobs", "/api/": "backend"}
    jobs = {**SERVICE, "port": 3002}
    made = Stack.model_validate(changed(stack(jobs=jobs), "routes", routes))
    assert made.takers(route) == takers

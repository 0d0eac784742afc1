"""What never runs twice: a backend with an embedded job worker, and a worker of its own."""

import json
from itertools import pairwise

import pytest
from aftermath import journal, refused
from harness import HIGUERA, Project, until
from under_load import loaded

WORKER = """  worker:
    kind: worker
    runtime: node
    build: sh build.sh worker
    sources: [build.sh, worker]
    artifact: dist/worker
    start: node worker.js
    stop_limit: 5
routes:"""


@pytest.fixture
def alone(mini: Project) -> Project:
    """The mini app with a backend that never runs twice, and a worker."""
    mini.edit("inventory/stack.yml", "  backend:\n", "  backend:\n    strategy: exclusive\n")
    mini.edit("inventory/stack.yml", "routes:", WORKER)
    mini.deployed()
    assert mini.plan() == []
    return mini


def change(project: Project, old: str, new: str) -> None:
    """Another version of both."""
    project.edit("app/backend/server.js", f"VERSION = '{old}'", f"VERSION = '{new}'")
    project.edit("app/worker/worker.js", f"VERSION = '{old}'", f"VERSION = '{new}'")


def version(project: Project) -> str:
    return str(project.get("/api/version").json()["version"])


def working(project: Project) -> list[str]:
    """The colours of the worker that run."""
    return [unit for unit in project.pids() if "worker" in unit]


def lives(project: Project, service: str) -> list[tuple[float, float]]:
    """When each process of a service began and ended, by systemd's own account, in seconds."""
    lines = project.shell(
        "journalctl --sync; journalctl -o json --no-pager "
        f"-u mini-{service}-blue -u mini-{service}-green"
    ).splitlines()
    began: dict[str, float] = {}
    spans = []
    for entry in map(json.loads, lines):
        message = str(entry.get("MESSAGE", ""))
        at, unit = int(entry["__MONOTONIC_TIMESTAMP"]) / 1e6, str(entry.get("UNIT", ""))
        if message.startswith("Starting "):
            began[unit] = at
        elif message.startswith("Stopped ") and unit in began:
            spans.append((began.pop(unit), at))
    return sorted([*spans, *((at, float("inf")) for at in began.values())])


def never_twice(project: Project, service: str) -> None:
    spans = lives(project, service)
    assert len(spans) > 1
    for (_, ended), (began, _) in pairwise(spans):
        assert ended <= began, f"two of {service} ran at once: {spans}"


def test_a_story_of_what_never_runs_twice(alone: Project) -> None:
    with loaded(alone, "--clients", "10", "--sockets", "0") as seen:
        change(alone, "one", "two")
        printed = alone.deployed()
        assert "never beside what serves" in printed
        assert version(alone) == "two"
        assert working(alone) == ["mini-worker-green.service"]

        change(alone, "two", "three")
        alone.edit(
            "app/backend/server.js", "const VERSION", "throw new Error('no coffee')\nconst VERSION"
        )
        done = alone.deploy("-y")
        assert done.returncode == 1 and "no coffee" in done.stderr
        assert version(alone) == "two"
        assert working(alone) == ["mini-worker-green.service"]

        done = alone.run(HIGUERA, "rollback", "--yes")
        assert done.returncode == 0, done.stderr
        assert version(alone) == "one"
        assert working(alone) == ["mini-worker-blue.service"]
    assert seen["requests"] > 1000
    assert seen["failures"] == 0, seen
    never_twice(alone, "backend")
    never_twice(alone, "worker")


def test_an_unconfirmed_swap_goes_back_over_a_reboot(alone: Project) -> None:
    change(alone, "one", "two")
    alone.deployed()
    alone.shell("higuera-mini switch $(higuera-mini back 2>/dev/null) 600")
    assert version(alone) == "one"
    alone.reboot()
    until(lambda: version(alone) == "two", "the confirmed release serves")
    until(lambda: working(alone) == ["mini-worker-green.service"], "its worker works")


def test_a_worker_that_moves_leaves_the_page_to_be_proven_first(alone: Project) -> None:
    alone.edit("app/worker/worker.js", "VERSION = 'one'", "VERSION = 'two'")
    alone.edit("app/web/server.js", "Mini one", "Oops")
    refused(alone, "Starting operation: Candidate smoke", "smoke page failed")
    assert "Mini one" in alone.get("/").text
    steps = [(entry["step"], entry["result"]) for entry in journal(alone)]
    assert ("candidate smoke", "failed") in steps

"""A host with what never runs twice: a backend with one port for both colours, and a worker."""

from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tool_host import History, ToolHost, forms_stack

from higuera.spec.stack import Stack

SERVICES = ("backend", "web", "worker")
WORKER = {
    "kind": "worker",
    "runtime": "node",
    "build": "true",
    "artifact": "dist",
    "start": "node worker.js",
    "stop_limit": 5,
}
# Writes the gate of the backend beside each call, as it is at that moment.
SHOW_GATE = '[ ! -e {gate} ] || echo "(the gate is closed)" >>"$here/calls"'


def swap_stack(**worker: Any) -> Stack:
    """The stack of this repository with a backend that never runs twice, and a worker."""
    data = forms_stack().model_dump()
    data["services"]["backend"]["strategy"] = "exclusive"
    data["services"]["worker"] = {**WORKER, **worker}
    return Stack.model_validate(data)


def swap_host(root: Path, **worker: Any) -> ToolHost:
    """Such a host, on which a worker proves itself in one second and not three."""
    with patch("higuera.render.units.WORKER_PROOF", 1):
        return ToolHost.make(root, swap_stack(**worker))


@cache
def swap_history_of(session: Path, **worker: Any) -> History:
    """The one of this test session, which is known by its temporary folder."""
    name = "-".join(["swap", *worker.values()])
    return History(swap_host(session / name / "host", **worker))


def with_third(host: ToolHost) -> ToolHost:
    """And r3 is prepared on blue, as plan 0003."""
    host.release("r3")
    for service in host.stack.services:
        host.run("prepare", service, "blue", "r3")
    plan = host.run("plan", "r3", *(f"{service}=blue" for service in host.stack.services))
    assert plan == "0003"
    host.calls()
    return host


def units_called(host: ToolHost) -> list[str]:
    """`verb unit` of each call of systemctl that starts or stops or looks at a service."""
    found = []
    for call in host.calls():
        words = [word for word in call.split() if word != "--quiet"]
        if call.endswith(".timer"):
            continue
        if call.startswith("("):
            found.append(call)
        elif words[0] == "systemctl" and {"start", "stop", "is-active"} & set(words):
            found.append(" ".join(words[1:]).replace(".service", ""))
    return found

"""Who may listen on a slot's port when it starts."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from swap_host import swap_stack
from tool_host import ToolHost, forms_stack

from higuera.spec.stack import Stack


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody on a port that a service could have."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def host(tmp_path: Path, listener: socket.socket) -> ToolHost:
    """Web is prepared on blue, which has that port; `ss` is the real one."""
    data = forms_stack().model_dump()
    data["services"]["web"]["port"] = listener.getsockname()[1]
    host = ToolHost.make(tmp_path, Stack.model_validate(data))
    host.release("r1")
    host.run("prepare", "web", "blue", "r1")
    (host.stubs / "bin/ss").unlink()
    host.calls()
    return host


def test_who_has_it_is_named(host: ToolHost, listener: socket.socket) -> None:
    host.stub("ps", '[ "$1 $2" = "-o unit=" ] && echo "cups.service"')
    done = host.try_to("start", "web", "blue")
    port = listener.getsockname()[1]
    start = f"higuera-forms: web-blue cannot start: port {port} is taken by "
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(start)
    assert done.stderr.removeprefix(start).split(" ", 1)[1].startswith("(process ")
    assert done.stderr.endswith(", cups.service)\n")
    assert [call for call in host.calls() if " start " in call] == []


def test_by_its_real_process(host: ToolHost) -> None:
    assert f"(process {os.getpid()}, " in host.try_to("start", "web", "blue").stderr


def test_the_slot_itself_may_have_it(host: ToolHost) -> None:
    host.stub("ps", "echo forms-web-blue.service")
    assert host.run("start", "web", "blue") == "web-blue is healthy"


def test_the_other_colour_has_it_from_when_it_was_exclusive(host: ToolHost) -> None:
    host.stub("ps", "echo forms-web-green.service")
    done = host.try_to("start", "web", "blue")
    assert done.stderr.endswith(", forms-web-green.service); give web another port\n")


@pytest.mark.parametrize("unit", ["forms-backend-blue", "forms-web"])
def test_another_of_ours_may_not(host: ToolHost, unit: str) -> None:
    """Its answers would make the candidate look healthy."""
    host.stub("ps", f"echo {unit}.service")
    done = host.try_to("start", "web", "blue")
    assert (done.returncode, done.stdout) == (1, "")
    assert f", {unit}.service)\n" in done.stderr


@pytest.mark.parametrize(
    ("unit", "may"),
    [
        ("forms-backend-blue", True),
        ("forms-backend-green", True),
        ("forms-web-green", False),
        ("forms-backend-x-green", False),
        ("cups", False),
    ],
)
def test_of_what_swaps_the_other_colour_may(
    tmp_path: Path, listener: socket.socket, unit: str, may: bool
) -> None:
    """It has the same port, and ends before this one begins."""
    data = swap_stack().model_dump()
    data["services"]["backend"]["port"] = listener.getsockname()[1]
    host = ToolHost.make(tmp_path, Stack.model_validate(data))
    host.release("r1")
    host.run("prepare", "backend", "blue", "r1")
    (host.stubs / "bin/ss").unlink()
    host.stub("ps", f"echo {unit}.service")
    done = host.try_to("start", "backend", "blue")
    assert (done.returncode == 0) == may
    assert (f", {unit}.service)\n" in done.stderr) == (not may)


def test_nobody_has_it(host: ToolHost, listener: socket.socket) -> None:
    listener.close()
    assert host.run("start", "web", "blue") == "web-blue is healthy"

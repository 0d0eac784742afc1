"""The controller goes: Ctrl-C, a cancelled job, `kill -9`, a cut line, at each step of a deploy."""

import signal
import subprocess
import time
from collections.abc import Callable

import pytest
from aftermath import (
    converges,
    in_the_middle,
    next_page,
    one_release_serves,
    settled,
    slow_where_asked,
    slowly,
    struck,
)
from harness import Project, until

from higuera import sandbox

STEPS = ["Build", "Upload", "Candidates", "Candidate smoke", "Cutover"]
ABANDONED = ("deploy", "abandoned")
PROXY = "systemctl is-active mini-web-green-proxy.service || true"


def struck_at_each(
    project: Project, steps: list[str], strike: Callable[[subprocess.Popen[str]], None], code: int
) -> None:
    """A deploy ended in the middle of each step; what is live stays, and a rerun puts it live."""
    slow_where_asked(project)
    live = "one"
    for step in steps:
        release = f"after {step}"
        next_page(project, live, release)

        def end(process: subprocess.Popen[str], step: str = step, word: str = release) -> None:
            in_the_middle(project, step, word)
            strike(process)

        with slowly(project, step):
            ended, printed = struck(project, step, end)
        assert ended == code, printed
        settled(project, live, ABANDONED, home=False)
        project.deployed()
        one_release_serves(project, release)
        live = release
    assert project.plan() == []


@pytest.mark.parametrize(
    ("number", "steps"),
    [
        (signal.SIGINT, STEPS),
        (signal.SIGTERM, ["Candidates", "Candidate smoke", "Cutover"]),
        (signal.SIGKILL, STEPS),
    ],
)
def test_an_ended_controller(mini: Project, number: int, steps: list[str]) -> None:
    """The host notices at once, takes back what was not confirmed and stops what was started."""
    code = -number if number == signal.SIGKILL else 128 + number
    struck_at_each(mini, steps, lambda process: process.send_signal(number), code)


def test_a_request_that_waits_for_the_candidate(mini: Project) -> None:
    """A connection in its socket does not start again what the host has stopped."""
    slow_where_asked(mini)
    next_page(mini, "one", "two")
    ask = "curl --silent --max-time 20 --unix-socket /run/higuera/mini/web-green.sock http://localhost/"

    def end(process: subprocess.Popen[str]) -> None:
        in_the_middle(mini, "Candidates", "two")
        mini.shell(f"systemd-run --quiet --collect -- {ask}")
        until(lambda: mini.shell(PROXY) != "inactive", "a request waits", 5)
        process.kill()

    with slowly(mini, "Candidates"):
        struck(mini, "Candidates", end)
    settled(mini, "one", ABANDONED, home=False)
    converges(mini, "two")


@pytest.mark.parametrize("step", ["Candidate smoke", "Cutover", "after the flip"])
def test_a_cut_line(mini: Project, step: str) -> None:
    """SSH cut before, during and after the flip: both ends notice, and the old release serves."""
    slow_where_asked(mini)
    next_page(mini, "one", "two")

    def cut(process: subprocess.Popen[str]) -> None:
        if step == "after the flip":
            in_the_middle(mini, "Cutover", "two")
        sandbox.network_cut(mini.vps)

    began = time.monotonic()
    at = "Cutover" if step == "after the flip" else step
    try:
        with slowly(mini, at):
            code, printed = struck(mini, at, cut)
    finally:
        sandbox.network_restore(mini.vps)
    assert code == 1, printed
    assert "the connection to" in printed and "is gone" in printed
    assert time.monotonic() - began < 120, "the controller does not wait for a line that is gone"
    settled(mini, "one", ABANDONED, home=False)
    converges(mini, "two")

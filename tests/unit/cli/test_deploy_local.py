"""`higuera deploy` for real, against `@local`: what is recorded, said, and exited with.

The deploy is one of a few steps; everything else is what a VPS gets.
"""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from published import hold

from higuera.runs import parse, records, told_by

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
CANARY = "canary-first-7f3a"
PASSWORD = "canary/pass@word"
DEPLOY = """
import os
import time
from pathlib import Path

from pyinfra import host
from pyinfra.api import operation
from pyinfra.operations import server

from higuera.deploys.start import deployment_of
from higuera.errors import BuildError
from higuera.operations.step import step

secrets = deployment_of(host).secrets
asked = os.environ.get("DO", "")


def wrong():
    int(secrets.reveal("MINI_URL"))  # Python tells what is no number


@operation()
def same():
    if asked == "bug in an operation" and host.state.is_executing:
        wrong()
    host.noop("as it should be")
    return
    yield


@operation()
def built():
    def work(host):
        host.log(f"built with {secrets.reveal('MINI_SECRET')}")
        if asked == "fail":
            raise BuildError("  psql: canary/pass@word\\n`make` failed: canary%2Fpass%40word")
        if asked == "wait":
            Path("waits").touch()
            time.sleep(60)
    yield step(work)


if asked == "bug in deploy.py":
    wrong()
same(name="Packages")
built(name="Build")
server.shell(name="Upload", commands=["true"])
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    inventory = tmp_path / "inventory"
    inventory.mkdir()
    (tmp_path / "app").mkdir()
    shutil.copy(ROOT / "config.py", tmp_path)
    (tmp_path / "deploy.py").write_text(DEPLOY)
    stack = (ROOT / "tests/vps/mini/stack.yml").read_text()
    both = stack.replace("secrets: [MINI_SECRET]", "secrets: [MINI_SECRET, MINI_URL]")
    (inventory / "stack.yml").write_text(both)
    (inventory / "here.yml").write_text('host: "@local"\n')
    url = "postgresql://me:canary%2Fpass%40word@127.0.0.1/x"
    (tmp_path / ".env.here").write_text(f"MINI_SECRET={CANARY}\nMINI_URL={url}\n")
    return tmp_path


def environ(do: str) -> dict[str, str]:
    return {**os.environ, "HIGUERA_ENV": "here", "DO": do}


def run(project: Path, *words: str, do: str = "") -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        cwd=project,
        env=environ(do),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    assert ("Traceback" in said) == do.startswith("bug"), said
    assert_hidden(said)
    if words[0] == "higuera":
        hold(words[1:], done.stdout)
    return done


def assert_hidden(text: str) -> None:
    for needle in (CANARY, PASSWORD, "canary%2Fpass"):
        assert needle not in text


def record(project: Path) -> list[dict[str, Any]]:
    """The newest record's events, each of which is one."""
    text = records(project, "here")[0].read_text()
    assert_hidden(text)
    assert all(parse(line) for line in text.splitlines())
    return [json.loads(line) for line in text.splitlines()]


def test_events_and_record_are_the_same(project: Path) -> None:
    done = run(project, "higuera", "deploy", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events == record(project)
    steps = [(e["event"], e["step"]) for e in events if e["event"].startswith("step")]
    names = ("Packages", "Build", "Upload")
    assert steps == [(kind, n) for n in names for kind in ("step_started", "step_done")]
    assert [e["result"] for e in events if e["event"] == "step_done"] == ["unchanged", "ok", "ok"]
    assert (events[0]["event"], events[0]["what"]) == ("started", "deploy")
    assert (events[-1]["event"], events[-1]["result"]) == ("finished", "ok")
    assert "built with ***" in [e.get("text") for e in events]


def test_pyinfra_by_hand_records_as_well_but_not_when_it_only_looks(project: Path) -> None:
    assert run(project, "pyinfra", "inventory", "deploy.py", "--dry").returncode == 0
    assert records(project, "here") == []
    assert run(project, "pyinfra", "inventory", "deploy.py", "-y").returncode == 0
    found = record(project)
    assert (found[0]["what"], found[-1]["result"]) == ("deploy", "ok")


def test_a_failure_is_told_and_recorded(project: Path) -> None:
    done = run(project, "higuera", "deploy", "--yes", do="fail")
    assert done.returncode == 1
    assert "Build  `make` failed: ***" in done.stdout
    assert "deploy failed at Build after" in done.stdout
    end = record(project)[-1]
    assert (end["result"], end["status"], end["step"]) == ("failed", 1, "Build")
    assert "`make` failed: ***" in end["text"]
    assert "failed at Build" in run(project, "higuera", "runs").stdout


def test_what_no_event_explains_is_shown_as_it_was_said(project: Path) -> None:
    (project / "deploy.py").write_text("import nothing_of_that_name\n")
    done = subprocess.run(
        [BIN / "higuera", "deploy", "--yes"],
        cwd=project,
        env=environ(""),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "No module named 'nothing_of_that_name'" in done.stdout
    assert record(project)[-1]["result"] == "failed"


@pytest.mark.parametrize(("place", "is_logged"), [("deploy.py", False), ("an operation", True)])
def test_a_bug_shows_itself_and_no_secret(project: Path, place: str, is_logged: bool) -> None:
    """pyinfra tells it in one way where it prepares, in another where it executes."""
    words = ("pyinfra", "inventory", "deploy.py", "-y", "--debug")
    done = run(project, *words, do=f"bug in {place}")
    told = "ValueError: invalid literal for int() with base 10: '***'"
    assert done.returncode == 1 and told in done.stderr
    log = project / "pyinfra-debug.log"
    assert log.exists() == is_logged
    if is_logged:
        assert told in log.read_text()
        assert_hidden(log.read_text())
    assert record(project)[-1]["result"] == "failed"


def test_nobody_to_ask(project: Path) -> None:
    done = run(project, "higuera", "deploy")
    assert done.returncode == 1
    told = "there is no terminal to ask on: give --yes; nothing was changed"
    assert told in done.stderr
    assert told in run(project, "higuera", "rollback").stderr
    assert records(project, "here") == []


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ("y\n", 0, "put right"),
        ("n\n", 1, "deploy not begun: declined\r\n"),
        ("\x03", 130, "interrupted"),
    ],
)
def test_a_person_is_asked_once(project: Path, answer: str, status: int, said: str) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(project)
        os.execve(BIN / "higuera", ["higuera", "deploy"], environ(""))
    shown = until(terminal, "Go on?")
    assert "would change something: Build, Upload" in shown
    os.write(terminal, answer.encode())
    shown = until(terminal, None)
    _, code = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(code) == status, shown
    assert said in shown
    assert_hidden(shown)
    story = told_by(map(parse, records(project, "here")[0].read_text().splitlines()))
    assert story.result == {0: "ok", 1: "declined", 130: "interrupted"}[status]
    assert story.changed == (["Build", "Upload"] if status == 0 else [])


def until(terminal: int, words: str | None) -> str:
    """What a terminal shows up to some words, or to its end."""
    shown = ""
    while words is None or words not in shown:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # its other end is closed
            break
        shown += more.decode(errors="replace")
    return shown


def test_an_end_in_the_middle(project: Path) -> None:
    """A signal to `higuera deploy` alone, as when CI cancels a job, is handed on."""
    with subprocess.Popen(
        [BIN / "higuera", "deploy", "--yes"],
        cwd=project,
        env=environ("wait"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        deadline = time.monotonic() + 30
        while not (project / "waits").exists():
            assert time.monotonic() < deadline, "the build never began"
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 143, said
    assert "interrupted at Build after" in said
    end = record(project)[-1]
    assert (end["event"], end["result"], end["step"]) == ("finished", "interrupted", "Build")
    assert end["status"] == 143

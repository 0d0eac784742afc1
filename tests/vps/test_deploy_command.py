"""`higuera deploy` on one VPS, a story in order: done, nothing to do, and each way to fail."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aftermath import in_the_middle, next_page, one_release_serves, slow_where_asked, slowly
from conftest import _booted
from harness import HIGUERA, Project, until

from higuera.runs import parse, records

CANARIES = ("canary-first", "Y2FuYXJ5LWZpcnN0")


@pytest.fixture(scope="module")
def story(mini_base: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with _booted(mini_base, tmp_path_factory.mktemp("story") / "project", "command") as project:
        slow_where_asked(project)
        yield project


def deploy(project: Project, *flags: str) -> "subprocess.CompletedProcess[str]":
    done = project.run(HIGUERA, "deploy", *flags)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def record(project: Project) -> list[dict[str, Any]]:
    """The newest record's events."""
    path = records(project.folder, "sandbox")[0]
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert not any(canary in text for canary in CANARIES)
    assert all(parse(line) for line in text.splitlines())
    return [json.loads(line) for line in text.splitlines()]


def test_a_deploy_names_what_it_moved(story: Project) -> None:
    next_page(story, "one", "two")
    done = deploy(story, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    one_release_serves(story, "two")
    end = record(story)[-1]
    assert (end["result"], end["moved"]) == ("ok", ["web"])
    assert f"release {end['release']} is live on sandbox after" in done.stdout
    assert "; moved: web" in done.stdout
    live = story.shell("cat /srv/mini/traffic/live/release/manifest.json")
    assert json.loads(live)["id"] == end["release"]
    lines = done.stdout.splitlines()
    for step in ("Build", "Upload", "Candidates", "Candidate smoke", "Cutover"):
        assert any(f"  {step}  ok  " in line for line in lines), step


def test_nothing_to_do(story: Project) -> None:
    done = deploy(story, "--yes", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events == record(story)
    assert {e["result"] for e in events if e["event"] == "step_done"} == {"unchanged"}
    assert "release" not in events[-1] and "moved" not in events[-1]


def test_no_terminal_and_no_yes(story: Project) -> None:
    kept = records(story.folder, "sandbox")
    done = deploy(story)
    assert done.returncode == 1
    assert "there is no terminal to ask on" in done.stderr
    assert records(story.folder, "sandbox") == kept


def test_a_build_that_fails(story: Project) -> None:
    next_page(story, "two", "three")
    story.edit("app/build.sh", 'mkdir -p "dist/$1"', "echo no such thing; exit 3 # mkdir")
    done = deploy(story, "--yes")
    story.edit("app/build.sh", "echo no such thing; exit 3 # mkdir", 'mkdir -p "dist/$1"')
    assert done.returncode == 1
    assert "no such thing" in done.stdout
    assert "` failed with exit status 3" in done.stdout
    assert "deploy failed at Build after" in done.stdout
    end = record(story)[-1]
    assert (end["result"], end["step"], end["status"]) == ("failed", "Build", 1)
    one_release_serves(story, "two")


@contextmanager
def deploying(project: Project, step: str, word: str) -> Iterator["subprocess.Popen[str]"]:
    """A deploy in the middle of a step, in a session of its own."""
    with (
        slowly(project, step),
        subprocess.Popen(
            [HIGUERA, "deploy", "--yes"],
            cwd=project.folder,
            env={**os.environ, **project.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        in_the_middle(project, step, word)
        yield process


def interrupt(process: "subprocess.Popen[str]") -> None:
    """As Ctrl-C on a terminal does: all of the group get it, the child as well."""
    os.killpg(process.pid, signal.SIGINT)


def kill_the_child(process: "subprocess.Popen[str]") -> None:
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)


@pytest.mark.parametrize(
    ("strike", "status", "result"),
    [(interrupt, 130, "interrupted"), (kill_the_child, 1, "died")],
)
def test_an_end_after_the_flip(
    story: Project, strike: Callable[["subprocess.Popen[str]"], None], status: int, result: str
) -> None:
    """The host takes the flip back; the record says where it ended."""
    with deploying(story, "Cutover", "three") as process:
        strike(process)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == status, said
    assert " at Cutover after" in said
    end = record(story)[-1]
    assert (end["event"], end["result"], end["step"]) == ("finished", result, "Cutover")
    assert "release" not in end
    # Both were waited for, or noticed by the host as soon as the line was gone.
    settled_on(story, "two")
    first = story.run(HIGUERA, "runs", "-n", "1").stdout
    assert f"{result} at Cutover" in first


def settled_on(project: Project, page: str) -> None:
    until(lambda: f"Mini {page}<" in project.get("/").text, "the flip is taken back", 30)
    until(lambda: '"lock": null' in project.shell("higuera-mini status --json"), "no lock", 30)


def test_what_was_told_by_the_host_is_shown(story: Project) -> None:
    """The next deploy is told, and goes on to put the release live."""
    done = deploy(story, "--yes")
    assert done.returncode == 0, done.stdout
    one_release_serves(story, "three")
    shown = story.run(HIGUERA, "runs").stdout.splitlines()
    assert [line.split()[2] for line in shown[:3]] == ["ok", "died", "interrupted"]

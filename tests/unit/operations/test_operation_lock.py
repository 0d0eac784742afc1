"""The lock's script, run for real in a folder: who gets it, and what frees it."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import IO

import pytest

from higuera.operations import lock
from higuera.spec.actor import deploy_id

OWNER = {
    "actor": 'ana@"laptop"',
    "since": "2026-11-23T10:15:00Z",
    "what": "release 'r2'; $(touch canary)",
    "release": "r2",
}


@dataclass
class Machine:
    """A host that is a folder; everybody who took the lock there is ended with the test."""

    root: Path
    taken: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.root / "run/higuera/forms.lock"

    @property
    def owner(self) -> Path:
        return self.file.with_name("forms.lock.owner")

    def journal(self) -> list[dict[str, str]]:
        file = self.root / "var/lib/higuera/forms/journal.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def tool(self, text: str) -> None:
        """An on-host tool that does just this."""
        tool = self.root / "usr/local/sbin/higuera-forms"
        tool.parent.mkdir(parents=True)
        tool.write_text(f"#!/bin/sh\n{text}\n")
        tool.chmod(0o755)

    def start(self, silence: int = 60) -> subprocess.Popen[str]:
        script = lock.script("forms", OWNER, silence)
        moved = re.sub(r"(?<![\w/}.:-])/(srv|run|usr|var)/", rf"{self.root}/\1/", script)
        process = subprocess.Popen(
            ["sh", "-c", moved],
            cwd=self.root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.taken.append(process)
        return process

    def take(self, silence: int = 60) -> subprocess.Popen[str]:
        process = self.start(silence)
        assert re.fullmatch(r"held \d+\n", stream(process.stdout).readline())
        return process

    def is_free(self) -> bool:
        """Asked without taking it: a shared lock meets an exclusive one only."""
        asked = ["flock", "--shared", "--nonblock", str(self.file), "true"]
        return subprocess.run(asked, check=False).returncode == 0


def stream(given: IO[str] | None) -> IO[str]:
    assert given is not None
    return given


def beat(process: subprocess.Popen[str], byte: str = ".") -> None:
    stream(process.stdin).write(byte)
    stream(process.stdin).flush()


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    (tmp_path / "var/lib/higuera").mkdir(parents=True)
    yield machine
    for process in machine.taken:
        stream(process.stdin).close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdout, process.stderr):
            stream(pipe).close()


def test_says_who_holds_it(machine: Machine) -> None:
    holder = machine.take()
    assert json.loads(machine.owner.read_text()) == {**OWNER, "pid": str(holder.pid)}
    assert not (machine.root / "canary").exists()
    assert not machine.is_free()


def test_a_second_taker_exits_75_and_prints_the_owner(machine: Machine) -> None:
    holder = machine.take()
    second = machine.start()
    output, errors = second.communicate(timeout=30)
    assert (second.returncode, errors) == (lock.HELD, "")
    assert json.loads(output)["pid"] == str(holder.pid)
    who = "ana@\"laptop\" since 2026-11-23T10:15:00Z for: release 'r2'; $(touch canary)"
    assert lock.held_by("forms", output) == (
        f"forms is locked by {who}; wait, or see: higuera lock status"
    )
    assert holder.poll() is None
    assert machine.journal() == []


def test_waits_for_who_only_asks(machine: Machine) -> None:
    """`status` has the lock for a moment; a deploy that starts right then is not turned away."""
    machine.file.parent.mkdir(parents=True)
    asked = ["flock", str(machine.file), "sh", "-c", "echo asked; sleep 0.3"]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as asking:
        assert stream(asking.stdout).readline() == "asked\n"
        machine.take()
        assert asking.wait() == 0


def test_a_full_disk(machine: Machine) -> None:
    """Nothing is left that the next one would take for a deploy that went away."""
    deploying = machine.root / "var/lib/higuera/forms/deploying"
    deploying.parent.mkdir(parents=True, exist_ok=True)
    machine.tool("exit 0")  # one that clears up reads what is there, without end here
    deploying.symlink_to("/dev/full")
    process = machine.start()
    assert stream(process.stdout).read() == ""
    said = stream(process.stderr).read()
    assert "No space left on device" in said and "nothing was begun; is the disk full?" in said
    assert f"df -h {deploying.parent}; " in said
    assert process.wait(5) == 1
    assert not deploying.is_symlink() and not machine.owner.exists()


def test_the_end_of_a_deploy_frees_it(machine: Machine) -> None:
    holder = machine.take()
    beat(holder, "..q")
    assert holder.wait(timeout=30) == 0
    assert machine.is_free()
    assert (machine.owner.exists(), machine.journal()) == (False, [])
    machine.take()


def test_a_closed_channel_frees_it_and_is_journalled(machine: Machine) -> None:
    holder = machine.take()
    beat(holder)
    stream(holder.stdin).close()
    assert holder.wait(timeout=30) == 0
    assert machine.is_free()
    assert not machine.owner.exists()
    (line,) = machine.journal()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line.pop("end"))
    assert line == {
        "step": "deploy",
        "result": "abandoned",
        "start": OWNER["since"],
        "actor": OWNER["actor"],
        "release": "r2",
        "deploy": deploy_id(),
    }


def test_silence_frees_it_and_is_journalled(machine: Machine) -> None:
    began = time.monotonic()
    holder = machine.take(silence=1)
    assert holder.wait(timeout=30) == 0
    assert 0.9 < time.monotonic() - began < 10
    assert machine.is_free()
    assert [line["result"] for line in machine.journal()] == ["abandoned"]


def test_signs_of_life_keep_it(machine: Machine) -> None:
    holder = machine.take(silence=3)
    for _ in range(12):
        time.sleep(0.5)  # twice the limit in all
        beat(holder)
    assert holder.poll() is None
    assert not machine.is_free()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_its_process_frees_it_at_once(machine: Machine, sent: signal.Signals) -> None:
    """The shell alone is ended; what it waits for lives on and must not keep the lock."""
    holder = machine.take()
    holder.send_signal(sent)
    assert holder.wait(timeout=30) == -sent
    # A child that was forked right then lets go of it in its next step.
    soon = time.monotonic() + 20
    while not machine.is_free():
        assert time.monotonic() < soon
        time.sleep(0.01)


def test_a_killed_holder_is_not_named_again(machine: Machine) -> None:
    """Between the lock and the new owner's name nobody may end a process by the old one's."""
    first = machine.take()
    first.kill()
    first.wait()
    assert machine.owner.exists()
    machine.tool(f"cat {machine.owner}")
    second = machine.start()
    found = list(takewhile(lambda line: line.startswith(lock.FOUND), stream(second.stdout)))
    owners = [json.loads(line.removeprefix(lock.FOUND)) for line in found]
    assert len(owners) == 3  # abandoned, settle, notice
    assert {owner["pid"] for owner in owners} == {str(second.pid)}
    beat(second, "q")
    assert second.communicate(timeout=30) == ("", "")


class TestTells:
    """What the host has to tell comes before the lock, so that the deploy can say it first."""

    def told(self, machine: Machine) -> list[str]:
        """The lines until the lock is handed over."""
        holder = machine.start()
        lines = list(takewhile(lambda line: not line.startswith("held "), stream(holder.stdout)))
        assert holder.poll() is None and not machine.is_free()
        return lines

    def test_what_it_settled_and_what_nobody_was_told_yet(self, machine: Machine) -> None:
        machine.tool('case $1 in settle) echo back ;; notice) echo "plan 2"; echo "plan 3" ;; esac')
        assert self.told(machine) == ["found: back\n", "found: plan 2\n", "found: plan 3\n"]

    def test_a_host_that_cannot_settle_says_so_and_is_handed_over(self, machine: Machine) -> None:
        """What is live serves, and the way to mend it is a deploy."""
        machine.tool("[ $1 != settle ] || { echo cannot >&2; exit 1; }")
        assert self.told(machine) == ["found: cannot\n"]

    def test_nothing_to_tell(self, machine: Machine) -> None:
        machine.tool("")
        assert self.told(machine) == []


class TestAbandoned:
    def test_the_host_clears_up_in_the_name_of_who_is_gone(self, machine: Machine) -> None:
        state = machine.root / "var/lib/higuera/forms/deploying"
        machine.tool(f'echo "$1" $(cat {state}) | tee -a {machine.root}/asked')
        holder = machine.start()
        while not stream(holder.stdout).readline().startswith("held "):
            pass
        stream(holder.stdin).close()
        assert stream(holder.stdout).read() == ""
        assert holder.wait(timeout=30) == 0
        *_, last = (machine.root / "asked").read_text().splitlines()
        verb, _, left = last.partition(" ")
        assert verb == "abandoned"
        assert json.loads(left)["actor"] == OWNER["actor"]

    def test_in_the_lock(self, machine: Machine) -> None:
        """Nobody deploys into what is being cleared up."""
        asked = f"flock --shared --nonblock {machine.file} true && echo free || echo locked"
        machine.tool(f"[ $1 != abandoned ] || ({asked}) >>{machine.root}/seen")
        holder = machine.take(silence=1)
        assert holder.wait(timeout=30) == 0
        assert set((machine.root / "seen").read_text().split()) == {"locked"}
        assert machine.is_free()

    def test_not_after_a_deploy_that_ended(self, machine: Machine) -> None:
        machine.tool(f"echo $1 >>{machine.root}/asked")
        holder = machine.take()
        beat(holder, "q")
        assert holder.wait(timeout=30) == 0
        assert (machine.root / "asked").read_text().split() == ["abandoned", "settle", "notice"]
        assert not (machine.root / "var/lib/higuera/forms/deploying").exists()


def test_a_killed_holder_is_journalled_by_the_next(machine: Machine) -> None:
    """As one that went with a reboot: nobody was left to say that it was abandoned."""
    first = machine.take()
    first.kill()
    first.wait()
    assert machine.journal() == []
    machine.take()
    assert [line["result"] for line in machine.journal()] == ["abandoned"]


@pytest.mark.parametrize(
    "owner", ["", "null", "[]", "5", '"x"', "{", '{"actor": "a"}', '{"actor": "a", "since": "b"}']
)
def test_an_owner_that_cannot_be_read(owner: str) -> None:
    assert lock.held_by("forms", owner) == (
        "forms is locked by somebody who just took it; wait, or see: higuera lock status"
    )

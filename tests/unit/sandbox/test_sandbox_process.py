"""Processes are told apart by pid and start time; locks by the kernel; files are never half."""

import os
import subprocess
from pathlib import Path

import pytest

from higuera.errors import SandboxError
from higuera.sandbox import locks, process, shell, supervisor
from higuera.sandbox.process import Process


def test_this_process_is_alive_and_a_reused_pid_is_not_it() -> None:
    me = process.identify(os.getpid())
    assert me is not None and me.alive()
    assert me.start == supervisor.start_time(os.getpid())
    assert not Process(me.pid, me.start - 1).alive()


def test_only_exactly_the_process_is_killed() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        running = process.identify(child.pid)
        assert running is not None
        Process(running.pid, running.start + 1).kill()
        assert running.alive()
        running.kill()
        assert running.gone_within(5)  # a zombie, not yet reaped here, is gone
        child.wait()


def test_a_pid_that_never_was_is_gone() -> None:
    assert process.identify(2**22 + 1) is None
    assert Process(2**22 + 1, 1).gone_within(0)


def test_no_guest_is_found_where_nothing_is_mounted(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    assert supervisor.guest_init(tmp_path / "root") is None
    assert supervisor.guest_init(tmp_path / "missing") is None


def test_a_lock_is_exclusive_and_says_who_to_ask(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HIGUERA_SANDBOX_DIR", str(tmp_path))
    with (
        locks.held("x"),
        pytest.raises(SandboxError, match="another process has held the x lock"),
        locks.held("x", deadline=0.1),
    ):
        pass
    with locks.held("x", deadline=0.1):
        pass


def test_a_failing_tool_is_one_sentence_with_its_last_word() -> None:
    with pytest.raises(SandboxError, match=r"^sandbox: cannot greet: second$"):
        shell.run(["sh", "-c", "echo first >&2; echo second >&2; exit 3"], "greet")
    with pytest.raises(SandboxError, match="cannot greet: no-such-tool is not installed"):
        shell.run(["no-such-tool"], "greet")
    with pytest.raises(SandboxError, match="cannot greet: false exited 1"):
        shell.run(["false"], "greet")


def test_json_files_are_read_as_objects_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    assert shell.read_json(path) is None
    shell.write_json(path, {"a": 1})
    assert shell.read_json(path) == {"a": 1}
    path.write_text("[1]")
    assert shell.read_json(path) is None
    path.write_text('{"a"')
    assert shell.read_json(path) is None

"""Bringing a runtime, with its script run for real below a temporary folder."""

import subprocess
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from operation_harness import fake_host
from pyinfra.api import Host, StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine
from pyinfra.context import ctx_host, ctx_state

from higuera.build.artifact import Artifact, pack
from higuera.operations import runtimes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "runtimes").mkdir()
    return tmp_path / "runtimes" / "node-22.23.3"


@pytest.fixture
def archive(tmp_path: Path) -> Artifact:
    program = tmp_path / "node" / "bin" / "node"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho v22.23.3\n")
    program.chmod(0o700)
    return pack(tmp_path / "node", tmp_path / "node.tar.zst")


@pytest.fixture
def host(tmp_path: Path, folder: Path, archive: Artifact, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host whose commands run here, and to which uploads are copies."""
    host = fake_host()

    def run_shell_command(command: StringCommand, **_: Any) -> tuple[bool, CommandOutput]:
        done = subprocess.run(
            ["sh", "-c", command.get_raw_value()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines = [OutputLine("stdout", line) for line in done.stdout.splitlines()]
        return done.returncode == 0, CommandOutput(lines)

    def upload(host: Host, user: str, path: Path, label: str, sha256: str) -> str:
        assert user == "deployer"
        return str(copy(path, tmp_path / sha256))

    monkeypatch.setattr(host, "run_shell_command", run_shell_command)
    monkeypatch.setattr(host, "get_fact", lambda fact: set())
    monkeypatch.setattr(runtimes, "upload", upload)
    monkeypatch.setattr(runtimes, "runtime", lambda name, version: str(folder))
    monkeypatch.setattr(runtimes, "_archive", lambda host, version, machine: archive)
    return host


def bring(host: Host) -> bool:
    with ctx_state.use(host.state), ctx_host.use(host):
        steps = list(runtimes.node._inner(version="22.23.3", machine="x86_64", user="deployer"))
        (command,) = steps
        return bool(command.execute(host.state, host, {}))


def modes(folder: Path) -> dict[str, str]:
    return {path.name: oct(path.stat().st_mode & 0o777) for path in sorted(folder.rglob("*"))}


def test_it_stands_complete_and_for_all(host: Host, folder: Path, archive: Artifact) -> None:
    assert bring(host)
    assert modes(folder) == {"bin": "0o755", "node": "0o755"}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert not (folder.parent.parent / archive.sha256).exists()


def test_what_an_earlier_try_left_is_replaced(host: Host, folder: Path) -> None:
    (folder.parent / f"{folder.name}.new" / "stale").mkdir(parents=True)
    assert bring(host)
    assert modes(folder) == {"bin": "0o755", "node": "0o755"}


def test_a_damaged_upload_is_never_unpacked(host: Host, folder: Path, archive: Artifact) -> None:
    archive.path.write_bytes(archive.path.read_bytes()[:-7])
    assert not bring(host)
    assert list(folder.parent.iterdir()) == []

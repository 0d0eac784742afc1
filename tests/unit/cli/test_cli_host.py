"""The ssh command line of the questions to a host."""

from pathlib import Path
from typing import Any

import pytest

from higuera import sandbox
from higuera.cli.host import ssh_command
from higuera.spec.environment import Host

BASE = ["ssh", "-o", "ConnectTimeout=10"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"address": "10.0.0.1"}, [*BASE, "--", "10.0.0.1"]),
        ({"address": "a.example", "user": "ana"}, [*BASE, "--", "ana@a.example"]),
        ({"address": "a", "port": 2222}, [*BASE, "-p", "2222", "--", "a"]),
        ({"address": "a", "key": "/k/id"}, [*BASE, "-i", "/k/id", "--", "a"]),
        ({"address": "a", "key": "~/id"}, [*BASE, "-i", str(Path.home() / "id"), "--", "a"]),
        ({"address": "-x"}, [*BASE, "--", "-x"]),
    ],
)
@pytest.mark.parametrize("command", ["", "echo 'a b'; id"])
def test_a_host(given: dict[str, Any], wanted: list[str], command: str) -> None:
    words = [command] if command else []  # a shell, or one word that the host's shell takes apart
    nobody_there = ["-o", "BatchMode=yes"] if command else []
    expected = [*BASE, *nobody_there, *wanted[len(BASE) :], *words]
    assert ssh_command(Host.model_validate(given), command) == expected


@pytest.mark.parametrize("user", [None, "ana"])
@pytest.mark.parametrize("command", ["", "echo 'a b'"])
def test_a_sandbox(monkeypatch: pytest.MonkeyPatch, user: str | None, command: str) -> None:
    asked: list[Any] = []

    def of(vps: str, words: list[str], *, user: str | None) -> list[str]:
        asked.append((vps, words, user))
        return ["ssh", "sandbox"]

    monkeypatch.setattr(sandbox, "get", lambda name: f"vps {name}")
    monkeypatch.setattr(sandbox, "ssh_command", of)
    host = Host(address="@sandbox/demo", user=user)
    assert ssh_command(host, command) == ["ssh", "sandbox"]
    assert asked == [("vps demo", [command] if command else [], user)]

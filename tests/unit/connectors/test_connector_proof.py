"""The proof of a login ends, whatever the far side does."""

from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from higuera.connectors import proof
from higuera.errors import HostError


class Silent:
    """Takes the login and a command, and never says how that ended."""

    def connect(self, hostname: str, **options: Any) -> None:
        self.channel = SimpleNamespace(
            status_event=Event(), recv_exit_status=lambda: pytest.fail("waits for ever")
        )

    def exec_command(self, command: str, timeout: float) -> tuple[object, object, object]:
        return None, SimpleNamespace(channel=self.channel), None

    def close(self) -> None:
        """Nothing."""


def test_a_command_that_never_ends_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a sudo that waits for somebody."""
    monkeypatch.setattr(proof, "SSHClient", Silent)
    monkeypatch.setattr(proof, "PATIENCE", 0.05)
    connector: Any = SimpleNamespace(
        host=SimpleNamespace(name="vps"),
        client=None,
        make_paramiko_kwargs=lambda: {"hostname": "192.0.2.1"},
    )
    with pytest.raises(HostError, match=r"no new login as ana gets in: no answer within 0\.05"):
        proof.prove_login(connector, "ana")


def test_it_offers_the_key_that_got_in_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """sshd hangs up after a few keys: those of a full agent are not tried once more."""
    offered: dict[str, Any] = {}

    class Noting(Silent):
        def connect(self, hostname: str, **options: Any) -> None:
            offered.update(options)
            super().connect(hostname)

    monkeypatch.setattr(proof, "SSHClient", Noting)
    monkeypatch.setattr(proof, "PATIENCE", 0.05)
    key = object()
    transport = SimpleNamespace(
        auth_handler=SimpleNamespace(private_key=key),
        getpeername=lambda: ("192.0.2.1", 22),
        get_remote_server_key=lambda: SimpleNamespace(get_name=lambda: "ssh-ed25519"),
    )
    client = SimpleNamespace(
        get_transport=lambda: transport,
        get_host_keys=lambda: SimpleNamespace(add=lambda *given: None),
    )
    connector: Any = SimpleNamespace(
        host=SimpleNamespace(name="vps"),
        client=client,
        make_paramiko_kwargs=lambda: {"hostname": "192.0.2.1", "allow_agent": True},
    )
    with pytest.raises(HostError):
        proof.prove_login(connector, "ana")
    assert offered == {
        "pkey": key,
        "allow_agent": False,
        "look_for_keys": False,
        "username": "ana",
    }

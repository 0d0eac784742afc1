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

"""A tunnel whose line to the host breaks, as in a reboot."""

from types import SimpleNamespace
from typing import Any

import pytest
from gevent import socket
from paramiko import SSHException

from higuera.connectors.tunnel import tunnel


@pytest.mark.parametrize("error", [ConnectionResetError(), EOFError(), SSHException()])
def test_its_clients_see_a_closed_connection(
    error: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise error

    transport = SimpleNamespace(open_channel=broken)
    client = SimpleNamespace(get_transport=lambda: transport)
    host: Any = SimpleNamespace(connector=SimpleNamespace(client=client))
    with tunnel(host, 80) as port, socket.create_connection(("127.0.0.1", port)) as line:
        assert line.recv(1) == b""
    assert "Traceback" not in "".join(capfd.readouterr())

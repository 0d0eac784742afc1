"""The names the connectors answer to, without any machine."""

import socket
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from paramiko import SSHClient
from pyinfra.api.exceptions import InventoryError

from higuera.connectors.sandbox import SandboxConnector
from higuera.connectors.ssh import HigueraSSHConnector, send_at_once


def test_pyinfra_finds_the_connectors() -> None:
    names = {point.name for point in entry_points(group="pyinfra.connectors")}
    assert {"sandbox", "higuera"} <= names


def test_a_sandbox_host_is_named_without_touching_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HIGUERA_SANDBOX_DIR", str(tmp_path / "state"))
    assert list(SandboxConnector.make_names_data("demo")) == [("@sandbox/demo", {}, ["@sandbox"])]
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("name", [None, "", "Not A Name"])
def test_a_sandbox_host_without_a_proper_name_is_an_inventory_error(name: str | None) -> None:
    with pytest.raises(InventoryError, match="name"):
        list(SandboxConnector.make_names_data(name))


def test_a_plain_host_keeps_its_address() -> None:
    assert list(HigueraSSHConnector.make_names_data("host.example")) == [
        ("host.example", {"ssh_hostname": "host.example"}, [])
    ]


def client_over(connection: Any) -> SSHClient:
    transport = SimpleNamespace(sock=connection)
    return cast(SSHClient, SimpleNamespace(get_transport=lambda: transport))


def test_a_tcp_connection_sends_at_once() -> None:
    with socket.socket() as connection:
        send_at_once(client_over(connection))
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_a_connection_that_is_no_tcp_socket_is_left_alone() -> None:
    send_at_once(None)
    send_at_once(client_over(SimpleNamespace()))
    with socket.socket(socket.AF_UNIX) as connection:
        send_at_once(client_over(connection))

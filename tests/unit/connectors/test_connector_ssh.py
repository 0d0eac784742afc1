"""Servers that let nobody in: one says nothing, as a very busy one does; one hangs up."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from paramiko.common import AUTH_FAILED
from pyinfra.api import Config, Inventory, State
from pyinfra.api.exceptions import ConnectError


def refused(port: int, known_hosts: Path, patience: int = 30) -> str:
    """The sentence of a connection that does not come about."""
    data = {"ssh_port": port, "ssh_known_hosts_file": str(known_hosts), "ssh_allow_agent": False}
    inventory = Inventory((["@higuera/127.0.0.1"], data))  # type: ignore[no-untyped-call]
    state = State(inventory, Config(CONNECT_TIMEOUT=patience))  # type: ignore[no-untyped-call]
    (host,) = inventory
    host.init(state)
    with pytest.raises(ConnectError) as told:
        host.connector.connect()
    return str(told.value)


@pytest.fixture
def silent() -> Iterator[tuple[int, list[socket.socket]]]:
    """The port of such a server, and the connections that it took."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        taker = threading.Thread(target=take, daemon=True)
        taker.start()
        yield server.getsockname()[1], taken
        server.shutdown(socket.SHUT_RDWR)
        taker.join()
    for connection in taken:
        connection.close()


def test_it_is_asked_again_and_told(
    silent: tuple[int, list[socket.socket]], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    port, taken = silent
    assert refused(port, tmp_path / "known_hosts", patience=1) == (
        "it takes connections, but its sshd does not answer; is it up, and is the address right? "
        f"Try: ssh -p {port} 127.0.0.1"
    )
    assert len(taken) == 3
    assert "Traceback" not in "".join(capfd.readouterr())


class Strict(paramiko.ServerInterface):
    """Knows no key and hangs up after the first, as sshd does after MaxAuthTries."""

    def __init__(self, transport: paramiko.Transport) -> None:
        self.transport = transport

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self.transport.close()
        return AUTH_FAILED


def test_a_server_that_tires_of_keys_is_no_silent_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that `host.bootstrap` is tried, and the owner told to name the key."""
    (tmp_path / ".ssh").mkdir()
    for name, bits in (("id_ecdsa", 256), ("id_rsa", 0)):
        key = paramiko.ECDSAKey.generate(bits=bits) if bits else paramiko.RSAKey.generate(2048)
        key.write_private_key_file(str(tmp_path / ".ssh" / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    logins = 0
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            nonlocal logins
            transport = paramiko.Transport(server.accept()[0])
            transport.add_server_key(paramiko.ECDSAKey.generate())
            logins += 1
            transport.start_server(event=threading.Event(), server=Strict(transport))

        server_thread = threading.Thread(target=serve, daemon=True)
        server_thread.start()
        told = refused(server.getsockname()[1], tmp_path / "known_hosts")
    assert told == (
        "Authentication error (sshd hung up: none of so many keys was known); is this the key that "
        "the host knows? name it: host.user and host.key"
    )
    assert logins == 1

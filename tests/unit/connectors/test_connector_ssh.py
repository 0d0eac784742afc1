"""A host that takes a connection and says nothing, as a very busy one does."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyinfra.api import Config, Inventory, State
from pyinfra.api.exceptions import ConnectError


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
    data = {"ssh_port": port, "ssh_known_hosts_file": str(tmp_path / "known_hosts")}
    inventory = Inventory((["@higuera/127.0.0.1"], data))  # type: ignore[no-untyped-call]
    state = State(inventory, Config(CONNECT_TIMEOUT=1))  # type: ignore[no-untyped-call]
    (host,) = inventory
    host.init(state)
    with pytest.raises(ConnectError) as told:
        host.connector.connect()
    assert str(told.value) == (
        "it takes connections, but its sshd does not answer; is it up, and is the address right? "
        f"Try: ssh -p {port} 127.0.0.1"
    )
    assert len(taken) == 3
    assert "Traceback" not in "".join(capfd.readouterr())

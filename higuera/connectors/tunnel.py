"""A loopback port here that leads to a loopback port of the host, over pyinfra's SSH connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from gevent import socket
from gevent.server import StreamServer
from pyinfra.api import Host

from higuera.spec.line import GONE

CHUNK = 65_536  # bytes


@contextmanager
def tunnel(host: Host, port: int) -> Iterator[int]:
    """Open a tunnel to `127.0.0.1:port` of the host; yields the port on this machine."""
    transport = host.connector.client.get_transport()  # type: ignore[attr-defined]

    def carry(near: Any, address: tuple[str, int]) -> None:
        try:
            far = transport.open_channel("direct-tcpip", ("127.0.0.1", port), address)
        except GONE:
            return  # the client sees a closed connection
        back = gevent.spawn(_pump, far, near)
        _pump(near, far)
        back.join()
        far.close()

    server = StreamServer(("127.0.0.1", 0), carry)
    server.start()
    try:
        yield int(server.server_port)
    finally:
        server.stop(timeout=1)


def _pump(source: Any, target: Any) -> None:
    """Carry bytes one way until the source ends, then say so to the target."""
    try:
        while data := source.recv(CHUNK):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except GONE:
        pass  # one side is gone: so is the connection

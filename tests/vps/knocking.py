"""Knocking at a VPS from another one: which of its TCP ports take a connection."""

import json
from collections.abc import Iterable

from harness import Project

# Runs on the other VPS, which has Python's smallest installation.
KNOCK = """
import select, socket, sys, time
family, host, wait = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, sys.argv[1], 1
ports, opened, size = eval(sys.argv[2]), [], 16384
for start in range(0, len(ports), size):
    poll, waiting = select.poll(), {}
    for port in ports[start : start + size]:
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.connect_ex((host, port))
        poll.register(sock, select.POLLOUT)
        waiting[sock.fileno()] = (sock, port)
    until = time.monotonic() + wait
    while waiting and time.monotonic() < until:
        for number, _ in poll.poll(100):
            sock, port = waiting.pop(number)
            poll.unregister(number)
            if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                opened.append(port)
    waiting.clear()
print(sorted(opened))
"""


def knock(address: str, ports: str) -> str:
    """A command that prints those of the ports, a Python expression, that take a connection."""
    return f"ulimit -n 20000; python3 -c '{KNOCK}' {address} '{ports}'"


def open_ports(other: Project, address: str, ports: str = "range(1, 65536)") -> list[int]:
    """The same, asked from another VPS; by default all of them."""
    found: list[int] = json.loads(other.shell(knock(address, ports)))
    return found


def outside(listeners: Iterable[str]) -> list[str]:
    """Those of `ss -Hltn`'s local addresses that are not on loopback."""
    local = ("127.0.0.1:", "[::1]:", "127.0.0.53%lo:")
    return [listener for listener in listeners if not listener.startswith(local)]

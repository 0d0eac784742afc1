"""A bounded load of keep-alive clients with no retries: `python bench/load.py http://ADDRESS`.

50 clients mix GET and POST on connections they keep, 5 WebSockets send a line a second. Any answer
but a 200 with the expected body, and any connection that breaks, is a failure; nothing is retried.
Stops by itself after `--seconds`. Prints one JSON line. Loopback and sandbox addresses only.
"""

import argparse
import asyncio
import base64
import ipaddress
import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Tally:
    """What happened."""

    requests: int = 0
    failures: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    sockets_cut: int = 0
    echoes: int = 0
    slowest: float = 0.0

    def fail(self, reason: str) -> None:
        self.failures += 1
        self.reasons[reason[:80]] += 1


async def client(host: str, port: int, number: int, end: float, tally: Tally) -> None:
    """One browser: a connection, request after request, a new connection only when told `close`."""
    streams = None
    turn = 0
    while time.monotonic() < end:
        turn += 1
        body = f"{number}-{turn}".encode()
        if turn % 2:
            head = (
                f"GET /api/version?{turn} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: c{number}\r\n\r\n"
            )
            sent, expected = head.encode(), b'"version"'
        else:
            head = (
                f"POST /api/echo HTTP/1.1\r\nHost: {host}\r\nUser-Agent: c{number}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            sent, expected = head.encode() + body, b'"echo":"' + body + b'"'
        began = time.monotonic()
        tally.requests += 1
        try:
            if streams is None:
                streams = await asyncio.open_connection(host, port)
            reader, writer = streams
            writer.write(sent)
            async with asyncio.timeout(30):
                status, keep, answer = await read_answer(reader)
            if status != 200 or expected not in answer:
                tally.fail(f"status {status}")
            if not keep:
                writer.close()
                streams = None
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            tally.fail(f"{type(error).__name__}: {error}")
            streams = None
        tally.slowest = max(tally.slowest, time.monotonic() - began)
        await asyncio.sleep(0.02)
    if streams is not None:
        streams[1].close()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bool, bytes]:
    """Status, whether the connection stays, body (length or chunked; RFC 9112)."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return status, headers.get("connection", "keep-alive") != "close", body


async def web_socket(host: str, port: int, end: float, tally: Tally) -> None:
    """One open tab: a line a second, echoed; a cut is counted, and the tab connects again."""
    while time.monotonic() < end:
        try:
            reader, writer = await asyncio.open_connection(host, port)
            key = base64.b64encode(os.urandom(16)).decode()
            writer.write(
                f"GET /api/ws HTTP/1.1\r\nHost: {host}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            await reader.readuntil(b"\r\n\r\n")
            while time.monotonic() < end:
                mask = os.urandom(4)
                masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(b"tick"))
                writer.write(bytes([0x81, 0x84]) + mask + masked)
                async with asyncio.timeout(10):
                    if await reader.readexactly(6) != b"\x81\x04tick":
                        raise ValueError("a wrong echo")
                tally.echoes += 1
                await asyncio.sleep(1)
            writer.close()
        except (OSError, EOFError, TimeoutError, ValueError):
            tally.sockets_cut += 1
            await asyncio.sleep(0.2)


async def load(url: str, seconds: float, clients: int, sockets: int) -> Tally:
    """Run the whole load."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    if not ipaddress.ip_address(host).is_private:
        raise SystemExit("only loopback and sandbox addresses are ever loaded")
    tally, end = Tally(), time.monotonic() + seconds
    await asyncio.gather(
        *(client(host, port, number, end, tally) for number in range(clients)),
        *(web_socket(host, port, end, tally) for _ in range(sockets)),
    )
    return tally


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--sockets", type=int, default=5)
    given = parser.parse_args()
    tally = asyncio.run(load(given.url, given.seconds, given.clients, given.sockets))
    print(json.dumps({**tally.__dict__, "slowest": round(tally.slowest, 3)}))


if __name__ == "__main__":
    main()

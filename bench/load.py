"""A bounded load of keep-alive clients with no retries: `python bench/load.py http://ADDRESS`.

50 clients mix GET and POST on connections they keep, 5 WebSockets send a line a second. Any answer
but a 200 with the expected body, any connection that breaks, and any WebSocket that cannot be
opened is a failure; nothing is retried. A connection that the other side has closed while it was
idle is replaced, as a browser does, and counted by itself: a client that does not look would lose
its next request. A WebSocket that was open and ends is a cut; its tab opens the next one. Times are
seconds since 1970.

Stops by itself after `--seconds`; after SIGTERM as soon as it has made `--requests`. Prints one
JSON line. Loopback and sandbox addresses only. With `https://`, `--name` is who is asked for and
`--trust` whom to believe; `--turns` ends a connection after so many requests, so that handshakes
are part of the load.
"""

import argparse
import asyncio
import base64
import contextlib
import ipaddress
import json
import os
import signal
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

BROKEN = (OSError, EOFError, TimeoutError, ValueError)
LOST_LISTED = 50

Going = Callable[[], bool]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Place(NamedTuple):
    """Where to connect to, and who is asked for there."""

    host: str
    port: int
    name: str
    tls: ssl.SSLContext | None = None

    async def connect(self) -> Streams:
        """A new connection, its handshake done."""
        name = self.name if self.tls else None
        return await asyncio.open_connection(
            self.host, self.port, ssl=self.tls, server_hostname=name
        )


class Cut(NamedTuple):
    """A WebSocket that was ended from the other side."""

    asked: float
    opened: float
    ended: float


@dataclass
class Tally:
    """What happened."""

    requests: int = 0
    failures: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    lost: list[tuple[float, str]] = field(default_factory=list)
    """When the first failures were, and what they were."""
    idle_closed: int = 0
    sockets_cut: int = 0
    cuts: list[Cut] = field(default_factory=list)
    echoes: int = 0
    slowest: float = 0.0

    def fail(self, reason: str) -> None:
        self.failures += 1
        self.reasons[reason[:80]] += 1
        if len(self.lost) < LOST_LISTED:
            self.lost.append((round(time.time(), 3), reason[:80]))

    def cut(self, cut: Cut) -> None:
        self.sockets_cut += 1
        self.cuts.append(cut)


async def client(
    place: Place, number: int, going: Going, tally: Tally, pause: float, turns: int
) -> None:
    """One browser: a connection, request after request, a new connection only when told `close`.

    Or after so many `turns`, where there are any.
    """
    streams: Streams | None = None
    turn = 0
    while going():
        turn += 1
        method = "GET" if turn % 2 else "POST"
        began = time.monotonic()
        tally.requests += 1
        try:
            if streams is not None and is_closed(streams[0]):
                tally.idle_closed += 1
                streams = None
            streams = streams or await place.connect()
            streams = await request(streams, method, place.name, f"{number}-{turn}", tally)
            if turns and turn % turns == 0 and streams is not None:
                streams[1].close()
                streams = None
        except BROKEN as error:
            tally.fail(f"{method}: {type(error).__name__}: {error}")
            streams = None
        tally.slowest = max(tally.slowest, time.monotonic() - began)
        await asyncio.sleep(pause)
    if streams is not None:
        streams[1].close()


def is_closed(reader: asyncio.StreamReader) -> bool:
    """Whether the other side has ended a connection on which nothing is awaited."""
    return reader.at_eof() or reader.exception() is not None


async def request(
    streams: Streams, method: str, host: str, text: str, tally: Tally
) -> Streams | None:
    """One request and its answer; returns the connection if it stays."""
    reader, writer = streams
    path, body = ("/api/version", "") if method == "GET" else ("/api/echo", text)
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    user = text.partition("-")[0]
    writer.write(
        f"{method} {path}?{text} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: c{user}\r\n"
        f"{length}\r\n{body}".encode()
    )
    async with asyncio.timeout(30):
        status, stays, answer = await read_answer(reader)
    expected = f'"echo":"{text}"' if body else '"version"'
    if status != 200 or expected.encode() not in answer:
        tally.fail(f"{method}: status {status}")
    if stays:
        return streams
    writer.close()
    return None


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


async def tab(place: Place, going: Going, tally: Tally) -> None:
    """One open tab: a line a second, echoed; after a cut it connects again."""
    while going():
        asked = time.time()
        tally.requests += 1
        try:
            async with asyncio.timeout(30):
                reader, writer = await web_socket(place)
        except BROKEN as error:
            tally.fail(f"WebSocket: {type(error).__name__}: {error}")
            await asyncio.sleep(0.2)
            continue
        opened = time.time()
        try:
            while going():
                await echo(reader, writer)
                tally.echoes += 1
        except BROKEN:
            tally.cut(Cut(asked, opened, time.time()))
            await asyncio.sleep(0.2)
        writer.close()


async def web_socket(place: Place) -> Streams:
    """Open a WebSocket (RFC 6455); ValueError when the answer is not 101."""
    reader, writer = await place.connect()
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /api/ws HTTP/1.1\r\nHost: {place.name}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    status = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
    if status != "101":
        writer.close()
        raise ValueError(f"status {status}")
    return reader, writer


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a line, read it back, and be quiet for a second, in which an end is noticed at once."""
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(b"tick"))
    writer.write(bytes([0x81, 0x84]) + mask + masked)
    async with asyncio.timeout(30):
        if await reader.readexactly(6) != b"\x81\x04tick":
            raise ValueError("a wrong echo")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            await reader.readexactly(1)
            raise ValueError("a line that nobody asked for")


async def load(
    url: str,
    seconds: float,
    *,
    requests: int = 0,
    clients: int = 50,
    sockets: int = 5,
    pause: float = 0.02,
    turns: int = 0,
    name: str = "",
    trust: str = "",
) -> Tally:
    """Run the whole load; SIGTERM ends it once it has made that many requests."""
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if is_tls else 80)
    context = ssl.create_default_context(cafile=trust or None) if is_tls else None
    place = Place(host, port, name or host, context)
    if not ipaddress.ip_address(host).is_private:
        raise SystemExit("only loopback and sandbox addresses are ever loaded")
    tally, end = Tally(), time.monotonic() + seconds
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)

    def going() -> bool:
        enough = asked.is_set() and tally.requests >= requests
        return not enough and time.monotonic() < end

    await asyncio.gather(
        *(client(place, number, going, tally, pause, turns) for number in range(clients)),
        *(tab(place, going, tally) for _ in range(sockets)),
    )
    return tally


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--sockets", type=int, default=5)
    parser.add_argument("--pause", type=float, default=0.02, help="seconds after each request")
    parser.add_argument("--turns", type=int, default=0, help="requests of a connection; 0: all")
    parser.add_argument("--name", default="", help="Host header and TLS server name")
    parser.add_argument("--trust", default="", metavar="FILE", help="PEM of whom to believe")
    given = vars(parser.parse_args())
    tally = asyncio.run(load(given.pop("url"), given.pop("seconds"), **given))
    print(json.dumps({**tally.__dict__, "slowest": round(tally.slowest, 3)}))


if __name__ == "__main__":
    main()

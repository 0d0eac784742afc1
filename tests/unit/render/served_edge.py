"""The whole rendered configuration served by the real nginx, in a network of its own.

As a program: FOLDER in its arguments, requests as JSON on standard input, answers on the output.
The network is no one else's, so ports 80 are free and any address can be a client's.
"""

import http.client
import json
import os
import socketserver
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from nginx_prefix import laid, nginx

from higuera.render.files import File

CLIENTS = ["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/32", "2001:db8::ffff:2/32"]
CLIENTS += ["2001:db8:0:1::1/32"]
SERVER = {4: "192.0.2.1", 6: "2001:db8::1"}


@dataclass
class Ask:
    """One request, or `times` of them one after the other."""

    path: str = "/api/x"
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    client: str = "192.0.2.1"
    port: int = 80
    times: int = 1
    to: str = ""
    """The server's address, where it is not the usual one of the client's family."""


@dataclass
class Answer:
    """What came back; status 0 where nothing did."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value


def served(folder: Path, files: list[File], traffic: str, asks: list[Ask]) -> list[Answer]:
    """The answers to all requests. The app answers with what it was asked, as JSON."""
    folder.mkdir(exist_ok=True)
    laid(folder, files, **{traffic: f"{folder}/t", "user www-data;": "user root;"})
    for side in ("live", "candidate"):
        for route in ("api", "root"):
            (folder / "t" / side / route).mkdir(parents=True)
            for bucket in range(20):
                (folder / "t" / side / route / f"{bucket:02d}.sock").symlink_to(folder / "app.sock")
    done = subprocess.run(
        ["unshare", "--net", sys.executable, __file__, str(folder)],
        input=json.dumps([asdict(ask) for ask in asks]),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr + (folder / "logs" / "error.log").read_text()
    return [Answer(*each) for each in json.loads(done.stdout)]


class _App(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({key.lower(): value for key, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        if "/own" in self.path:
            self.send_header("X-Frame-Options", "DENY")
            self.send_header("X-Powered-By", "Test")
            self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        self.wfile.write(body)

    do_OPTIONS = do_POST = do_GET  # noqa: N815

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _main(folder: Path) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in CLIENTS:
        more = ["nodad"] if ":" in address else []
        subprocess.run(["ip", "addr", "add", address, "dev", "lo", *more], check=True)
    with socketserver.ThreadingUnixStreamServer(str(folder / "app.sock"), _App) as app:
        threading.Thread(target=app.serve_forever, daemon=True).start()
        command = [nginx(), "-c", str(folder / "nginx" / "nginx.conf"), "-g", "daemon off;"]
        with subprocess.Popen(command) as process:
            try:
                _wait()
                asks = [Ask(**each) for each in json.load(sys.stdin)]
                print(json.dumps([_answer(ask) for ask in asks for _ in range(ask.times)]))
            finally:
                process.terminate()
        app.shutdown()


def _wait() -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            http.client.HTTPConnection("127.0.0.1", 8099, timeout=1).connect()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _answer(ask: Ask) -> tuple[int, list[tuple[str, str]], str]:
    family = 6 if ":" in ask.client else 4
    server = ask.to or SERVER[family]
    line = http.client.HTTPConnection(server, ask.port, timeout=5, source_address=(ask.client, 0))
    try:
        line.request(ask.method, ask.path, headers={"Host": "forms.example.com", **ask.headers})
        got = line.getresponse()
        return got.status, got.getheaders(), got.read().decode(errors="replace")
    except ConnectionError:
        return 0, [], ""
    finally:
        line.close()


if __name__ == "__main__":
    _main(Path(sys.argv[1]))

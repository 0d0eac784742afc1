"""A certificate authority of a test's own: pebble, a DNS that says what the test lets it say, and
one that has had enough of everybody. They listen on the bridge that the VPS sees.
"""

import json
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from harness import until

NOBODY = ""
"""No address: the names do not resolve."""


class Authority:
    """An address that is an authority's once it is started."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        self.ca = folder / "api.pem"
        self.root = folder / "root.pem"
        """Whom its certificates lead to, once it is started."""
        self._port, self._management, self._dns, self._answers = (_free(address) for _ in range(4))
        self._make_listener()

    @property
    def url(self) -> str:
        return f"https://{self.address}:{self._port}/dir"

    def _make_listener(self) -> None:
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        words += ["-nodes", "-subj", "/CN=authority", "-days", "2"]
        words += ["-addext", f"subjectAltName=IP:{self.address}", "-out", str(self.ca)]
        subprocess.run(
            [*words, "-keyout", f"{self.folder}/api.key"], check=True, capture_output=True
        )

    @contextmanager
    def running(self) -> Iterator["Authority"]:
        """Its certificates last an hour."""
        config = {
            "listenAddress": f"{self.address}:{self._port}",
            "managementListenAddress": f"{self.address}:{self._management}",
            "certificate": str(self.ca),
            "privateKey": f"{self.folder}/api.key",
            "httpPort": 80,
            "tlsPort": 443,
            "certificateValidityPeriod": 3600,
        }
        (self.folder / "config.json").write_text(json.dumps({"pebble": config}))
        names = [
            *("pebble-challtestsrv", "-dns01", f"127.0.0.1:{self._dns}"),
            *("-management", f"127.0.0.1:{self._answers}", "-defaultIPv6", "", "-defaultIPv4", ""),
            *("-http01", "", "-https01", "", "-tlsalpn01", ""),
        ]
        pebble = ["pebble", "-config", f"{self.folder}/config.json"]
        pebble += ["-dnsserver", f"127.0.0.1:{self._dns}"]
        # At once, without the nonces that it would refuse by chance, and each name asked anew.
        quick = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        with (self.folder / "log").open("w") as log:
            started = [
                subprocess.Popen(words, stdout=log, stderr=log, env={**os.environ, **quick})
                for words in (names, pebble)
            ]
            try:
                until(self._answering, "the authority answers", 20)
                yield self
            finally:
                for process in started:
                    process.kill()
                    process.wait()

    def _answering(self) -> bool:
        context = ssl.create_default_context(cafile=self.ca)
        url = f"https://{self.address}:{self._management}/roots/0"
        self.root.write_text(httpx.get(url, verify=context, trust_env=False).text)
        return self.point(NOBODY)

    def point(self, address: str) -> bool:
        """Let every name lead to an address."""
        url = f"http://127.0.0.1:{self._answers}/set-default-ipv4"
        return httpx.post(url, json={"ip": address}, trust_env=False).is_success

    @contextmanager
    def worn_out(self) -> Iterator[str]:
        """Another one, which says to every new account that there were too many; its URL."""
        server = ThreadingHTTPServer((self.address, 0), _WornOut)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, self.folder / "api.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"https://{self.address}:{server.server_port}/dir"
        finally:
            server.shutdown()
            server.server_close()


class _WornOut(BaseHTTPRequestHandler):
    """RFC 8555, 6.6 and 7.1.1."""

    def do_GET(self) -> None:
        host = self.headers["Host"]
        keys = ("newNonce", "newAccount", "newOrder")
        self._say(200, "application/json", {key: f"https://{host}/{key}" for key in keys})

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Replay-Nonce", "bm9uY2U")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        kind = "urn:ietf:params:acme:error:rateLimited"
        detail = "too many new registrations (10) from this IP address, retry after 2026-12-01"
        self._say(429, "application/problem+json", {"type": kind, "detail": detail})

    def _say(self, status: int, kind: str, body: dict[str, str]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Replay-Nonce", "bm9uY2U")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def _free(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])

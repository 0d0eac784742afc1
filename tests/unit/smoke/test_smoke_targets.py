"""Where the smoke checks of a deployment go, and whom they believe there."""

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from higuera.deploys.smoke import over_tls, public_target, target_of
from higuera.facts.certificate import CertificateState
from higuera.smoke.transport import Line
from higuera.spec.load import Deployment, load_deployment

SENT_ON = CertificateState("acme", sends_on=True)
HTTP_YET = CertificateState("stand-in")


def deployment(folder: Path, **environment: Any) -> Deployment:
    stack = Path(__file__).parents[3] / "inventory" / "stack.yml"
    inventory = folder / "inventory"
    inventory.mkdir(exist_ok=True)
    (inventory / "stack.yml").write_text(stack.read_text())
    keys = {"host": "192.0.2.7", "secrets": "generate", **environment}
    (inventory / "vps.yml").write_text(yaml.safe_dump(keys))
    return load_deployment(inventory, "vps", with_source=False)


@pytest.mark.parametrize(
    ("environment", "shown", "url"),
    [
        ({}, CertificateState(), "http://192.0.2.7"),
        ({"domains": ["a.test"]}, CertificateState(), "http://a.test"),
        ({"domains": ["a.test"], "tls": "acme"}, HTTP_YET, "http://a.test"),
        ({"domains": ["a.test"], "tls": "acme"}, SENT_ON, "https://a.test"),
        ({"tls": "self-signed"}, SENT_ON, "https://192.0.2.7"),
        # What an earlier stack file left on the host counts for nothing.
        ({"domains": ["a.test"]}, SENT_ON, "http://a.test"),
    ],
)
def test_the_public_side(
    tmp_path: Path, environment: dict[str, Any], shown: CertificateState, url: str
) -> None:
    target = public_target(deployment(tmp_path, **environment), "192.0.2.7", shown)
    assert target.base_url == url
    assert target.connect_to == ("192.0.2.7" if "domains" in environment else None)


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def made(folder: Path, name: str) -> Path:
    """A certificate for a.test that nobody vouches for."""
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-subj", "/CN=x", "-addext", "subjectAltName=DNS:a.test", "-days", "2"]
    words += ["-addext", "basicConstraints=critical,CA:FALSE"]
    words += ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"]
    subprocess.run(words, check=True, capture_output=True)
    return folder / f"{name}.pem"


@contextmanager
def showing(certificate: Path) -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def asked(folder: Path, port: int, chain: Path | None, **environment: Any) -> int:
    shown = CertificateState("self-signed", True, chain.read_text() if chain else "")
    known = deployment(folder, tls="self-signed", **environment)
    name = environment.get("domains", ["127.0.0.1"])[0]
    target = target_of(known, base_url=f"http://{name}", connect_to=f"127.0.0.1:{port}")
    secure = over_tls(target, known, shown)
    line = Line(secure, deadline=float("inf"), request_seconds=5.0)
    with httpx.Client(base_url=secure.base_url, transport=line) as client:
        return client.get("/").status_code


def test_just_the_certificate_that_the_host_shows_is_believed(tmp_path: Path) -> None:
    mine, other = made(tmp_path, "mine"), made(tmp_path, "other")
    with showing(mine) as port:
        assert asked(tmp_path, port, mine, domains=["a.test"]) == 204
        assert asked(tmp_path, port, mine) == 204  # no domains: whatever its name is
        for chain, name in ((other, "a.test"), (None, "a.test"), (mine, "b.test")):
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                asked(tmp_path, port, chain, domains=[name])

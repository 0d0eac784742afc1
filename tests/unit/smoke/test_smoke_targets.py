"""Where the smoke checks of a deployment go, and whom they believe there."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from higuera.deploys.smoke import over_tls, public_target, target_of, unfit
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


def made(folder: Path, name: str, start: datetime | None = None) -> Path:
    """A certificate for a.test that nobody vouches for; with a start it lasts for a day."""
    key = generate_private_key(SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    start = start or datetime.now(UTC)
    new = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    new = new.serial_number(x509.random_serial_number())
    new = new.not_valid_before(start).not_valid_after(start + timedelta(days=1))
    new = new.add_extension(x509.SubjectAlternativeName([x509.DNSName("a.test")]), critical=False)
    new = new.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    pem = new.sign(key, SHA256()).public_bytes(Encoding.PEM)
    plain = (PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, *plain))
    (folder / f"{name}.pem").write_bytes(pem)
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


def asked(
    folder: Path, port: int, chain: Path | None, is_pinned: bool = False, **environment: Any
) -> int:
    text = chain.read_text() if chain else ""
    shown = CertificateState("self-signed", True, text, is_pinned)
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


def test_a_certificate_that_has_ended_or_is_for_another_is_told_and_pinned(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ended, other = made(tmp_path, "ended", now - timedelta(days=9)), made(tmp_path, "other")
    known = deployment(tmp_path, tls="self-signed", domains=["a.test"])
    shown = CertificateState("acme", True, ended.read_text())
    assert "ended on" in str(unfit(known, shown, now))
    assert unfit(known, CertificateState("acme", True, other.read_text()), now) is None
    elsewhere = deployment(tmp_path, tls="self-signed", domains=["b.test"])
    why = unfit(elsewhere, CertificateState("acme", True, other.read_text()), now)
    assert why == "the certificate that the host shows is for none of b.test"
    with showing(ended) as port:
        assert asked(tmp_path, port, ended, is_pinned=True, domains=["b.test"]) == 204
        for chain, is_pinned in ((ended, False), (other, True)):
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                asked(tmp_path, port, chain, is_pinned, domains=["a.test"])


def test_a_new_first_domain_is_not_asked_for_before_it_has_a_certificate(tmp_path: Path) -> None:
    known = deployment(tmp_path, tls="acme", domains=["new.test", "a.test"])
    shown = CertificateState("acme", True, made(tmp_path, "old").read_text())
    assert public_target(known, "192.0.2.7", shown).base_url == "https://a.test"
    assert unfit(known, shown, datetime.now(UTC)) is None

"""Where requests are sent, and under which name: Host header, TLS server name, certificates."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from smoke_server import App, failures, run, serving

NAME = "forms.example.com"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for NAME, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(secret + built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def secure(tls: ssl.SSLContext) -> Iterator[App]:
    with serving(tls=tls) as app:
        yield app


def test_connect_to_keeps_the_host_header() -> None:
    with serving() as app:
        address = app.url.removeprefix("http://")
        app.url = f"http://{NAME}"
        assert failures(run(app, connect_to=address)) == {}
    assert {headers["Host"] for _, headers in app.seen} == {NAME}


def test_connect_to_keeps_the_tls_name(secure: App, certificate: Path) -> None:
    """The certificate is verified against the name, although an address is connected to."""
    trusting = ssl.create_default_context(cafile=str(certificate))
    address = secure.url.removeprefix("https://")
    secure.url = f"https://{NAME}"
    assert failures(run(secure, connect_to=address, verify=trusting)) == {}
    secure.url = "https://other.example.com"
    failed = failures(run(secure, "health", connect_to=address, verify=trusting))
    assert "certificate is not valid for 'other.example.com'" in failed["health"]


def test_self_signed_certificate_is_refused_unless_asked(secure: App) -> None:
    failed = failures(run(secure, "health"))
    assert "--insecure accepts a self-signed certificate" in failed["health"]
    assert failures(run(secure, verify=False)) == {}


def test_session_cookie_has_to_be_secure_on_https(secure: App) -> None:
    secure.faults.add("insecure cookie")
    failed = failures(run(secure, verify=False))
    assert failed == {"login": "the session cookie is not Secure, though on https"}


def test_proxy_variables_are_left_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with serving() as app:
        assert failures(run(app)) == {}

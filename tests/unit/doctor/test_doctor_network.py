"""Names, ports and certificates, each seen on a real socket of this machine."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from higuera.doctor.network import certificate, knock, look, resolve, way_of_ssh

DOMAIN = "forms.test"


def certified(folder: Path, days: int, domain: str = DOMAIN) -> Path:
    """A certificate and its key in one file, good for so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / f"{domain}.pem"
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


@contextmanager
def serving(file: Path) -> Iterator[int]:
    """One TLS handshake on loopback; gives the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def shake() -> None:
            with suppress(OSError):
                context.wrap_socket(server.accept()[0], server_side=True).close()

        thread = threading.Thread(target=shake, daemon=True)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join(5)


def test_a_good_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certified(tmp_path, 60)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(file) as port:
        found = certificate("127.0.0.1", DOMAIN, port)
    assert found.problem == "" and found.expires is not None
    assert found.expires == pytest.approx(time.time() + 60 * 86400, abs=60)


def test_an_expired_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certified(tmp_path, -1)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(file) as port:
        found = certificate("127.0.0.1", DOMAIN, port)
    assert found.is_expired and found.expires is None


def test_one_that_nobody_vouches_for(tmp_path: Path) -> None:
    with serving(certified(tmp_path, 60)) as port:
        found = certificate("127.0.0.1", DOMAIN, port)
    assert not found.is_expired and "self-signed" in found.problem


def test_one_of_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = certified(tmp_path, 60, "other.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with serving(file) as port:
        assert "forms.test" in certificate("127.0.0.1", DOMAIN, port).problem


def test_knocking() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert knock("127.0.0.1", port) == "open"
    assert knock("127.0.0.1", port) == "refused"
    assert knock("vps.invalid", port) not in ("open", "refused")


def test_names() -> None:
    assert resolve("127.0.0.1").addresses == {"127.0.0.1"}
    assert "127.0.0.1" in resolve("localhost").addresses
    assert resolve("vps.invalid").problem
    assert resolve("a" * 70 + ".invalid").problem


def test_all_at_once() -> None:
    found = look("127.0.0.1", "", ["localhost", "vps.invalid"])
    assert found.host.addresses == {"127.0.0.1"}
    assert found.domains["vps.invalid"].problem and not found.domains["localhost"].problem
    assert set(found.ports) == {80, 443}


def test_where_ssh_really_goes(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host vps\n  HostName 192.0.2.7\nHost far\n  ProxyJump bastion.test\n")
    ssh = ["ssh", "-F", str(config), "-o", "ConnectTimeout=10", "--"]
    assert way_of_ssh([*ssh, "vps"], "vps") == ("192.0.2.7", "")
    assert way_of_ssh([*ssh, "ana@other.test"], "other.test") == ("other.test", "")
    assert way_of_ssh([*ssh, "far"], "far") == ("far", "bastion.test")
    assert way_of_ssh(["/nowhere/ssh", "vps"], "vps") == ("vps", "")

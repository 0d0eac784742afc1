"""A given certificate is refused before anything is touched where it would not serve."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from spec_files import ENVIRONMENT, new_project

from higuera.errors import HigueraError
from higuera.spec.load import Deployment
from higuera.spec.pair import check_pair

NAMES = "DNS:*.example.com,DNS:example.com"


def made(folder: Path, name: str, names: str = NAMES, days: int = 10) -> tuple[Path, str]:
    """A certificate's file, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-subj", "/CN=example.com", "-addext", f"subjectAltName={names}"]
    words += ["-days", str(days), "-out", str(certificate), "-keyout", str(key)]
    subprocess.run(words, check=True, capture_output=True)
    return certificate, key.read_text()


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """With a certificate for example.com and all names below it."""
    project = new_project(tmp_path, monkeypatch)
    _, key = made(project.inventory, "given")
    for name in ("DATABASE_URL", "SESSION_SECRET", "SMOKE_EMAIL", "SMOKE_PASSWORD"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("TLS_KEY", key)
    tls = {"mode": "files", "certificate": "given.pem", "key": "TLS_KEY"}
    domains = ["example.com", "www.example.com"]
    project.write("production", {**ENVIRONMENT, "domains": domains, "tls": tls})
    return project.load()


def refusal(deployment: Deployment, now: datetime | None = None) -> str:
    with pytest.raises(HigueraError) as error:
        check_pair(deployment, deployment.secrets, now)
    assert "PRIVATE" not in str(error.value)
    return str(error.value)


def test_a_pair_that_fits(deployment: Deployment) -> None:
    check_pair(deployment, deployment.secrets)


def test_its_time_is_over_or_to_come(deployment: Deployment) -> None:
    now = datetime.now(UTC)
    assert "bring a new one" in refusal(deployment, now + timedelta(days=11))
    assert "is valid only from" in refusal(deployment, now - timedelta(days=1))


def test_a_name_that_it_is_not_for(deployment: Deployment) -> None:
    made(deployment.inventory, "given", "DNS:example.com")
    assert "tls.certificate: given.pem: is not good for www.example.com" in refusal(deployment)


def test_a_star_stands_for_one_label(deployment: Deployment) -> None:
    made(deployment.inventory, "given", "DNS:*.com,DNS:example.com")
    assert "is not good for www.example.com" in refusal(deployment)


def test_the_key_of_another(deployment: Deployment) -> None:
    made(deployment.inventory, "given")
    assert "TLS_KEY: is not the private key of given.pem" in refusal(deployment)


def test_what_is_no_certificate_and_no_key(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "TLS_KEY: holds no private key" in refusal(with_key(deployment, "PRIVATE nonsense"))
    (deployment.inventory / "given.pem").write_text("nonsense")
    assert "holds no certificate in PEM form" in refusal(with_key(deployment, "x"))
    (deployment.inventory / "given.pem").unlink()
    assert "given.pem: No such file" in refusal(with_key(deployment, "x"))


def test_a_key_beside_the_certificate_is_refused(deployment: Deployment) -> None:
    given = deployment.inventory / "given.pem"
    given.write_text(given.read_text() + deployment.environ["TLS_KEY"])
    assert "given.pem: holds a private key" in refusal(deployment)


def test_of_the_file_only_certificates_are_handed_on(deployment: Deployment) -> None:
    given = deployment.inventory / "given.pem"
    alone = given.read_text()
    given.write_text(f"# Für example.com, Größe egal\n{alone}Bag Attributes\n{alone}")
    check_pair(deployment, deployment.secrets)
    assert deployment.certificate == alone + alone


def with_key(deployment: Deployment, key: str) -> Deployment:
    environ = {**deployment.environ, "TLS_KEY": key}
    fields = (deployment.inventory, deployment.name, deployment.stack, deployment.environment)
    return Deployment(*fields, environ=environ)

"""Does a given certificate do? Asked on the controller, before anything is touched."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from higuera.errors import SecretError, SpecError
from higuera.spec.load import Deployment
from higuera.spec.secrets import Secrets


def check_pair(deployment: Deployment, secrets: Secrets, now: datetime | None = None) -> None:
    """Raise SpecError or SecretError, which names neither key nor value, where it would not serve.

    It has to be good for every name, be valid today, and its key has to be its own.
    """
    tls, leaf = deployment.environment.tls, check_certificate(deployment, now)
    if leaf is None or tls.key is None:
        return
    if _public(leaf.public_key()) != _public(_private(secrets, tls.key).public_key()):
        raise SecretError(f"{tls.key}: is not the private key of {tls.certificate}")


def check_certificate(
    deployment: Deployment, now: datetime | None = None
) -> x509.Certificate | None:
    """The same of the certificate alone, whoever has its key. None where none is given."""
    tls, text = deployment.environment.tls, deployment.certificate
    if text is None:
        return None
    where = f"tls.certificate: {tls.certificate}"
    leaf = _leaf(text, where)
    now = now or datetime.now(UTC)
    if now >= leaf.not_valid_after_utc:
        raise SpecError(f"{where}: ended on {leaf.not_valid_after_utc:%Y-%m-%d}: bring a new one")
    if now < leaf.not_valid_before_utc:
        raise SpecError(f"{where}: is valid only from {leaf.not_valid_before_utc:%Y-%m-%d} on")
    missing = [name for name in deployment.environment.names if not covers(leaf, name)]
    if missing:
        raise SpecError(f"{where}: is not good for {', '.join(missing)}")
    return leaf


def _leaf(text: str, where: str) -> x509.Certificate:
    """The first one, which nginx shows as the host's own."""
    try:
        return x509.load_pem_x509_certificates(text.encode())[0]
    except ValueError:
        raise SpecError(f"{where}: holds no certificate in PEM form") from None


def _private(secrets: Secrets, name: str) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(secrets.reveal(name).encode(), password=None)
    except (ValueError, TypeError):
        raise SecretError(f"{name}: holds no private key in PEM form without a password") from None


def covers(leaf: x509.Certificate, name: str) -> bool:
    """As browsers compare (RFC 6125): `*` stands for one label, and the subject does not count."""
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    names = {each.lower() for each in found.value.get_values_for_type(x509.DNSName)}
    return bool(names & {name, f"*.{name.partition('.')[2]}"})


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

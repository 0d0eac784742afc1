"""A release: its id, and the manifest that travels with it."""

from datetime import UTC, datetime

from higuera.spec.model import Model


class Part(Model):
    """One service of a release."""

    fingerprint: str
    """SHA-256 of what it was built from."""
    content: str
    """SHA-256 of the tree it was built into: equal content is the same code."""


class Manifest(Model):
    """What a release is, kept as `manifest.json` in its folder."""

    id: str
    app: str
    created: str
    """UTC, ISO 8601."""
    commit: str
    services: dict[str, Part]


def release_id(now: datetime, commit: str) -> str:
    """`20261123T101500Z-ab12cd3`: sorts by time, says the commit."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{commit}"

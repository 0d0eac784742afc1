"""A release: its id, and the manifest that travels with it."""

from datetime import UTC, datetime, timedelta

from higuera.spec.model import Model


class Part(Model):
    """One service of a release."""

    fingerprint: str
    """SHA-256 of what it was built from."""
    content: str
    """SHA-256 of the tree it was built into: equal content is the same code."""
    size: int | None = None
    """Bytes of its artifact, compressed; None: an earlier Higuera made it."""


class Schema(Model):
    """The schema that a release was proven on."""

    fingerprint: str
    """SHA-256 of its catalog, which lies beside the manifest."""
    source: str
    """How that was found, such as `an empty database on the target's server`."""
    server: str
    """The version of PostgreSQL that it was found with."""
    migrations: dict[str, str]
    """SHA-256 of each migration's file, by name."""
    is_partial: bool = False
    """Whether that tells of tables and columns only."""
    backup: str = ""
    """The dump that was taken before this release's migrations; empty: none was pending."""


class Manifest(Model):
    """What a release is, kept as `manifest.json` in its folder."""

    id: str
    app: str
    created: str
    """UTC, ISO 8601."""
    commit: str
    services: dict[str, Part]
    database: Schema | None = None


def release_id(now: datetime, commit: str) -> str:
    """`20261123T101500Z-ab12cd3`: sorts by time, says the commit."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{commit}"


def made(release: str) -> datetime | None:
    """When a release was made, by its id; None where the id does not say."""
    return moment(release.partition("-")[0])


def moment(stamp: str) -> datetime | None:
    """A UTC time as ids and the journal write it (ISO 8601, basic or extended)."""
    for form in ("%Y%m%dT%H%M%SZ", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            return datetime.strptime(stamp, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def ago(then: datetime | None, now: datetime) -> str:
    """An age in its largest unit, such as `3 h ago`."""
    if then is None:
        return "at an unknown time"
    age = max(now - then, timedelta())
    for seconds, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if age.total_seconds() >= 2 * seconds:
            return f"{age.total_seconds() // seconds:.0f} {unit} ago"
    return f"{age.total_seconds():.0f} s ago"

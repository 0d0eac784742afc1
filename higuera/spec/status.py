"""How an app stands on its host: what `higuera status --json` prints. The on-host tool writes it.

JSON Schema: docs/schema/status.schema.json.
"""

from typing import Literal

from pydantic import ConfigDict

from higuera.spec.model import Model
from higuera.spec.service import Colour


class LivePlan(Model):
    """What serves."""

    plan: str
    """The number of the traffic plan, as in `0042`."""
    release: str
    since: str
    """UTC, ISO 8601; likewise below."""


class PreviousPlan(Model):
    """What served before it."""

    plan: str
    release: str


class ServiceStatus(Model):
    """The live slot of a service."""

    slot: str
    colour: Colour
    state: str
    """As `systemctl is-active` says it."""
    health: Literal["healthy", "unhealthy", "its requests wait"]
    """The last is for the seconds in which a service that never runs twice changes its colour."""


class Armed(Model):
    """A cutover that nobody has confirmed yet."""

    back_to: str
    """The traffic plan that the host goes back to by itself unless somebody confirms."""


class ShownPair(Model):
    """The certificate that nginx shows."""

    kind: str
    """acme, files, self-signed; stand-in: there is none yet."""
    ends: str
    days: int
    """Whole days that are left; below 0: it has ended."""
    warn: int
    """From how many days on its end counts as near: `tls.warn`."""
    timer: str
    """What systemd says of the timer that renews it, `active enabled` as it should be; empty
    where nothing is renewed."""
    problem: str
    """Why the last try to get or renew it failed; empty where it did not."""


class LockOwner(Model):
    """Who holds the lock; a deploy may say more of itself."""

    model_config = ConfigDict(extra="allow")

    actor: str
    since: str
    what: str
    pid: str
    """The process on the host that holds it."""


class Status(Model):
    """All of it."""

    app: str
    live: LivePlan | None
    """null: nothing is live."""
    previous: PreviousPlan | None
    """null: there is nothing to go back to."""
    nginx: str
    """What systemd says of it, `active enabled` as it should be: where it does not run, nobody is
    answered, however healthy the services are."""
    services: dict[str, ServiceStatus]
    """By the service's name, those that serve."""
    armed: Armed | None
    """null: every cutover is confirmed."""
    certificate: ShownPair | None
    """null: without TLS, or before the first deploy with it."""
    lock: LockOwner | None
    """null: nobody holds it."""
    incident: str
    """The newest incident note, by its path; empty: there is none."""
    notice: str
    """What the next one to come is told, such as a cutover that was taken back; empty: nothing."""

"""What `higuera drift --json` prints. JSON Schema: docs/schema/drift.schema.json."""

from datetime import date
from typing import Any, Literal

from higuera.spec.database import Accepted
from higuera.spec.model import Model


class DriftedObject(Model):
    """An object of the target that is not what the release's migrations make."""

    object: str
    """As `database.accept` names it: `column public.forms.note`."""
    change: Literal["missing", "extra", "differs"]
    """On the target."""
    expected: dict[str, Any] | None
    """Its properties as the migrations make it; null: they make no such object."""
    actual: dict[str, Any] | None
    """Its properties on the target; null: it is not there."""
    mend: str
    """SQL that ends it on the target; empty where that is not plain."""


class AcceptedObject(DriftedObject):
    """One that the stack file accepts, or `--accept` in this run."""

    owner: str
    reason: str
    until: date
    """The last day on which it counts as accepted."""


class DriftReport(Model):
    """All of it."""

    release: str
    """The live release, whose migrations are the measure."""
    equal: bool
    """Whether nothing differs but what is accepted; the exit status is 0 then, and 2 otherwise."""
    source: str
    """How it is known what the migrations make."""
    partial: bool
    """Whether tables and columns alone could be compared."""
    drift: list[DriftedObject]
    """What nobody owns, or nobody owns any more."""
    accepted: list[AcceptedObject]
    expired: list[Accepted]
    """Entries whose day is over, while what they name still differs."""
    unused: list[Accepted]
    """Entries that name nothing that differs: to be removed."""

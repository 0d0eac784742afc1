"""Drift: the target against what the live release was proven on. Pure: from lines to a verdict."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from higuera.database.catalog import Catalog
from higuera.database.drift_report import AcceptedObject, DriftedObject, DriftReport
from higuera.database.parity import (
    Difference,
    Settled,
    compare,
    describe,
    settle,
)
from higuera.database.target import SOURCES
from higuera.errors import DatabaseError
from higuera.spec.database import Accepted
from higuera.spec.release import Manifest

# The owner of what `--accept` names.
THIS_RUN = "this run"


@dataclass(frozen=True)
class Standing:
    """What the host says of the live release and of the target."""

    release: str
    target: Catalog
    expected: Catalog | None
    """What the release was proven on; None where that is not known, or not for this server."""
    source: str = ""
    is_partial: bool = False


@dataclass(frozen=True)
class Drift:
    """Which differences there are, and how the expected side is known."""

    release: str
    source: str
    is_partial: bool
    settled: Settled

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs that nobody owns."""
        return not self.settled.drift


def parse_standing(lines: list[str]) -> Standing:
    """From what `higuera-APP drift` prints. Raises DatabaseError where that is no answer."""
    said = dict(line.split(" ", 1) for line in lines if " " in line)
    if "catalog" not in said:
        raise DatabaseError("the database gave no answer; its message is above")
    target = Catalog.from_json(said["catalog"])
    try:
        manifest = Manifest.model_validate_json(said.get("manifest", ""))
    except ValidationError:
        raise DatabaseError("nothing is live there, or its manifest cannot be read") from None
    record = manifest.database
    if said.get("scratch") in SOURCES and "recorded" in said:
        source = SOURCES[said["scratch"]]
        return Standing(manifest.id, target, Catalog.from_json(said["recorded"]), source)
    if record is None or "recorded" not in said:
        return Standing(manifest.id, target, None)
    expected = Catalog.from_json(said["recorded"])
    if not expected.is_partial and expected.server != target.server:
        return Standing(manifest.id, target, None)  # another version may word things otherwise
    return Standing(manifest.id, target, expected, record.source, record.is_partial)


def drift_of(standing: Standing, accepted: list[Accepted], today: date) -> Drift:
    """Compare the target with what the release expects, which has to be known."""
    assert standing.expected is not None
    settled = settle(compare(standing.expected, standing.target), accepted, today)
    return Drift(standing.release, standing.source, standing.is_partial, settled)


def format_drift(drift: Drift) -> list[str]:
    """The report, for a person."""
    settled = drift.settled
    head = f"release {drift.release}, whose migrations make: {drift.source}"
    lines = [head, *_owned(settled)]
    if drift.is_equal:
        kind = "tables and columns are" if drift.is_partial else "the target's schema is"
        return [*lines, f"{kind} equal to it"]
    count = len(settled.drift)
    return [*lines, *describe(settled.drift), f"{count} object{'s' * (count > 1)} drifted"]


def _owned(settled: Settled) -> list[str]:
    return [
        *(
            f"accepted until {entry.until} ({entry.owner}: {entry.reason}): {found.object}"
            for found, entry in settled.accepted
        ),
        *(
            f"no longer accepted since {entry.until} ({entry.owner}): {entry.object}"
            for entry in settled.expired
        ),
        *(
            f"{'--accept' if entry.owner == THIS_RUN else 'database.accept'} names {entry.object}, "
            f"which does not differ: remove it"
            for entry in settled.unused
        ),
    ]


def drift_report(drift: Drift) -> DriftReport:
    """The report, for a program."""
    settled = drift.settled
    return DriftReport(
        release=drift.release,
        equal=drift.is_equal,
        source=drift.source,
        partial=drift.is_partial,
        drift=[DriftedObject(**_difference(found)) for found in settled.drift],
        accepted=[
            AcceptedObject(**{**_difference(found), **entry.model_dump()})
            for found, entry in settled.accepted
        ],
        expired=settled.expired,
        unused=settled.unused,
    )


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "object": found.object,
        "change": found.change,
        "expected": found.expected,
        "actual": found.actual,
        "mend": found.mend,
    }

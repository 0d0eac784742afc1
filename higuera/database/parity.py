"""Parity: what a target's schema is, against what its migrations make. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from higuera.database.catalog import Catalog, Properties
from higuera.database.difference import Difference
from higuera.database.generated import numbered_otherwise
from higuera.database.mend import mended
from higuera.database.names import reading_order
from higuera.database.partial import in_words_of, partial_view
from higuera.database.provider import of_a_provider
from higuera.database.report import describe
from higuera.database.swallow import swallow
from higuera.spec.database import Accepted

__all__ = ["Difference", "Settled", "compare", "describe", "settle"]


def compare(expected: Catalog, actual: Catalog) -> list[Difference]:
    """All differences in reading order; none is there twice.

    Where only a tool's snapshot tells what is expected, they are of what such a one knows.
    """
    if expected.is_partial:
        actual = partial_view(actual)
        expected = in_words_of(actual, expected)
    hidden = of_a_provider(expected, actual)
    found = [
        difference
        for key in expected.objects.keys() | actual.objects.keys()
        if (difference := _difference(key, expected.objects.get(key), actual.objects.get(key)))
        and not hidden(key)
    ]
    found.sort(key=lambda difference: reading_order(difference.object))
    return mended(swallow(numbered_otherwise(found)))


def _difference(
    key: str, expected: Properties | None, actual: Properties | None
) -> Difference | None:
    if expected is None:
        return Difference(key, "extra", None, actual)
    if actual is None:
        return Difference(key, "missing", expected, None)
    if expected == actual:
        return None
    difference = Difference(key, "differs", expected, actual)
    return difference if difference.changed else None


@dataclass(frozen=True)
class Settled:
    """Differences, parted by what the stack accepts."""

    drift: list[Difference]
    """What nobody owns, or nobody owns any more."""
    accepted: list[tuple[Difference, Accepted]]
    expired: list[Accepted]
    """Their day is over, and what they name is there still."""
    unused: list[Accepted]
    """They name nothing that differs."""


def settle(differences: Sequence[Difference], accepted: Sequence[Accepted], today: date) -> Settled:
    """Part the differences by the accept list of the stack, as it stands on the day `today`."""
    valid = {entry.object: entry for entry in accepted if entry.until >= today}
    there = {difference.object for difference in differences}
    owned = [(found, valid[found.object]) for found in differences if found.object in valid]
    return Settled(
        drift=[found for found in differences if found.object not in valid],
        accepted=owned,
        expired=[each for each in accepted if each.object in there and each.until < today],
        unused=[each for each in accepted if each.object not in there],
    )

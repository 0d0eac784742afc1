"""Names that the server makes up: `forms_check` and `forms_check1` may stand the other way round.

Which of two unnamed checks gets the number depends on the order in which they came to be; the
schema is the same.
"""

import re
from collections import defaultdict

from higuera.database.difference import NOT_COMPARED, Difference
from higuera.database.names import name_of

_STEM = re.compile(r"(.*_(?:check|key|fkey|excl|idx))\d*", re.DOTALL)


def numbered_otherwise(differences: list[Difference]) -> list[Difference]:
    """Leave out constraints and indexes that only swapped the numbers of their made-up names."""
    groups: dict[tuple[str, str], list[Difference]] = defaultdict(list)
    for found in differences:
        stem = _stem(found.object) if found.change == "differs" else None
        if stem is not None:
            groups[stem].append(found)
    equal = {
        found.object
        for group in groups.values()
        if len(group) > 1 and _side(group, "expected") == _side(group, "actual")
        for found in group
    }
    return [found for found in differences if found.object not in equal]


def _stem(key: str) -> tuple[str, str] | None:
    name = name_of(key)
    if name.kind not in ("constraint", "index"):
        return None
    found = _STEM.fullmatch(name.rest)
    return (name.kind, found.group(1)) if found else None


def _side(group: list[Difference], side: str) -> list[str]:
    """What the objects of one side are, whatever they are called."""
    shown = []
    for found in group:
        own = name_of(found.object).last
        plain = {key: value for key, value in getattr(found, side).items() if key != NOT_COMPARED}
        shown.append(str(sorted(plain.items())).replace(f" {own} ", " "))
    return sorted(shown)

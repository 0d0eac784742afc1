"""What is known of PostgreSQL's types: which can take the place of which."""

import re

_TEXTS = ("character varying", "text")
_WHOLE = {"smallint": 2, "integer": 4, "bigint": 8}
_WRITTEN = re.compile(r"(?P<name>[a-z ]+?)(?:\((?P<size>\d+)(?:,(?P<scale>-?\d+))?\))?")


def widened(old: str, new: str) -> bool:
    """Whether every value of the old type is one of the new, read and written the same way."""
    if old == new:
        return True
    before, after = _WRITTEN.fullmatch(old), _WRITTEN.fullmatch(new)
    if before is None or after is None:
        return False
    if before["name"] in _WHOLE and after["name"] in _WHOLE:
        return _WHOLE[before["name"]] <= _WHOLE[after["name"]]
    if before["name"] in _TEXTS and after["name"] in _TEXTS:
        return after["size"] is None or (
            before["size"] is not None and int(before["size"]) <= int(after["size"])
        )
    if before["name"] == after["name"] == "numeric":
        return _numeric(before, after)
    return False


def _numeric(before: re.Match[str], after: re.Match[str]) -> bool:
    if after["size"] is None:
        return True
    if before["size"] is None:
        return False
    scales = [int(each["scale"] or 0) for each in (before, after)]
    whole = [int(each["size"]) - scale for each, scale in zip((before, after), scales, strict=True)]
    return scales[0] <= scales[1] and whole[0] <= whole[1]


def refuses_or_keeps(old: str, new: str) -> bool:
    """Whether ALTER COLUMN TYPE keeps every value as it is, or fails on the first it cannot."""
    if widened(old, new):
        return True
    before, after = _WRITTEN.fullmatch(old), _WRITTEN.fullmatch(new)
    if before is None or after is None:
        return False
    names = {before["name"], after["name"]}
    # Too long a text or too large a number is an error; a numeric would be rounded in silence.
    return names <= set(_TEXTS) or names <= set(_WHOLE)

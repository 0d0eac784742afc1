"""Where PostgreSQL words the same expression differently, one wording is chosen.

`status in ('a', 'b')` on a varchar column is shown as `(ARRAY['a'::character varying, …])::text[]`
as long as it is what was typed, and as `ARRAY[('a'::character varying)::text, …]` once it came
back out of a dump: the parser moves the cast of an array into its elements.
"""

import re
from typing import Any

_LITERAL = r"'(?:[^']|'')*'::(?:[a-z ]+|\"char\")(?:\(\d+\))?"
_ARRAY = re.compile(rf"\(ARRAY\[({_LITERAL}(?:, {_LITERAL})*)\]\)::([a-z ]+(?:\(\d+\))?)\[\]")
# Their bodies are program text: what is written there is not the server's wording.
_VERBATIM = ("function ", "procedure ")


def stable(key: str, properties: dict[str, Any]) -> dict[str, Any]:
    """The properties of an object with one wording for each expression in them."""
    if key.startswith(_VERBATIM):
        return properties
    return {name: _worded(value) for name, value in properties.items()}


def _worded(value: Any) -> Any:
    return _ARRAY.sub(_inside, value) if isinstance(value, str) else value


def _inside(found: re.Match[str]) -> str:
    items, target = found.groups()
    casts = ", ".join(f"({item})::{target}" for item in re.findall(_LITERAL, items))
    return f"ARRAY[{casts}]"

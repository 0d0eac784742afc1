"""From a line of a rendered text back to the line of its template.

Only asked when something is wrong with the text: the template is rendered once more, with a mark
before each line break that the template itself holds.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

# The inventory may hold no control character, so that no value looks like one.
MARK = re.compile(r"\x01([^\x01]*):([0-9]+)\x01")


class Origin(NamedTuple):
    """A line of a template, counted from 1."""

    file: str
    line: int


class Marks(Extension):
    """Write `\\x01FILE:LINE\\x01` before every line break of a template."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Called by Jinja for each template that it compiles."""
        file = stream.filename or stream.name or ""
        for token in stream:
            if token.type != "data":
                yield token
                continue
            first, *rest = token.value.split("\n")
            text = first
            for number, line in enumerate(rest, token.lineno):
                text += f"\x01{file}:{number}\x01\n{line}"
            yield Token(token.lineno, "data", text)


def marked_lines(text: str) -> list[tuple[str, Origin | None]]:
    """The lines without their marks, each with the last template line that it is made of."""
    found: list[tuple[str, Origin | None]] = []
    for line in text.split("\n"):
        marks = MARK.findall(line)
        origin = Origin(marks[-1][0], int(marks[-1][1])) if marks else None
        found.append((MARK.sub("", line), origin))
    return found

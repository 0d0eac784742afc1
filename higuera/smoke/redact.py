"""Keeps secret values out of every text that leaves a check."""

import html
import json
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

HIDDEN = "***"

# What neither a terminal (escape sequences in a hostile body) nor XML 1.0 may be given.
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Redactor:
    """Hides the values it was told about, as they are and as JSON, URLs, HTML and repr write them.

    Letter case is ignored: servers lower-case e-mail addresses, and %2f is %2F.
    """

    def __init__(self) -> None:
        self._patterns: dict[str, re.Pattern[str]] = {}

    def hide(self, value: str) -> None:
        """Hide `value` from now on. An empty value hides nothing."""
        if value and value not in self._patterns:
            forms = sorted(_written_forms(value), key=len, reverse=True)
            # A lookahead finds overlapping occurrences too, so no tail of one stays behind.
            pattern = f"(?=({'|'.join(map(re.escape, forms))}))"
            self._patterns[value] = re.compile(pattern, re.IGNORECASE)

    def redact(self, text: str) -> str:
        """Return `text` with each stretch covered by hidden values replaced by three stars."""
        spans = sorted(
            match.span(1) for pattern in self._patterns.values() for match in pattern.finditer(text)
        )
        pieces: list[str] = []
        end = 0
        for start, stop in spans:
            if start > end or not pieces:
                pieces += [text[end:start], HIDDEN]
            end = max(end, stop)
        return "".join([*pieces, text[end:]])

    def clean(self, text: str, limit: int = 400) -> str:
        """Return `text` redacted, on one printable line, cut to `limit` characters.

        Redacted before the cut, which would otherwise leave the first half of a secret, and again
        after white space was folded, which can complete one.
        """
        line = " ".join(_UNPRINTABLE.sub(" ", self.redact(text)).split())
        line = self.redact(line)
        return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _written_forms(value: str) -> set[str]:
    """Return how `value` is written, also twice over: logs hold JSON in JSON."""
    once = {value} | {encode(value) for encode in _ENCODERS}
    return once | {encode(form) for form in once for encode in _ENCODERS}


def _bytes(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


_ENCODERS: tuple[Callable[[str], str], ...] = (
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1].replace("/", "\\/"),
    lambda value: quote(_bytes(value)),
    lambda value: quote(_bytes(value), safe=""),
    lambda value: quote(_bytes(value), safe="!*'()"),  # what encodeURIComponent leaves alone
    lambda value: quote_plus(_bytes(value)),
    lambda value: html.escape(value),
    lambda value: html.escape(value, quote=False),
    lambda value: repr(value)[1:-1],
    lambda value: repr(_bytes(value))[2:-1],
)

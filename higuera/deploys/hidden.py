"""Secrets stay out of what a run says: on the screen, in its record, in pyinfra's log of a bug.

An error that nobody expected can have any value in its text, and is told by whoever meets it:
pyinfra, gevent or Python itself.
"""

import io
from typing import Self, TextIO
from urllib.parse import unquote, urlsplit

from higuera.smoke.redact import Redactor
from higuera.spec.secrets import Secrets

KEY = "higuera_hidden"  # of the host's data: how deploy.py comes by it
SHORT = 6  # characters: a shorter value would hide half of every text


class Hidden(Redactor):
    """The secrets of one run, once they are read."""

    def __copy__(self) -> Self:
        """Itself: pyinfra copies the data of a host whenever it is read."""
        return self

    def hide_all(self, secrets: Secrets) -> None:
        """Hide the values from now on: whole, a line of one, a URL's password."""
        for value in map(secrets.reveal, secrets):
            pieces = [value, *value.splitlines()]
            if "://" in value:
                password = urlsplit(value).password or ""
                pieces += [password, unquote(password)]
            for piece in pieces:
                if len(piece) >= SHORT:
                    self.hide(piece)


class Screen(io.TextIOWrapper):
    """Standard error without what is hidden."""

    def __init__(self, stream: TextIO, hidden: Redactor) -> None:
        stream.flush()
        super().__init__(
            stream.buffer, encoding=stream.encoding, errors=stream.errors, line_buffering=True
        )
        self._hidden = hidden

    def write(self, text: str, /) -> int:
        """Write what is left of a text."""
        return super().write(self._hidden.redact(text))

"""What the facts share: a POSIX script as one command, and its answer as tagged lines.

A line that does not have its shape is passed over: a host may print anything, and what a fact
could not read counts as not there.
"""

from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable
from shlex import quote

from pyinfra.api.command import StringCommand

Tagged = dict[str, list[str]]
"""The rest of each line, by its first word."""


def words(values: Iterable[object]) -> str:
    """Shell words, each quoted."""
    return " ".join(quote(str(value)) for value in values)


def script(text: str) -> StringCommand:
    """A script as a command. `true` at its end: a fact that cannot be read is not a failed host."""
    return StringCommand(f"{text.strip()}\ntrue")


def tagged(output: list[str]) -> Tagged:
    """Lines such as `slot backend-blue 2026…` by their first word."""
    found: Tagged = defaultdict(list)
    for line in output:
        tag, _, rest = line.partition(" ")
        found[tag].append(rest)
    return found


def rows(found: Tagged, tag: str, size: int) -> list[list[str]]:
    """The lines of a tag as `size` words, the last of which may hold blanks (a path, a name)."""
    split = (line.split(" ", size - 1) for line in found[tag])
    return [row for row in split if len(row) == size and all(row)]


def from_base64(text: str) -> bytes | None:
    """What `base64 -w0` encoded; None where the text is not that."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None

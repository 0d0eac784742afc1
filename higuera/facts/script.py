"""What the facts share: a POSIX script as one command, and its answer as tagged lines."""

from collections import defaultdict
from collections.abc import Iterable
from shlex import quote

from pyinfra.api.command import StringCommand


def words(values: Iterable[object]) -> str:
    """Shell words, each quoted."""
    return " ".join(quote(str(value)) for value in values)


def script(text: str) -> StringCommand:
    """A script as a command. `true` at its end: a fact that cannot be read is not a failed host."""
    return StringCommand(f"{text.strip()}\ntrue")


def tagged(output: list[str]) -> dict[str, list[list[str]]]:
    """Lines such as `slot backend-blue 2026…` by their first word, the rest split at blanks."""
    found: dict[str, list[list[str]]] = defaultdict(list)
    for line in output:
        tag, _, rest = line.partition(" ")
        found[tag].append(rest.split())
    return found

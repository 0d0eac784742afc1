"""The journal of an app, on its host: one JSON line a step, appended in one write."""

import json
from datetime import UTC, datetime, timedelta
from shlex import quote

from pyinfra.api import StringCommand

from higuera.spec.actor import actor

STAMP = "%Y-%m-%dT%H:%M:%SZ"


def now(ahead: float = 0) -> str:
    """The time as the journal writes it: UTC, ISO 8601, whole seconds.

    + ahead: seconds by which the host's clock, which the journal goes by, is ahead of this one
    """
    return (datetime.now(UTC) + timedelta(seconds=ahead)).strftime(STAMP)


def line(
    step: str, result: str, start: str, release: str, detail: str = "", ahead: float = 0
) -> str:
    """One line. `result` is ok, failed, reverted, abandoned or noted."""
    entry = {
        "step": step,
        "result": result,
        "start": start,
        "end": now(ahead),
        "release": release,
        "actor": actor(),
        "detail": detail,
    }
    return json.dumps({key: value for key, value in entry.items() if value})


def append(app: str, text: str) -> StringCommand:
    """The command that appends a line; it arrives on standard input."""
    folder = f"/var/lib/higuera/{app}"
    return StringCommand(
        f"mkdir -p {quote(folder)} && cat >>{quote(f'{folder}/journal.jsonl')}", _stdin=text
    )

"""gixy: mistakes in the configuration that nginx really reads."""

import json
import re
from typing import Any

from higuera.audit.programs import last_line, run
from higuera.audit.report import Finding, judged
from higuera.audit.subject import Subject
from higuera.errors import ProgramError

NAME = "gixy"
TARGET = "0 at medium or above"
# Before each file in the output of nginx -T.
START = "# configuration file "
# Without the API keys of tiers, which stay on the host.
DUMP = f"""
dump=$(nginx -T 2>/dev/null) || {{ nginx -t; exit 1; }}
printf '%s\\n' "$dump" | awk '/^{START}/ {{ keys = /[.]keys:$/; print; next }} !keys'
"""
COUNTED = ("MEDIUM", "HIGH")
# What it may say and why that is no fault here.
EXCEPTED = {
    "try_files_is_evil_too": "the cache it asks for would serve files of the release before"
}
# gixy answers `[]` to what it cannot read. That it finds a fault which is planted into the same
# text shows that it did read it; it tells like faults as one, so that is a run of its own.
CANARY = "/higuera-canary"
FAULT = f"server {{ listen 127.0.0.1:9; location {CANARY} {{ return 302 http://$host$uri; }} }}"


def audit(subject: Subject) -> list[Finding]:
    """Bring the configuration home, with all that it includes, and read it. Raises ProgramError."""
    dump = subject.ask(DUMP)
    planted, count = re.subn(r"^(\s*http\s*\{)", rf"\1 {FAULT}", dump, count=1, flags=re.MULTILINE)
    if not count:
        raise ProgramError("nginx -T printed no http block")
    if CANARY not in _read(planted):
        raise ProgramError("it could not read the configuration: a planted fault was not found")
    return [judge(_read(dump), dump)]


def _read(text: str) -> str:
    _, out, err = run("gixy-ng", "gixy", ["--format", "json", "-l", "-"], text)
    if not out.strip():
        raise ProgramError(last_line(err))
    return out


def judge(output: str, dump: str = "") -> Finding:
    """From its JSON: a list of `{plugin, severity, summary, file, line}`. Raises ProgramError."""
    starts = {
        line.removeprefix(START).rstrip(":"): number
        for number, line in enumerate(dump.splitlines(), 1)
        if line.startswith(START)
    }
    try:
        counted = [entry for entry in json.loads(output) if _counts(entry)]
        faults = [_line(entry, starts) for entry in counted if entry["plugin"] not in EXCEPTED]
        excepted = [
            f"excepted {_line(entry, starts)}: {why}"
            for entry in counted
            if (why := EXCEPTED.get(entry["plugin"]))
        ]
    except (ValueError, TypeError, KeyError):
        raise ProgramError(f"its answer is no JSON: {last_line(output)}") from None
    found = f"{len(faults)} at medium or above"
    return judged(
        NAME,
        TARGET,
        float(len(faults)),
        f"{found}, {len(excepted)} excepted" if excepted else found,
        [*faults, *excepted],
        met=not faults,
    )


def _counts(entry: dict[str, Any]) -> bool:
    return str(entry["severity"]).upper() in COUNTED


def _line(entry: dict[str, Any], starts: dict[str, int]) -> str:
    """gixy counts lines from the start of the whole dump."""
    file = str(entry["file"])
    place = f"{file}:{int(entry['line']) - starts.get(file, 0)}"
    return f"{entry['severity'].lower()} {entry['plugin']} ({place}): {entry['summary']}"

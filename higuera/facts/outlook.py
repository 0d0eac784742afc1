"""What a plan has to know beside the release: the target, other files, how long deploys take."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import takewhile
from typing import Any

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.database.catalog import Catalog
from higuera.database.target import Target, parse_target
from higuera.errors import DatabaseError
from higuera.facts.files import HostFiles, files_script, parse_files
from higuera.facts.script import Tagged, rows, script, tagged, words
from higuera.spec.paths import HostPaths
from higuera.spec.release import moment


@dataclass(frozen=True)
class OutlookState:
    """The answers. `target` is None where the database could not be asked: `why` says it."""

    target: Target | None = None
    proven: Catalog | None = None
    """What the target was last proven equal to."""
    why: str = ""
    is_silent: bool = False
    """Whether the database was asked and gave no answer."""
    last_seconds: float | None = None
    """From the first to the last step of the newest deploy that went live."""
    files: HostFiles = field(default_factory=HostFiles)
    """Those that were asked for."""


class Outlook(FactBase[OutlookState]):
    """Ask the on-host tool and its journal, in one command that changes nothing."""

    @staticmethod
    def default() -> OutlookState:
        """Nothing is known."""
        return OutlookState(why="the host did not answer")

    def command(self, app: str, with_database: bool, paths: list[str]) -> StringCommand:
        """A tool that is not there yet is an answer too. `paths`: files that are asked for."""
        own = HostPaths(app)
        tool = words([own.tool])
        lines = [files_script(paths, [], []) if paths else ""]
        lines += [f"tail -n 300 {words([own.journal])} 2>/dev/null | sed 's/^/journal /'"]
        if with_database:
            lines += [
                f"[ -x {tool} ] || {{ echo 'asked missing'; exit 0; }}",
                f"answer=$({tool} outlook 2>&1); echo asked $?",
                "printf '%s\\n' \"$answer\" | sed 's/^/target /'",
            ]
        return script("\n".join(lines))

    def process(self, output: list[str]) -> OutlookState:
        """From its lines to a state."""
        if not output:
            return self.default()
        found = tagged(output)
        seconds = last_seconds(found["journal"])
        return replace(_of_target(found), last_seconds=seconds, files=parse_files(found))


def _of_target(found: Tagged) -> OutlookState:
    asked = (rows(found, "asked", 1) or [["0"]])[0][0]
    lines = found["target"]
    if asked == "missing":
        return OutlookState(why="nothing was deployed there yet")
    if asked != "0":
        return _unanswered(lines)
    if not lines:
        return OutlookState()
    said = dict(line.partition(" ")[::2] for line in lines)
    try:
        target = parse_target(lines)
        proven = Catalog.from_json(said["recorded"]) if "recorded" in said else None
    except DatabaseError as error:
        return OutlookState(why=str(error))
    return OutlookState(target, proven)


def _unanswered(lines: list[str]) -> OutlookState:
    if any(line.startswith("usage: ") for line in lines):
        return OutlookState(why="the tool on the host is older than this")
    why = "the database gave no answer: " + " ".join(lines[-3:])
    return OutlookState(why=why, is_silent=True)


def last_seconds(journal: list[str]) -> float | None:
    """How long the newest deploy took that went live; None where there was none."""
    entries = [entry for line in journal if (entry := _entry(line))]
    live = [number for number, entry in enumerate(entries) if _is_cutover(entry)]
    if not live:
        return None
    newest = live[-1]
    release = entries[newest]["release"]
    # What follows other steps is no part of it: somebody went back to this release, or forward.
    after = takewhile(lambda entry: entry["release"] in ("", release), entries[newest:])
    times = [
        (start, end)
        for entry in [*entries[:newest], *after]
        if entry["release"] == release
        and (start := _time(entry, "start"))
        and (end := _time(entry, "end"))
    ]
    starts, ends = [start for start, _ in times], [end for _, end in times]
    return (max(ends) - min(starts)).total_seconds() if times else None


def _is_cutover(entry: dict[str, Any]) -> bool:
    return entry.get("step") == "cutover" and entry.get("result") == "ok"


def _time(entry: dict[str, Any], key: str) -> datetime | None:
    return moment(str(entry.get(key, "")))


def _entry(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "release" in found else None

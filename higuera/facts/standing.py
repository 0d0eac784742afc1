"""How an app stands on its host, in the words of the on-host tool."""

import json
from dataclasses import dataclass
from typing import Any

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import script, words
from higuera.spec.paths import HostPaths


@dataclass(frozen=True)
class StandingState:
    """What serves, and what a rollback would go to."""

    status: dict[str, Any]
    """The keys of `higuera status --json`."""
    target: str
    """The last release before the live one that was ever confirmed; empty: there is none."""
    confirmed: tuple[str, ...] = ()
    """Every release on the host that was ever confirmed."""

    @property
    def live(self) -> str:
        """The release that serves; empty: none does."""
        return str((self.status.get("live") or {}).get("release", ""))


class Standing(FactBase[StandingState | None]):
    """The status of an app; None where it was never deployed."""

    def command(self, app: str) -> StringCommand:
        """Ask the on-host tool."""
        tool = words([HostPaths(app).tool])
        return script(
            f"[ -x {tool} ] && {tool} status --json &&\n"
            f"    {tool} target | head -n 1 && echo && {tool} releases"
        )

    def process(self, output: list[str]) -> StandingState | None:
        """A line of JSON, the target and an empty line, or only that; then a line a release."""
        try:
            status = json.loads(output[0])
        except (ValueError, IndexError):
            return None
        if not isinstance(status, dict):
            return None
        rest = [line.split() for line in output[1:]]
        gap = rest.index([]) if [] in rest else len(rest)
        target = rest[0][0] if gap else ""
        confirmed = (row[0] for row in rest[gap + 1 :] if row and row[1:2] != ["never"])
        return StandingState(status, target, tuple(confirmed))

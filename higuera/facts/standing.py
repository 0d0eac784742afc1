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

    @property
    def live(self) -> str:
        """The release that serves; empty: none does."""
        return str((self.status.get("live") or {}).get("release", ""))


class Standing(FactBase[StandingState | None]):
    """The status of an app; None where it was never deployed."""

    def command(self, app: str) -> StringCommand:
        """Ask the on-host tool."""
        tool = words([HostPaths(app).tool])
        return script(f"[ -x {tool} ] && {tool} status --json && {tool} target")

    def process(self, output: list[str]) -> StandingState | None:
        """One line of JSON, then the target."""
        try:
            status = json.loads(output[0])
        except (ValueError, IndexError):
            return None
        if not isinstance(status, dict):
            return None
        return StandingState(status, output[1].strip() if len(output) > 1 else "")

"""Which language runtimes the host has."""

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import script
from higuera.spec.paths import RUNTIMES


class Runtimes(FactBase[set[str]]):
    """The folders below `/opt/higuera/runtimes`; each got its name when it was complete."""

    @staticmethod
    def default() -> set[str]:
        """Nothing."""
        return set()

    def command(self) -> StringCommand:
        """List them."""
        return script(f"ls -1 {RUNTIMES} 2>/dev/null")

    def process(self, output: list[str]) -> set[str]:
        """A name a line."""
        return {line.strip() for line in output if line.strip()}

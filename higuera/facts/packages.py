"""Which Debian packages are installed."""

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import script, words


class InstalledPackages(FactBase[set[str]]):
    """Those of the asked packages that are installed and configured."""

    @staticmethod
    def default() -> set[str]:
        """Nothing."""
        return set()

    def command(self, packages: list[str]) -> StringCommand:
        """Ask dpkg: `ii` is installed and configured, `hi` the same and held."""
        if not packages:  # with no name, dpkg-query lists them all
            return script("")
        return script(
            "dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n' -- "
            f"{words(packages)} 2>/dev/null | sed -n 's/^[a-z]i  *//p'"
        )

    def process(self, output: list[str]) -> set[str]:
        """A package a line."""
        return {line.strip() for line in output if line.strip()}

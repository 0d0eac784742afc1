"""Which Debian packages are installed."""

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import script, words
from higuera.spec.packages import OTHER_CLOCKS, TIMESYNCD

# Whether one of the others runs, or will after the next boot. One at a time is asked for that:
# `is-enabled` fails at the first that is not installed.
OTHER_CLOCK = (
    f"{{ systemctl --quiet is-active {words(OTHER_CLOCKS)} || "
    f"for unit in {words(OTHER_CLOCKS)}; do "
    'systemctl --quiet is-enabled "$unit" && break; done; } 2>/dev/null'
)


class InstalledPackages(FactBase[set[str]]):
    """Those of the asked packages that are installed and configured, or of which another serves."""

    @staticmethod
    def default() -> set[str]:
        """Nothing."""
        return set()

    def command(self, packages: list[str]) -> StringCommand:
        """Ask dpkg: `ii` is installed and configured, `hi` the same and held."""
        if not packages:  # with no name, dpkg-query lists them all
            return script("")
        clock = f"\n{OTHER_CLOCK} && echo {TIMESYNCD}" if TIMESYNCD in packages else ""
        return script(
            "dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n' -- "
            f"{words(packages)} 2>/dev/null | sed -n 's/^[a-z]i  *//p'{clock}"
        )

    def process(self, output: list[str]) -> set[str]:
        """A package a line."""
        return {line.strip() for line in output if line.strip()}

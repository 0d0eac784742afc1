"""Accounts of services, and the folders that they and the deploy need."""

from dataclasses import dataclass, field

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import script, tagged, words


@dataclass(frozen=True)
class AccountsState:
    """Which accounts exist, and `mode owner:group` of each folder that does."""

    accounts: frozenset[str] = frozenset()
    folders: dict[str, str] = field(default_factory=dict)


class Accounts(FactBase[AccountsState]):
    """The asked accounts and folders that are there."""

    @staticmethod
    def default() -> AccountsState:
        """Nothing."""
        return AccountsState()

    def command(self, accounts: list[str], folders: list[str]) -> StringCommand:
        """Ask the account database and the file system."""
        return script(
            f"getent passwd {words(accounts)} | sed 's/^\\([^:]*\\):.*/account \\1/'\n"
            f"stat --format='folder %a %U:%G %n' -- {words(folders)} 2>/dev/null"
        )

    def process(self, output: list[str]) -> AccountsState:
        """From its lines to a state."""
        found = tagged(output)
        return AccountsState(
            accounts=frozenset(line[0] for line in found["account"]),
            folders={line[2]: f"{line[0]} {line[1]}" for line in found["folder"]},
        )

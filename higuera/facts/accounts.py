"""Accounts of services, and the folders that they and the deploy need."""

from dataclasses import dataclass, field

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import rows, script, tagged, words


@dataclass(frozen=True)
class AccountsState:
    """Which accounts exist, and `mode owner:group` of each folder that does.

    A symlink to a folder is that folder; a file is not.
    """

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
        lines = []
        if accounts:  # with no name, getent lists them all
            lines.append(
                f"getent passwd -- {words(accounts)} | sed 's/^\\([^:]*\\):.*/account \\1/'"
            )
        if folders:  # %f: the raw mode in hex, 4xxx for a folder
            lines.append(
                f"stat -L --format='%f %a %U:%G %n' -- {words(folders)} 2>/dev/null | "
                "sed -n 's/^4[0-9a-f]\\{3\\} /folder /p'"
            )
        return script("\n".join(lines))

    def process(self, output: list[str]) -> AccountsState:
        """From its lines to a state."""
        found = tagged(output)
        return AccountsState(
            accounts=frozenset(account for (account,) in rows(found, "account", 1)),
            folders={path: f"{mode} {owner}" for mode, owner, path in rows(found, "folder", 3)},
        )

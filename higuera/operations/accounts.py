"""Accounts that run services, and folders."""

from collections.abc import Generator
from dataclasses import dataclass

from pyinfra import host
from pyinfra.api import StringCommand, operation

from higuera.facts.accounts import Accounts
from higuera.facts.script import words
from higuera.operations.notes import prepares


@dataclass(frozen=True)
class Folder:
    """A folder with its final mode and owner."""

    path: str
    mode: str = "755"
    owner: str = "root:root"

    @property
    def wanted(self) -> str:
        """As `stat` prints it."""
        return f"{int(self.mode, 8):o} {self.owner}"


@operation()
def present(accounts: list[str], folders: list[Folder]) -> Generator[StringCommand, None, None]:
    """Make system accounts without a login, and folders.

    + accounts: names; each gets a group of its own
    + folders: parents before children

    **Example:**

    .. code:: python

        accounts.present(name="Accounts", accounts=["forms-web"], folders=[Folder("/srv/forms")])
    """
    there = host.get_fact(Accounts, accounts=accounts, folders=[folder.path for folder in folders])
    missing = [account for account in accounts if account not in there.accounts]
    due = [folder for folder in folders if there.folders.get(folder.path) != folder.wanted]
    if not missing and not due:
        host.noop("accounts and folders are there")
        return
    known = [folder.path for folder in due if folder.path in there.folders]
    prepares(host, "account", "make", missing)
    prepares(host, "folder", "make", [each.path for each in due if each.path not in known])
    prepares(host, "folder", "put right", known)
    yield StringCommand("\n".join(["set -eu", *map(_account, missing), *map(_folder, due)]))


def _account(name: str) -> str:
    return (
        "useradd --system --user-group --no-create-home --home-dir /nonexistent "
        f"--shell /usr/sbin/nologin {words([name])}"
    )


def _folder(folder: Folder) -> str:
    user, _, group = folder.owner.partition(":")
    rights = f"-m {words([folder.mode])} -o {words([user])} -g {words([group])}"
    return f"install -d {rights} {words([folder.path])}"

"""Debian packages."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from higuera.facts.packages import InstalledPackages
from higuera.facts.script import words
from higuera.operations.notes import prepares

# Another apt (unattended upgrades on a fresh VPS) is waited for, up to two minutes.
APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120"


@operation()
def installed(packages: list[str], before: str = "") -> Generator[StringCommand, None, None]:
    """Install Debian packages that are missing.

    + packages: names, as apt knows them
    + before: shell that runs first, where any is missing

    **Example:**

    .. code:: python

        packages.installed(name="Packages", packages=["nginx", "curl"])
    """
    there = host.get_fact(InstalledPackages, packages=packages)
    missing = sorted(set(packages) - there)
    if not missing:
        host.noop("all packages are installed")
        return
    prepares(host, "package", "install", missing)
    install = f"{APT} install -y --no-install-recommends {words(missing)} >/dev/null"
    first = f"{before} && " if before else ""
    yield StringCommand(f"{first}{APT} update && {install}")

"""Packages that one VPS downloaded, offered to the next: hard links, no copies.

A folder shared by running guests does not work: APT takes a lock in it and does not wait.
"""

import contextlib
import os
from pathlib import Path

from higuera.sandbox import paths

ARCHIVES = Path("var/cache/apt/archives")


def seed(upper: Path) -> None:
    """Put every cached package into the upper folder of a VPS that is not mounted yet.

    Not into its mounted file system: a hard link does not cross into an overlay.
    """
    target = upper / ARCHIVES
    target.mkdir(parents=True, exist_ok=True)
    _link_all(paths.apt_cache_dir(), target)


def collect(upper: Path) -> None:
    """Take over the packages that the guest with this upper folder downloaded.

    APT gives a download its name only when it is complete, and checks the hash of a cached
    package before it uses it.
    """
    source = upper / ARCHIVES
    if source.is_dir():
        paths.apt_cache_dir().mkdir(parents=True, exist_ok=True)
        _link_all(source, paths.apt_cache_dir())


def _link_all(source: Path, target: Path) -> None:
    for package in source.glob("*.deb"):
        # It is there already, or somebody removed it meanwhile: both leave a working cache.
        with contextlib.suppress(FileExistsError, FileNotFoundError):
            os.link(package, target / package.name)

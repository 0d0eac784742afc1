"""What a release carries of a package, and where a package lies in it."""

from dataclasses import dataclass

from higuera.init.package import Package
from higuera.init.tree import Guess


@dataclass(frozen=True)
class Carried:
    """The keys of a service that say what runs."""

    build: str
    artifact: str
    start: str
    migrate: str | None
    """The command of the migrations inside the artifact."""
    static: dict[str, str]
    guesses: tuple[Guess, ...]


def below(package: Package) -> str:
    """The package's folder, seen from its root."""
    return package.folder.removeprefix(package.root).strip("/")

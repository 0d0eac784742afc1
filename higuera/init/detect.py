"""All that the files of an app tell: its services, what was guessed, what is left out."""

import re
from dataclasses import dataclass, field

from higuera.init.framework import elixir_of, framework_of, uses_bun
from higuera.init.manager import Manager, manager_of
from higuera.init.node import node_version
from higuera.init.package import Package, packages_of
from higuera.init.service import Found, service_of
from higuera.init.tree import Guess, Tree

# As long as an account of app and service may be, with the hyphen between (Linux: 32).
BOTH = 31
NAME = 20
FIRST_PORT = 3000
FALLBACK_URL = "DATABASE_URL"


@dataclass
class Detected:
    """What an app consists of."""

    name: str
    services: list[Found] = field(default_factory=list)
    managers: list[Manager] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)
    node: str = ""
    guesses: list[Guess] = field(default_factory=list)
    left: list[Guess] = field(default_factory=list)
    """What was recognised and cannot be written, with the reason."""

    @property
    def migrating(self) -> Found | None:
        """The service whose migrations are the stack's."""
        found = [s for s in self.services if s.migrations and s.migrations.is_postgres]
        return found[0] if found else None

    @property
    def has_database(self) -> bool:
        """Whether anything here wants a PostgreSQL."""
        return self.migrating is not None or any(s.reading.database for s in self.services)

    @property
    def url(self) -> str:
        """The name of the secret with the database's URL, as the code reads it."""
        readers = [s for s in (self.migrating, *self.services) if s is not None]
        return next((s.reading.database[0] for s in readers if s.reading.database), FALLBACK_URL)


def detect(tree: Tree) -> Detected:
    """Everything that the files of an app tell. Raises SpecError for one that cannot be read."""
    packages = packages_of(tree)
    top = packages[0].name.rpartition("/")[2] if packages else ""
    found = Detected(slug(top or tree.root.resolve().name, "app", NAME), packages=packages)
    found.left += elixir_of(tree)
    managers = {p.root: manager_of(tree, p) for p in packages if p.folder == p.root}
    for package in packages:
        manager = managers[package.root]
        if isinstance(manager, Guess):
            if manager not in found.left:
                found.left.append(manager)
            continue
        _add(tree, found, package, manager)
    if found.services:
        found.node, guess = node_version(tree, packages)
        found.guesses += [guess, *(manager.seen for manager in found.managers)]
        _tell_places(found)
    _tell_migrations(found)
    return found


def _add(tree: Tree, found: Detected, package: Package, manager: Manager) -> None:
    framework = framework_of(tree, package)
    bun = uses_bun(tree, package)
    if framework is None and bun is None:
        if "start" in package.scripts:
            says = "has a script `start`, but no framework that is known: write its service by hand"
            found.left.append(Guess(says, package.file))
        return
    if framework is None or bun is not None:
        assert bun is not None
        found.left.append(bun)
        return
    name = _service_name(found, package, framework.name)
    service = service_of(tree, package, framework, manager, found.packages, name)
    if isinstance(service, Guess):
        found.left.append(service)
        return
    found.services.append(service)
    found.guesses += service.guesses
    if manager not in found.managers:
        found.managers.append(manager)


def _service_name(found: Detected, package: Package, framework: str) -> str:
    usual = "web" if framework == "Next" else "api"
    longest = min(NAME, BOTH - len(found.name))
    name = slug(package.folder.rpartition("/")[2], usual, longest) if package.folder else usual
    taken = [service.name for service in found.services]
    numbers = (f"{name[: longest - 2]}{number}" for number in range(2, 100))
    return name if name not in taken else next(n for n in numbers if n not in taken)


def _tell_places(found: Detected) -> None:
    """Where each service is: behind which route, on which port, beside which database."""
    says = ", ".join(f"{path} to {name}" for path, name in routes_of(found).items())
    why = "pages take what no API does" if len(found.services) > 1 else "it is the only service"
    found.guesses.append(Guess(f"nginx sends {says}", why))
    for service, port in ports_of(found):
        seen = service.reading.port or service.package.file
        found.guesses.append(Guess(f"{service.name} listens on {port}, by PORT", seen))
    if found.has_database:
        says = f"PostgreSQL, whose URL is the secret {found.url}"
        readings = (service.reading.seen for service in found.services)
        seen = next((names[found.url] for names in readings if found.url in names), "migrations")
        found.guesses.append(Guess(says, seen))


def _tell_migrations(found: Detected) -> None:
    if found.services and not any(service.migrations for service in found.services):
        says = "no migrations: the CI workflow goes without their check and the job drift"
        found.guesses.append(Guess(says, "no folder of a known tool"))
    for service in found.services:
        what = service.migrations
        if what is None:
            continue
        if not what.is_postgres:
            found.left.append(Guess(f"{what.ledger} for {what.dialect}: not PostgreSQL", what.seen))
        elif service is not found.migrating:
            says = f"migrations of {service.name}: a stack has those of one service"
            found.left.append(Guess(says, what.seen))
        elif what.files is None:
            says = (
                f"{what.ledger}, with no migrations yet: add database.migrate once there are, and"
            )
            says += " what the CI workflow goes without (their check, the job drift)"
            found.left.append(Guess(says, what.seen))
        elif service.carried.migrate is None:
            says = f"{what.ledger} migrations, but not the command that applies them: add it"
            found.left.append(Guess(says, what.seen))
        else:
            says = f"{what.ledger} migrations in {what.files}, by `{service.carried.migrate}`"
            found.guesses.append(Guess(says, what.seen))


def pages_first(found: Detected) -> list[Found]:
    """Its services, those that answer with pages before the others."""
    return sorted(found.services, key=lambda service: not service.is_page)


def ports_of(found: Detected) -> list[tuple[Found, int]]:
    """Each service and its port."""
    return [(service, FIRST_PORT + index) for index, service in enumerate(pages_first(found))]


def routes_of(found: Detected) -> dict[str, str]:
    """Who answers what: a page everything, the first service beside it /api/, others their name."""
    first, *others = pages_first(found)
    routes = {}
    for service in others:
        free = "/api/" if "/api/" not in routes and not service.is_page else f"/{service.name}/"
        routes[free] = service.name
    return {**routes, "/": first.name}


def slug(text: str, otherwise: str, longest: int) -> str:
    """A name that the spec takes: small letters, digits and hyphens, a letter first."""
    found = re.sub(r"[^a-z0-9]+", "-", text.lower()).lstrip("-0123456789")[:longest].strip("-")
    return found if len(found) > 1 else otherwise

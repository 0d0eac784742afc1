"""One service of the stack file from one package, with what was guessed on the way."""

import re
from dataclasses import dataclass
from typing import Any

from higuera.init.carried import Carried
from higuera.init.carry import carry
from higuera.init.code import Reading, code_of, health_of, reading_of
from higuera.init.framework import Framework
from higuera.init.manager import Manager
from higuera.init.migrations import Migrations, migrations_of
from higuera.init.package import MANIFEST, Package
from higuera.init.tree import Guess, Tree, inside

# Files right in the root of a workspace that builds below it may read.
SHARED = re.compile(r"tsconfig[\w.-]*\.json|(turbo|nx|babel)\.json|[\w-]+\.config\.[mc]?[jt]s")
# A path that the spec takes (higuera.spec.model.RelativePath).
PATH = re.compile(r"[A-Za-z0-9._@+][A-Za-z0-9._@+/-]*")


@dataclass(frozen=True)
class Found:
    """A service that can be written."""

    name: str
    package: Package
    framework: Framework
    carried: Carried
    health: str
    reading: Reading
    sources: list[str]
    migrations: Migrations | None
    guesses: tuple[Guess, ...]

    @property
    def is_page(self) -> bool:
        """Whether it answers what no API does."""
        return self.framework.name == "Next"

    def mapping(self, port: int, secrets: list[str]) -> dict[str, Any]:
        """Its keys in the stack file."""
        keys: dict[str, Any] = {"runtime": "node", "build": self.carried.build}
        if self.sources:
            keys["sources"] = self.sources
        keys |= {"artifact": self.carried.artifact, "start": self.carried.start}
        keys |= {"port": port, "health": self.health}
        if self.carried.static:
            keys["static"] = self.carried.static
        if secrets:
            keys["secrets"] = secrets
        return keys


def service_of(
    tree: Tree,
    package: Package,
    framework: Framework,
    manager: Manager,
    packages: list[Package],
    name: str,
) -> Found | Guess:
    """The service of a package; a Guess that says why it cannot be one."""
    if package.folder and not PATH.fullmatch(package.folder):
        return Guess("a folder whose name no stack file can hold", package.file)
    if framework.name == "Vite":
        says = "Vite: a static frontend, for which a stack file has no service: it needs a server"
        return Guess(says, framework.seen)
    if framework.name == "Nest" and '"projects"' in tree.text(framework.seen):
        return Guess("Nest in monorepo mode: several apps in one package", framework.seen)
    needed = _needed(tree, package, packages)
    migrations = migrations_of(tree, package)
    carried = carry(tree, package, framework, manager, needed, migrations, name)
    if isinstance(carried, Guess):
        return carried
    code = code_of(tree, package)
    reading = reading_of(tree, package, code)
    health, guess = _health(framework, code)
    guesses = [
        Guess(f"{framework.name}, as service {name}", framework.seen),
        *carried.guesses,
        guess,
    ]
    if framework.name != "Next" and not reading.port:
        says = "nothing reads PORT here: it has to listen on 127.0.0.1, at the port it is given"
        guesses.append(Guess(says, package.file))
    for file in dict.fromkeys(reading.seen[secret] for secret in reading.secrets):
        there = ", ".join(secret for secret in reading.secrets if reading.seen[secret] == file)
        guesses.append(Guess(f"secrets of {name}: {there}", file))
    if reading.plain:
        names = ", ".join(reading.plain)
        guesses.append(
            Guess(f"reads {names}: set what it needs as services.{name}.env", package.file)
        )
    sources = _sources(tree, package, manager, needed)
    return Found(
        name, package, framework, carried, health, reading, sources, migrations, tuple(guesses)
    )


def _health(framework: Framework, code: dict[str, str]) -> tuple[str, Guess]:
    found = health_of(code) if framework.name != "Next" else None
    if found is not None:
        return found[0], Guess(f"healthy when {found[0]} answers 2xx", found[1])
    if framework.name == "Next":
        return "/", Guess("healthy when / answers 2xx", framework.seen)
    says = "no health path seen: healthy when / answers 2xx; correct it if that is no path of it"
    return "/", Guess(says, framework.seen)


def _needed(tree: Tree, package: Package, packages: list[Package]) -> list[Package]:
    """The packages of the same workspace that it is made of, each after those that it needs."""
    beside = {p.name: p for p in packages if p.name and p.root == package.root and p is not package}
    found: list[Package] = []

    def add(one: Package, above: tuple[str, ...]) -> None:
        for name in sorted(one.dependencies | one.development):
            other = beside.get(name)
            if other is None or name in above or other in found:
                continue
            add(other, (*above, name))
            found.append(other)

    add(package, (package.name,))
    return [p for p in found if p.folder != package.root and PATH.fullmatch(p.folder)]


def _sources(tree: Tree, package: Package, manager: Manager, needed: list[Package]) -> list[str]:
    """What a service is built from; empty, which is all, for an app of one package."""
    if not package.folder:
        return []
    if package.folder == package.root:
        return [package.folder]
    root = inside(package.root, MANIFEST)
    depth = package.root.count("/") + 1 if package.root else 0
    beside = [name for name in tree.below(package.root) if name.count("/") == depth]
    shared = [name for name in beside if SHARED.fullmatch(name.rpartition("/")[2])]
    lock = [manager.lock] if manager.lock else []
    folders = [p.folder for p in [*needed, package]]
    patches = inside(package.root, "patches")
    return [root, *lock, *shared, *([patches] if tree.below(patches) else []), *folders]

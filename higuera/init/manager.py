"""Which program installs the packages, and in which version: what the lock file was written by."""

import re
from dataclasses import dataclass

from higuera.init.package import MANIFEST, Package
from higuera.init.tree import Guess, Tree, inside

BUN_LOCKS = ("bun.lock", "bun.lockb")
# pnpm by the `lockfileVersion` that it writes (pnpm.io/installation, github.com/pnpm/spec).
PNPM = {"5": "7", "6": "8", "9": "9"}
YARN_1 = "1.22.22"
NAMED = re.compile(r"(npm|pnpm|yarn|bun)@(\d+\.\d+\.\d+)")


@dataclass(frozen=True)
class Manager:
    """How packages below one root are installed, and how a script of them runs."""

    root: str
    lock: str | None
    program: str
    install: str
    seen: Guess

    def run(self, folder: str, script: str) -> str:
        """The shell command that runs a script of the package in a folder."""
        command = f"{self.program} run {script}"
        return f"(cd {folder} && {command})" if folder else command

    @property
    def install_command(self) -> str:
        """The shell command that installs, in its root."""
        return f"(cd {self.root} && {self.install})" if self.root else self.install


def manager_of(tree: Tree, top: Package) -> Manager | Guess:
    """The package manager of a root package; a Guess that says why there is none to use."""
    name, version = _named(top)
    locks = {lock: inside(top.root, lock) for lock in (*BUN_LOCKS, "pnpm-lock.yaml", "yarn.lock")}
    has = {lock: file for lock, file in locks.items() if tree.has(file)}
    npm_lock = inside(top.root, "package-lock.json")
    if name == "bun" or (not tree.has(npm_lock) and any(lock in has for lock in BUN_LOCKS)):
        seen = next((has[lock] for lock in BUN_LOCKS if lock in has), top.file)
        return Guess("Bun: recognised, but Higuera cannot run it yet", seen)
    if "pnpm-lock.yaml" in has and name in ("", "pnpm"):
        return _pnpm(tree, top.root, has["pnpm-lock.yaml"], version)
    if "yarn.lock" in has and name in ("", "yarn"):
        return _yarn(tree, top.root, has["yarn.lock"], version)
    if tree.has(npm_lock):
        guess = Guess("npm installs, exactly what the lock file says", npm_lock)
        return Manager(top.root, npm_lock, "npm", "npm ci", guess)
    guess = Guess("npm installs; there is no lock file, so two builds may differ", top.file)
    return Manager(top.root, None, "npm", "npm install --no-package-lock", guess)


def install_inputs(tree: Tree, manager: Manager, packages: list[Package]) -> list[str]:
    """The files that an install depends on."""
    own = [package.file for package in packages if package.root == manager.root]
    settings = (".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml")
    beside = [inside(manager.root, name) for name in settings]
    found = [manager.lock] if manager.lock else []
    return sorted({inside(manager.root, MANIFEST), *own, *found, *filter(tree.has, beside)})


def _named(top: Package) -> tuple[str, str]:
    found = NAMED.match(top.manager)
    return (found[1], found[2]) if found else ("", "")


def _pnpm(tree: Tree, root: str, lock: str, version: str) -> Manager:
    written = re.search(r"^lockfileVersion: '?(\d+)", tree.text(lock), re.M)
    version = version or PNPM.get(written[1] if written else "", "9")
    program = f"npx --yes pnpm@{version}"
    guess = Guess(f"pnpm {version} installs, exactly what the lock file says", lock)
    return Manager(root, lock, program, f"{program} install --frozen-lockfile", guess)


def _yarn(tree: Tree, root: str, lock: str, version: str) -> Manager | Guess:
    if "__metadata:" not in tree.text(lock):
        program = f"npx --yes yarn@{version or YARN_1}"
        guess = Guess("yarn 1 installs, exactly what the lock file says", lock)
        return Manager(root, lock, program, f"{program} install --frozen-lockfile", guess)
    settings = inside(root, ".yarnrc.yml")
    if not re.search(r"^nodeLinker: *['\"]?node-modules", tree.text(settings), re.M):
        why = "yarn without node_modules (Plug'n'Play) cannot be carried to a host: set nodeLinker"
        return Guess(why, settings if tree.has(settings) else lock)
    program = f"npx --yes -p @yarnpkg/cli-dist@{version or '4'} yarn"
    guess = Guess(f"yarn {version or '4'} installs, exactly what the lock file says", lock)
    return Manager(root, lock, program, f"{program} install --immutable", guess)

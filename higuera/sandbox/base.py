"""The Debian file system that all VPSes share: built once with debootstrap, then only read."""

import os
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from higuera.errors import SandboxError
from higuera.sandbox import apt_sources, guest, identity, locks, mounts, paths
from higuera.sandbox.shell import run, tool_environment

SUITE = "bookworm"

# Raise it when what `build` makes changes: VPSes and layers on the old base keep it.
RECIPE = 2


def current() -> str:
    """Return the key of the base that a new VPS gets."""
    return f"{SUITE}-{RECIPE}"


def folder(key: str) -> Path:
    """Return the root folder of a base."""
    return paths.base_dir() / key


def log() -> Path:
    """Return the file that holds what the last debootstrap said."""
    return paths.state_dir() / "debootstrap.log"


def ensure(say: Callable[[str], None]) -> str:
    """Build the current base unless it is there (over a minute), and return its key."""
    key = current()
    if folder(key).is_dir():
        return key
    with locks.held("base", say):
        if not folder(key).is_dir():
            _build(folder(key), say)
    return key


def _build(target: Path, say: Callable[[str], None]) -> None:
    """Build in a folder beside the target, so that an interrupted build leaves no base."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for stale in target.parent.glob(".building-*"):
        mounts.remove_tree(stale)
    fresh = target.parent / f".building-{uuid.uuid4().hex[:8]}"
    try:
        fresh.mkdir(mode=0o755)
        sources = apt_sources.choose(apt_sources.read_controller(), SUITE)
        mirror = apt_sources.mirror(sources, SUITE)
        say(f"building the Debian base from {mirror} (once, over a minute)")
        _debootstrap(fresh, mirror)
        _customise(fresh, apt_sources.render(sources))
        mounts.unmount_below(fresh)
        os.sync()
        fresh.rename(target)
    except BaseException:
        # Also on Ctrl-C, which debootstrap got as well: it is in this process group.
        mounts.remove_tree(fresh)
        raise


def _debootstrap(root: Path, mirror: str) -> None:
    argv = ["debootstrap", "--variant=minbase", f"--include={','.join(guest.INCLUDE)}"]
    with log().open("wb") as output:
        done = subprocess.run(
            [*argv, SUITE, str(root), mirror],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=tool_environment(),
            check=False,
        )
    if done.returncode != 0:
        lines = log().read_text(errors="replace").strip().splitlines()
        raise SandboxError(
            f"sandbox: debootstrap could not build the base from {mirror}: "
            f"{lines[-1] if lines else 'no output'} (all of it: {log()})"
        )


def _customise(root: Path, sources: str) -> None:
    files = guest.base_files(sources, apt_sources.render_proxy(os.environ))
    for path, (text, mode) in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)
    identity.reach_out(root)
    run(["chroot", root, "/bin/sh"], "bring the base up to date", stdin=guest.UPGRADE)
    run(["chroot", root, "/bin/sh"], "set up the base", stdin=guest.CUSTOMISE)

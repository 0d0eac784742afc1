"""Mounts: the overlay of each VPS, and taking down whatever lies under a folder."""

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from higuera.errors import SandboxError
from higuera.sandbox.shell import run

MOUNTINFO = Path("/proc/self/mountinfo")


def mount_points(under: Path, mountinfo: str) -> list[Path]:
    """Return the mount points at or below a folder, the deepest and newest first."""
    found = []
    for line in mountinfo.splitlines():
        # proc(5): spaces, tabs, newlines and backslashes are octal escapes.
        raw = line.split()[4].encode("latin-1", "backslashreplace").decode("unicode_escape")
        point = Path(raw)
        if point == under or under in point.parents:
            found.append(point)
    return found[::-1]


def mounted(folder: Path) -> bool:
    """Tell whether something is mounted on exactly this folder."""
    return folder in mount_points(folder, MOUNTINFO.read_text())


def mount_overlay(lower: Sequence[Path], upper: Path, work: Path, root: Path) -> None:
    """Mount the folders `lower` (the topmost first) below a writable `upper` at `root`.

    redirect_dir: without it a rename of a folder that lies in a lower layer fails with EXDEV,
    which no real disk does.
    """
    for folder in (upper, root):
        folder.mkdir(parents=True, exist_ok=True)
    # A work folder belongs to one mount.
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    joined = ":".join(str(folder) for folder in lower)
    options = f"lowerdir={joined},upperdir={upper},workdir={work},redirect_dir=on,index=off"
    try:
        run(
            ["mount", "-t", "overlay", "-o", options, "overlay", root],
            f"mount the file system of {root.parent.name}",
        )
    except SandboxError as error:
        kind = run(["stat", "-f", "-c", "%T", upper], "look at the state folder").strip()
        raise SandboxError(
            f"{error} (the folder is on {kind}; overlayfs needs ext4, xfs or btrfs there: "
            "set HIGUERA_SANDBOX_DIR to a folder on one)"
        ) from error


def unmount_below(folder: Path, *, patience: float = 5.0) -> None:
    """Unmount everything at or below the folder.

    Whoever walks over this machine's disks (a search, an index) keeps a mount busy for a moment;
    SandboxError if something does for longer than `patience` seconds.
    """
    end = time.monotonic() + patience
    for point in mount_points(folder, MOUNTINFO.read_text()):
        while not _unmounted(point, last=time.monotonic() > end):
            time.sleep(0.1)


def _unmounted(point: Path, *, last: bool) -> bool:
    try:
        run(["umount", point], f"unmount {point}")
    except SandboxError as error:
        if last or "busy" not in str(error):
            raise
        return False
    return True


def remove_tree(folder: Path) -> None:
    """Remove a folder, after everything below it is unmounted: never through a mount."""
    unmount_below(folder)
    if folder.exists():
        shutil.rmtree(folder)

"""Whether this machine can boot VPSes, and the packages it needs for that."""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from higuera.errors import SandboxError
from higuera.sandbox.shell import tool_environment

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

# What is run, and the Debian package that brings it.
TOOLS = {
    "systemd-nspawn": "systemd-container",
    "debootstrap": "debootstrap",
    "nft": "nftables",
    "ip": "iproute2",
    "ssh-keygen": "openssh-client",
    "setpriv": "util-linux",
    "setsid": "util-linux",
    "mount": "mount",
}


def require_root(what: str = "booting a VPS") -> None:
    """Raise SandboxError, which says `what` needs root, unless this process may mount and boot."""
    if platform.system() != "Linux":
        raise SandboxError(
            f"higuera sandbox: {what} needs a Linux machine, this is {platform.system()}; "
            "run higuera on a Linux machine or deploy to a real host"
        )
    if os.geteuid() != 0:
        raise SandboxError(
            f"higuera sandbox: {what} needs root on this machine (systemd-nspawn); run it with sudo"
        )


def missing_packages() -> list[str]:
    """Return the Debian packages to install before a VPS can boot."""
    path = tool_environment()["PATH"]
    wanted = {package for tool, package in TOOLS.items() if shutil.which(tool, path=path) is None}
    if not KEYRING.exists():
        wanted.add("debian-archive-keyring")
    return sorted(wanted)


def install_missing(say: Callable[[str], None]) -> None:
    """Install what is missing with apt-get; raise SandboxError where that is not possible."""
    packages = missing_packages()
    if not packages:
        return
    listed = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise SandboxError(
            f"sandbox: this machine lacks {listed} and has no apt-get; "
            "install them with its own package manager"
        )
    say(f"installing {listed} on this machine")
    if _apt_get("install", *packages) and (_apt_get("update") or _apt_get("install", *packages)):
        raise SandboxError(
            f"sandbox: apt-get could not install {listed}; "
            f"run `apt-get update && apt-get install {listed}` to see why"
        )


def _apt_get(verb: str, *packages: str) -> int:
    """Return apt-get's exit code."""
    options = ["-q", "-y", "-o", "DPkg::Lock::Timeout=120"]
    if verb == "install":
        options.append("--no-install-recommends")
    return subprocess.run(
        ["apt-get", *options, verb, *packages],
        env={**tool_environment(), "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    ).returncode

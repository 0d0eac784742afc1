"""Where the sandbox keeps its files, and what its parts are called on this machine.

    /var/lib/higuera-sandbox/
      base/bookworm-1/         the Debian file system all VPSes share, read-only
      layers/NAME/             a provisioned VPS saved as a further read-only layer
      vps/NAME/                one VPS: what it wrote, its keys, its state
      spare-keys/              host keys of removed VPSes, taken by the next ones
      apt-cache/               packages that VPSes downloaded, offered to the next ones
      locks/                   one file a lock

`HIGUERA_SANDBOX_DIR` moves all of it; a moved sandbox has its own bridge and firewall table,
so two of them do not meet.
"""

import hashlib
import os
import re
from pathlib import Path

from higuera.errors import SandboxError

DEFAULT_STATE = Path("/var/lib/higuera-sandbox")

_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,19}[a-z0-9])?")
_LAYER = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,58}[a-z0-9])?")


def state_dir() -> Path:
    """Return the folder that holds everything the sandbox keeps; SandboxError on a bad path.

    Resolved, because the kernel lists mounts by their real paths; `:` and `,` separate folders
    and options in an overlay mount.
    """
    folder = Path(os.environ.get("HIGUERA_SANDBOX_DIR") or DEFAULT_STATE).resolve()
    if set(":,\\") & set(str(folder)):
        raise SandboxError(
            f"sandbox: HIGUERA_SANDBOX_DIR={folder}: a path with : , or \\ cannot be mounted; "
            "choose another folder"
        )
    return folder


def base_dir() -> Path:
    """Return the folder of the base file systems."""
    return state_dir() / "base"


def layers_dir() -> Path:
    """Return the folder of the saved layers."""
    return state_dir() / "layers"


def vps_dir(name: str) -> Path:
    """Return the folder of one VPS."""
    return state_dir() / "vps" / name


def spare_keys_dir() -> Path:
    """Return the folder of host keys that no VPS uses."""
    return state_dir() / "spare-keys"


def apt_cache_dir() -> Path:
    """Return the folder of packages that VPSes share."""
    return state_dir() / "apt-cache"


def _tag() -> str:
    """Return what tells a moved sandbox's names from the default one's: empty or six digits."""
    state = state_dir()
    if state == DEFAULT_STATE.resolve():
        return ""
    return hashlib.sha256(str(state).encode()).hexdigest()[:6]


def bridge() -> str:
    """Return the name of the host's bridge (the kernel allows 15 characters)."""
    return f"higuera-{_tag()}" if _tag() else "higuera0"


def nft_table() -> str:
    """Return the name of the host's nftables table, family `inet`."""
    return f"higuera_sandbox_{_tag()}" if _tag() else "higuera_sandbox"


def machine_name(name: str) -> str:
    """Return what systemd-nspawn and the control groups call the VPS."""
    return f"higuera-{_tag()}-{name}" if _tag() else f"higuera-{name}"


def check_name(name: str) -> str:
    """Return the name of a VPS, or raise SandboxError if it cannot be a host name here."""
    if _NAME.fullmatch(name) is None:
        raise SandboxError(
            f"sandbox: {name!r} cannot name a VPS: it takes 1 to 21 characters of a-z, 0-9 and "
            "-, starts with a letter and does not end with -"
        )
    return name


def check_layer(layer: str) -> str:
    """Return the name of a layer, or raise SandboxError if it cannot be a folder here."""
    if _LAYER.fullmatch(layer) is None:
        raise SandboxError(
            f"sandbox: {layer!r} cannot name a layer: it takes 1 to 60 characters of a-z, 0-9, "
            "., _ and -, and starts and ends with a letter or a digit"
        )
    return layer

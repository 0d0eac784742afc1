"""How a host is hardened and kept up to date: each group can be turned off by its name."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from higuera.spec.model import Model

# As unattended-upgrades reads it, by the host's own clock.
Time = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
DiskSize = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*[MG]$")]
SwapSize = Literal["auto", False] | DiskSize


class Hardening(Model):
    """Groups of host settings. False leaves a group to whoever owns the host."""

    kernel: bool = True
    """sysctl: no pointers to other users, protected links, no redirects, SYN cookies."""
    modules: bool = True
    """Kernel modules that no web server needs are never loaded."""
    core_dumps: bool = True
    """No core dumps: they hold secrets of the process."""
    logins: bool = True
    """login.defs: slow hashes of passwords, homes that others cannot read."""
    banner: bool = True
    """The notice on the console that auditors ask for, and no version of the system."""
    mounts: bool = True
    """No setuid program and no device works in the folders that others than root write to."""


class Upgrades(Model):
    """Security upgrades, every night."""

    reboot: Time | Literal[False] = "04:00"
    """When the host reboots if an upgrade asks for it; false: never by itself."""


class Logs(Model):
    """What nginx may leave on the disk."""

    keep: int = Field(default=14, ge=1, le=1000)
    """Files kept of each log beside the one in use; a new one begins every day."""
    size: DiskSize = "100M"
    """A log that is larger begins a new one within the hour."""
    others: bool = True
    """Whether access.log has what the stack's own log has not: nobody's names, candidates."""

"""Disposable Debian VPSes on this machine: systemd as PID 1, sshd, an address, `apt` that works.

Linux and root only. Everything raises SandboxError, a sentence for the user, when it cannot.
"""

from higuera.sandbox import host, locks, machine, network, paths, registry
from higuera.sandbox import layers as _layers
from higuera.sandbox.lifecycle import down, down_all, reset, save_layer, up
from higuera.sandbox.model import State, Vps
from higuera.sandbox.ssh import ssh_command

__all__ = [
    "State",
    "Vps",
    "down",
    "down_all",
    "drop_layer",
    "get",
    "layers",
    "listing",
    "network_cut",
    "network_restore",
    "reset",
    "save_layer",
    "ssh_command",
    "up",
]


def get(name: str) -> Vps:
    """Return the VPS with its state now; SandboxError if there is none of that name."""
    host.require_root("looking at a VPS")
    return registry.describe(registry.get(name))


def listing() -> list[Vps]:
    """Return all VPSes, sorted by name."""
    host.require_root("looking at the VPSes")
    configs = (registry.find(name) for name in registry.names())
    return [registry.describe(config) for config in configs if config is not None]


def layers() -> list[str]:
    """Return the names of the saved layers."""
    return _layers.names()


def drop_layer(layer: str) -> None:
    """Remove a saved layer; SandboxError while a VPS or another layer lies on it."""
    host.require_root()
    with locks.held("layers"):
        _layers.drop(paths.check_layer(layer))


def network_cut(name: str) -> None:
    """Pull the VPS's network cable: it runs on, and nothing reaches it."""
    host.require_root()
    network.detach(machine.interface(registry.get(name).name))


def network_restore(name: str) -> None:
    """Plug the VPS's network cable in again."""
    host.require_root()
    network.attach(machine.interface(registry.get(name).name))

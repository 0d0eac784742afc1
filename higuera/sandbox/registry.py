"""Which VPSes exist, and what is written down about each."""

import uuid

from higuera.errors import SandboxError
from higuera.sandbox import machine, network, paths
from higuera.sandbox.model import Config, Vps
from higuera.sandbox.shell import read_json, write_json


def names() -> list[str]:
    """Return the names of all VPSes, whether they run or not."""
    folder = paths.state_dir() / "vps"
    return sorted(path.parent.name for path in folder.glob("*/config.json"))


def find(name: str) -> Config | None:
    """Return what is written down about the VPS, if it exists."""
    stored = read_json(paths.vps_dir(name) / "config.json")
    return Config(**stored) if stored is not None else None


def get(name: str) -> Config:
    """Return what is written down about the VPS; SandboxError names those that exist."""
    config = find(paths.check_name(name))
    if config is None:
        known = ", ".join(names())
        raise SandboxError(
            f"sandbox: there is no VPS named {name!r} "
            + (f"(there is: {known})" if known else "(there is none at all)")
        )
    return config


def create(name: str, base: str, layer: str | None) -> Config:
    """Give the VPS an address and write it down. The caller holds the network lock."""
    subnet = network.ensure()
    taken = {config.address for other in names() if (config := find(other)) is not None}
    address = network.pick_address(subnet, taken)
    config = Config(
        name=name,
        address=address,
        address6=network.address6(address),
        gateway=str(next(iter(subnet.hosts()))),
        prefix=subnet.prefixlen,
        base=base,
        layer=layer,
        machine_id=uuid.uuid4().hex,
    )
    store(config)
    return config


def store(config: Config) -> None:
    """Write the VPS down."""
    folder = paths.vps_dir(config.name)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    write_json(folder / "config.json", config.to_json())


def describe(config: Config) -> Vps:
    """Return the VPS as its users see it, with its state now."""
    folder = paths.vps_dir(config.name)
    return Vps(
        name=config.name,
        address=config.address,
        user="root",
        port=22,
        key=folder / "key",
        state=machine.state(config.name),
        known_hosts=folder / "known_hosts",
        address6=config.address6,
        layer=config.layer,
    )

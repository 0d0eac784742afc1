"""The verbs: up, down, reset, save a layer. Each holds the lock of its VPS while it works."""

import functools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from higuera.errors import SandboxError
from higuera.sandbox import (
    apt_cache,
    base,
    host,
    identity,
    layers,
    locks,
    machine,
    mounts,
    network,
    paths,
    ready,
    registry,
)
from higuera.sandbox.model import Config, Vps

P = ParamSpec("P")
R = TypeVar("R")

Say = Callable[[str], None]


def quiet(_line: str) -> None:
    """Say nothing."""


def _in_a_sentence(work: Callable[P, R]) -> Callable[P, R]:
    """Make what the system refuses (a full disk, a read-only folder) a SandboxError."""

    @functools.wraps(work)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        except OSError as error:
            raise SandboxError(f"sandbox: this machine refused a step: {error}") from error

    return wrapped


@_in_a_sentence
def up(name: str, *, layer: str | None = None, say: Say = quiet) -> Vps:
    """Boot the VPS unless it runs, making it first if need be; return it when it can be used.

    A new VPS starts on `layer`, or on the bare base. SandboxError when this machine cannot, or
    when the VPS exists on another layer.
    """
    paths.check_name(name)
    host.require_root()
    with locks.held(f"vps-{name}", say):
        config = registry.find(name)
        if config is None:
            config = _create(name, layer, say)
        elif layer is not None and layer != config.layer:
            raise SandboxError(
                f"sandbox: {name} exists on {config.layer or 'the bare base'}, not on layer "
                f"{layer}; `higuera sandbox down {name}` first"
            )
        _boot(config, say)
        return registry.describe(config)


@_in_a_sentence
def down(name: str) -> None:
    """Stop the VPS and remove everything of it; the last one takes the network along."""
    host.require_root()
    paths.check_name(name)
    with locks.held(f"vps-{name}"):
        config = registry.get(name)
        _halt(config)
        identity.spare_keys(config)
        mounts.remove_tree(paths.vps_dir(config.name))
    with locks.held("network"):
        if not registry.names():
            network.remove()


@_in_a_sentence
def down_all(*, purge: bool = False) -> list[str]:
    """Remove every VPS and the network, with `purge` the caches too; return the names."""
    host.require_root()
    removed = registry.names()
    for name in removed:
        down(name)
    with locks.held("network"):
        for stale in (paths.state_dir() / "vps").glob("*"):
            if not (stale / "config.json").exists():
                mounts.remove_tree(stale)
        if not registry.names():
            network.remove()
    if purge:
        for cache in ("layers", "base", "apt-cache", "spare-keys"):
            mounts.remove_tree(paths.state_dir() / cache)
        base.log().unlink(missing_ok=True)
    return removed


@_in_a_sentence
def reset(name: str, *, say: Say = quiet) -> Vps:
    """Throw away what the VPS wrote, and boot it again as its layers left it."""
    host.require_root()
    with locks.held(f"vps-{paths.check_name(name)}", say):
        config = registry.get(name)
        _halt(config, clean=False)
        _forget(config)
        _boot(config, say)
        return registry.describe(config)


@_in_a_sentence
def save_layer(name: str, layer: str, *, say: Say = quiet) -> Vps:
    """Make the VPS as it is now a layer, and boot it again on top of that layer."""
    host.require_root()
    paths.check_layer(layer)
    with locks.held(f"vps-{paths.check_name(name)}", say):
        config = registry.get(name)
        if layer in layers.names():
            raise SandboxError(f"sandbox: a layer named {layer} exists; drop it first")
        if not (paths.vps_dir(name) / "prepared").exists():
            raise SandboxError(f"sandbox: {name} never booted; `higuera sandbox up {name}` first")
        _halt(config)
        with locks.held("layers"):
            layers.keep(config, layer)
        config = Config(**{**config.to_json(), "layer": layer})
        registry.store(config)
        _forget(config)
        _boot(config, say)
        return registry.describe(config)


def _create(name: str, layer: str | None, say: Say) -> Config:
    """Prepare this machine, then give the VPS its place on it."""
    host.install_missing(say)
    key = layers.require(layer) if layer is not None else base.ensure(say)
    mounts.remove_tree(paths.vps_dir(name))  # what an interrupted `up` left
    with locks.held("network", say):
        return registry.create(name, key, layer)


def _boot(config: Config, say: Say) -> None:
    """Boot the VPS unless it runs, and wait until it can be used.

    One that runs is not asked over the network: a deploy may have shut its port on purpose.
    """
    if machine.state(config.name) == "running":
        return
    if machine.supervisor_of(config.name) is None:
        host.install_missing(say)
        with locks.held("network", say):
            network.ensure()
        say(f"booting {config.name}")
        machine.stop(config.name)
        _assemble(config)
        machine.start(config.name)
    ready.wait_ready(config)


def _assemble(config: Config) -> None:
    """Mount the file system of a VPS that is off, and at its first boot write who it is."""
    folder = paths.vps_dir(config.name)
    root = folder / "root"
    identity.ensure_keys(config)
    mounts.unmount_below(root)
    first = not ((folder / "prepared").exists() and (folder / "upper").exists())
    if first:
        shutil.rmtree(folder / "upper", ignore_errors=True)
        apt_cache.seed(folder / "upper")
    mounts.mount_overlay(layers.chain(config), folder / "upper", folder / "work", root)
    if first:
        identity.write(config)
        (folder / "prepared").touch()


def _halt(config: Config, *, clean: bool = True) -> None:
    """Stop the VPS, keep the packages it downloaded, unmount it."""
    folder: Path = paths.vps_dir(config.name)
    machine.stop(config.name, clean=clean)
    apt_cache.collect(folder / "upper")
    mounts.unmount_below(folder / "root")


def _forget(config: Config) -> None:
    """Remove what an unmounted VPS wrote."""
    folder = paths.vps_dir(config.name)
    (folder / "prepared").unlink(missing_ok=True)
    for part in ("upper", "work"):
        mounts.remove_tree(folder / part)

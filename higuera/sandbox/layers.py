"""Layers: a provisioned VPS saved as a read-only file system that others boot on top of."""

import shutil
import uuid
from pathlib import Path

from higuera.errors import SandboxError
from higuera.sandbox import base, paths, registry
from higuera.sandbox.model import Config
from higuera.sandbox.shell import read_json, write_json


def names() -> list[str]:
    """Return the names of the saved layers."""
    return sorted(path.parent.name for path in paths.layers_dir().glob("*/layer.json"))


def require(layer: str) -> str:
    """Return the base that the layer lies on; SandboxError names the layers there are."""
    note = read_json(paths.layers_dir() / paths.check_layer(layer) / "layer.json")
    if note is None:
        known = ", ".join(names())
        raise SandboxError(
            f"sandbox: there is no layer named {layer!r} "
            + (f"(there is: {known})" if known else "(there is none at all)")
        )
    key = str(note["base"])
    if not base.folder(key).is_dir():
        raise SandboxError(f"sandbox: layer {layer} lies on the base {key}, which is gone; drop it")
    return key


def chain(config: Config) -> list[Path]:
    """Return the read-only folders below the VPS, the topmost first, the base last."""
    folders: list[Path] = []
    layer = config.layer
    while layer is not None:
        require(layer)
        folders.append(paths.layers_dir() / layer / "fs")
        layer = (read_json(paths.layers_dir() / layer / "layer.json") or {}).get("parent")
    return [*folders, base.folder(config.base)]


def keep(config: Config, layer: str) -> None:
    """Turn the upper folder of a VPS that is off and unmounted into a layer."""
    if layer in names():
        raise SandboxError(f"sandbox: a layer named {layer} exists; drop it first")
    fresh = paths.layers_dir() / f".saving-{uuid.uuid4().hex[:8]}"
    fresh.mkdir(parents=True)
    (paths.vps_dir(config.name) / "upper").rename(fresh / "fs")
    write_json(fresh / "layer.json", {"base": config.base, "parent": config.layer})
    fresh.rename(paths.layers_dir() / layer)


def drop(layer: str) -> None:
    """Remove a layer; SandboxError while a VPS or another layer lies on it."""
    if layer not in names():
        require(layer)
    for name in registry.names():
        config = registry.find(name)
        if config is not None and config.layer == layer:
            raise SandboxError(
                f"sandbox: {name} lies on layer {layer}; `higuera sandbox down {name}` first"
            )
    for other in names():
        note = read_json(paths.layers_dir() / other / "layer.json") or {}
        if note.get("parent") == layer:
            raise SandboxError(f"sandbox: layer {other} lies on layer {layer}; drop {other} first")
    shutil.rmtree(paths.layers_dir() / layer)

"""The Node version of the stack, pinned to the patch level."""

import re

from higuera.init.package import Package
from higuera.init.tree import Guess, Tree

# The newest of each line when this was written; what a file pins itself goes before it.
PINNED = {20: "20.20.2", 22: "22.23.3", 24: "24.21.0"}
DEFAULT = 22
EXACT = re.compile(r"v?(\d+\.\d+\.\d+)")
AT_LEAST = re.compile(r"(>=?|\^|~)?\s*v?(\d+)(?:\.(\d+))?")


def node_version(tree: Tree, packages: list[Package]) -> tuple[str, Guess]:
    """The version and what it was found in."""
    for file in (".nvmrc", ".node-version"):
        if tree.has(file):
            return _version(tree.text(file).strip(), file)
    for package in packages:
        if package.engine:
            return _version(package.engine, package.file)
    return PINNED[DEFAULT], Guess(f"Node {PINNED[DEFAULT]}", "no file names a version")


def _version(wanted: str, file: str) -> tuple[str, Guess]:
    exact = EXACT.fullmatch(wanted)
    if exact:
        return exact[1], Guess(f"Node {exact[1]}", file)
    found = AT_LEAST.match(wanted)
    version = PINNED[DEFAULT]
    if found:
        line = min(int(found[2][:4]), max(PINNED))
        at_least = (found[1] or "").startswith(">")
        version = PINNED[DEFAULT if at_least and line <= DEFAULT else _at_or_above(line)]
    return version, Guess(f"Node {version}, as `{wanted[:40]}` is asked for", file)


def _at_or_above(line: int) -> int:
    return min(known for known in PINNED if known >= line)

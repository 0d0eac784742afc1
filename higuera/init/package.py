"""The packages of a Node app: package.json at the top, its workspaces, or folders of their own."""

import json
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import yaml

from higuera.errors import SpecError
from higuera.init.tree import Tree, inside

MANIFEST = "package.json"
# Where there is no package.json at the top: how deep one of a project of its own lies at most.
DEPTH = 2


@dataclass(frozen=True)
class Package:
    """One package.json. Whatever in it has not the form that npm asks for is not there."""

    folder: str
    """Relative to the app; empty at its top."""
    root: str
    """The folder that holds its lock file and `node_modules`."""
    name: str
    main: str
    scripts: dict[str, str]
    dependencies: frozenset[str]
    development: frozenset[str]
    engine: str
    manager: str
    """`packageManager`, such as `pnpm@9.15.0`."""
    workspaces: tuple[str, ...]

    @property
    def file(self) -> str:
        """Its package.json."""
        return inside(self.folder, MANIFEST)

    def needs(self, name: str) -> bool:
        """Whether it depends on a package, to run or to be built."""
        return name in self.dependencies or name in self.development


def packages_of(tree: Tree) -> list[Package]:
    """Every package of the app, the top's first.

    Raises SpecError that names the package.json that cannot be read.
    """
    manifests = [name for name in tree.files if name.rpartition("/")[2] == MANIFEST]
    roots = [""] if MANIFEST in manifests else _separate(manifests)
    found = []
    for root in roots:
        top = read_package(tree, root, root)
        found.append(top)
        patterns = [*top.workspaces, *_pnpm_workspaces(tree, root)]
        for name in manifests:
            folder = name.rpartition("/")[0]
            below = folder.removeprefix(f"{root}/") if root else folder
            if folder != root and (not root or below != folder) and _matches(below, patterns):
                found.append(read_package(tree, folder, root))
    return found


def _separate(manifests: list[str]) -> list[str]:
    folders = [name.rpartition("/")[0] for name in manifests]
    shallow = [folder for folder in folders if folder.count("/") < DEPTH]
    return [f for f in shallow if not any(f.startswith(f"{other}/") for other in shallow)]


def read_package(tree: Tree, folder: str, root: str) -> Package:
    """Read one package.json. Raises SpecError with its name, and the line if it is no JSON."""
    file = inside(folder, MANIFEST)
    try:
        data = json.loads((tree.root / file).read_bytes())
    except json.JSONDecodeError as error:
        raise SpecError(f"{file}:{error.lineno}: is not JSON: {error.msg}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise SpecError(f"{file}: cannot be read: {type(error).__name__}") from None
    if not isinstance(data, dict):
        raise SpecError(f"{file}: should hold an object, as npm writes it")
    return Package(
        folder=folder,
        root=root,
        name=_text(data.get("name")),
        main=_text(data.get("main")),
        scripts=_texts(data.get("scripts")),
        dependencies=frozenset(_texts(data.get("dependencies"))),
        development=frozenset(_texts(data.get("devDependencies"))),
        engine=_texts(data.get("engines")).get("node", ""),
        manager=_text(data.get("packageManager")),
        workspaces=tuple(_patterns(data.get("workspaces"))),
    )


def _text(value: Any) -> str:
    """A text that can go on into a YAML file and a command line; nothing instead of any other."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else ""


def _texts(value: Any) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {key: _text(text) for key, text in pairs if _text(key) and _text(text)}


def _patterns(value: Any) -> list[str]:
    if isinstance(value, dict):  # yarn
        value = value.get("packages")
    return [text for text in map(_text, value) if text] if isinstance(value, list) else []


def _pnpm_workspaces(tree: Tree, root: str) -> list[str]:
    file = inside(root, "pnpm-workspace.yaml")
    if not tree.has(file):
        return []
    try:
        data = yaml.safe_load(tree.text(file))
    except (yaml.YAMLError, ValueError, RecursionError):
        raise SpecError(f"{file}: is not YAML") from None
    return _patterns(data)


def _matches(folder: str, patterns: list[str]) -> bool:
    if any(_fits(folder, pattern[1:]) for pattern in patterns if pattern.startswith("!")):
        return False
    return any(_fits(folder, pattern) for pattern in patterns)


def _fits(folder: str, pattern: str) -> bool:
    parts, wanted = folder.split("/"), pattern.removeprefix("./").strip("/").split("/")
    if "**" in wanted:
        wanted = wanted[: wanted.index("**")]
        parts = parts[: len(wanted)]
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))

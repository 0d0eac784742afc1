"""Imports point one way. Every import statement counts, lazy ones inside functions too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Layer -> the layers of Higuera that it may import from, beside itself.
BELOW = {
    "errors": set[str](),
    "spec": {"errors"},
    "render": {"errors", "spec"},
    "build": {"errors", "spec"},
    "database": {"errors", "spec"},
    "plan": {"errors", "spec"},
    "init": {"errors", "spec", "build"},
    "smoke": {"errors"},
    "runs": {"errors"},
    "sandbox": {"errors"},
    "connectors": {"errors", "spec", "sandbox"},
}
BELOW["offline"] = {"errors", "spec", "render", "database", "plan"}
BELOW["facts"] = {"errors", "spec", "render", "build", "database"}
BELOW["operations"] = BELOW["facts"] | {"facts", "plan"}
BELOW["deploys"] = BELOW["operations"] | {"operations", "smoke", "connectors", "runs"}
BELOW["doctor"] = {"errors", "spec", "render", "build", "database", "facts", "sandbox"}
BELOW["doctor"] |= {"connectors", "smoke"}
BELOW["audit"] = {"errors", "spec", "connectors", "sandbox", "doctor"}
BELOW["hook"] = {"errors", "spec", "runs", "deploys"}
BELOW["cli"] = set(BELOW) - {"hook"}
# Foreign package -> who alone may import it.
FOREIGN = {
    "pyinfra": {"facts", "operations", "deploys", "connectors", "hook", "cli"},
    "pyinfra_cli": {"hook"},
    "typer": {"cli"},
    "click": {"cli", "hook"},
    "rich": {"cli", "smoke"},
    "pglast": {"database"},
    "gevent": {"facts", "operations", "deploys", "connectors", "hook"},
}


def modules() -> list[Path]:
    return sorted((ROOT / "higuera").rglob("*.py"))


def layer_of(path: Path) -> str:
    """`higuera/spec/load.py` and `higuera/errors.py` are of `spec` and `errors`."""
    first = path.relative_to(ROOT / "higuera").parts[0]
    return first.removesuffix(".py")


def package_of(path: Path) -> list[str]:
    return list(path.relative_to(ROOT).parent.parts)


def imports(path: Path) -> Iterator[str]:
    """The full name of everything that a file imports, wherever the statement stands."""
    yield from imports_in(path.read_text(), package_of(path))


def imports_in(text: str, package: list[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (str(given.value) for given in node.args if isinstance(given, ast.Constant))


def own(names: Iterator[str]) -> set[str]:
    """The layers of Higuera among imported names."""
    parts = (name.split(".") for name in names)
    return {name[1] for name in parts if name[0] == "higuera" and len(name) > 1}


def test_every_module_has_a_layer() -> None:
    found = {layer_of(path) for path in modules()} - {"__init__", "__main__"}
    assert found == set(BELOW), "a new layer has its place in DESIGN.md and here"


@pytest.mark.parametrize("layer", BELOW)
def test_layer_imports_only_from_below(layer: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports higuera.{other}"
        for path in modules()
        if layer_of(path) == layer
        for other in sorted(own(imports(path)) - BELOW[layer] - {layer})
    ]
    assert wrong == []


@pytest.mark.parametrize("package", FOREIGN)
def test_who_may_import_a_foreign_package(package: str) -> None:
    users = {
        layer_of(path)
        for path in modules()
        if any(name.split(".")[0] == package for name in imports(path))
    }
    assert users <= FOREIGN[package]


def test_package_itself_imports_nothing() -> None:
    assert list(imports(ROOT / "higuera" / "__init__.py")) == []


def test_files_above_the_package() -> None:
    """`config.py` installs the hook; every other one is a list of verbs."""
    found = {path.name: own(imports(path)) for path in ROOT.glob("*.py")}
    assert found.pop("config.py") == {"hook"}
    assert "deploy.py" in found
    assert found == {name: {"deploys"} for name in found}


def test_smoke_checks_use_the_smoke_layer_alone() -> None:
    checks = sorted((ROOT / "smoke").glob("*.py"))
    assert checks
    for path in checks:
        assert own(imports(path)) <= {"smoke"}, path


def test_layers_have_no_cycle() -> None:
    """The table itself points one way, so that it cannot be widened into a circle."""
    done: set[str] = set()
    while len(done) < len(BELOW):
        free = {layer for layer in BELOW if layer not in done and BELOW[layer] <= done}
        assert free, f"a circle among {sorted(set(BELOW) - done)}"
        done |= free


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import higuera.cli.main", {"cli"}),
        ("import higuera.cli.main as m", {"cli"}),
        ("from higuera import cli", {"cli"}),
        ("from higuera.cli import main", {"cli"}),
        ("from .. import cli", {"cli"}),
        ("from ..cli.main import app", {"cli"}),
        ("from . import load", {"spec"}),
        ("def f():\n    from higuera.cli import main", {"cli"}),
        ("if TYPE_CHECKING:\n    import higuera.cli", {"cli"}),
        ("importlib.import_module('higuera.cli')", {"cli"}),
        ("import os", set()),
    ],
)
def test_every_form_of_import_is_seen(text: str, expected: set[str]) -> None:
    assert own(imports_in(text, ["higuera", "spec"])) == expected

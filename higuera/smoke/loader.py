"""Finds the smoke checks and loads them."""

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

import httpx

from higuera.errors import SmokeError
from higuera.smoke.model import Target

CheckFunction = Callable[[Target, httpx.Client], object]

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Check:
    """One check. `needs` are the keys of the stack's smoke section it cannot do without."""

    name: str
    title: str
    function: CheckFunction
    needs: tuple[str, ...]
    path: Path


def load_checks(project: Path) -> list[Check]:
    """Load the built-in checks and those of `project`, in file-name order.

    A file of the project replaces the built-in check of the same name; any other adds one. A file
    whose name starts with `_` is no check. Raises SmokeError for a file that cannot be loaded:
    call it before the deploy starts, so that a typing mistake is not found after the cutover.
    """
    files = {path.stem: path for folder in _folders(project) for path in _files(folder)}
    return [_load(files[name]) for name in sorted(files)]


def _folders(project: Path) -> list[Path]:
    installed = _PACKAGE / "_smoke"  # pyproject.toml puts the repository's smoke/ there
    built_in = installed if installed.is_dir() else _PACKAGE.parent / "smoke"
    return [built_in, project / "smoke"]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.py") if not path.name.startswith("_")]


def _load(path: Path) -> Check:
    module = _execute(path)
    function = getattr(module, "check", None)
    if not callable(function) or not _takes_two(function):
        raise SmokeError(f"{path}: should define check(target, http)")
    return Check(
        name=path.stem,
        title=_first_line(function) or path.stem,
        function=function,
        needs=_needs(module, path),
        path=path,
    )


def _execute(path: Path) -> ModuleType:
    module = ModuleType(f"higuera_smoke_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up there
    try:
        exec(_compile(path), module.__dict__)  # noqa: S102 - the project's own code
    except (Exception, SystemExit) as error:
        raise SmokeError(f"{path}: cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def _compile(path: Path) -> CodeType:
    # optimize=0 keeps assert statements under `python -O`, where every check would pass.
    code: CodeType = compile(path.read_bytes(), str(path), "exec", dont_inherit=True, optimize=0)
    return code


def _takes_two(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind(None, None)
    except (TypeError, ValueError):
        return False
    return True


def _first_line(function: Callable[..., object]) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0].strip().rstrip(".")


def _needs(module: ModuleType, path: Path) -> tuple[str, ...]:
    needs = getattr(module, "NEEDS", ())
    if not isinstance(needs, tuple | list) or not all(isinstance(key, str) for key in needs):
        raise SmokeError(f'{path}: NEEDS should be like ("login",), got {needs!r}')
    return tuple(needs)

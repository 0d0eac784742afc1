"""From pydantic's findings to one sentence each: file, key path, what is wrong, what to write."""

import difflib
from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from higuera.spec.model import VARIABLE_PATTERN

Path = tuple[str | int, ...]

TYPES = {
    "string_type": "should be text",
    "int_type": "should be an integer",
    "int_from_float": "should be an integer",
    "bool_type": "should be true or false",
    "list_type": "should be a list",
    "dict_type": "should hold keys and values",
    "model_type": "should hold keys and values",
}


def explain(error: ValidationError, model: type[BaseModel], blame: Callable[[Path], str]) -> str:
    """All findings, a line each. `blame` names the file and line that a key path comes from."""
    return "\n".join(_sentence(finding, model, blame) for finding in error.errors())


def _sentence(finding: ErrorDetails, model: type[BaseModel], blame: Callable[[Path], str]) -> str:
    path = finding["loc"]
    if path[-1:] == ("[key]",) and finding["type"] != "extra_forbidden":
        path = path[:-1]  # pydantic's mark for a fault of the key itself
    what = _what(finding, model, path)
    if not path:  # a fault of the whole names its keys first: `routes./: no service wbe`
        return _joined(blame(tuple(what.split(" ", 1)[0].rstrip(":").split("."))), what)
    return f"{place(blame(path), path)}: {what}"


def place(file: str, path: Path) -> str:
    """A file and a key path in it; an environment file is blamed as `FILE: stack`."""
    return _joined(file, ".".join(str(part) for part in path))


def _joined(file: str, text: str) -> str:
    joint = "." if file.endswith(": stack") else ": "
    return f"{file}{joint}{text}"


def _what(finding: ErrorDetails, model: type[BaseModel], path: Path) -> str:
    kind, given = finding["type"], finding["input"]
    if kind == "extra_forbidden":
        return f"unknown key{_nearest(str(path[-1]), keys_at(model, path[:-1]))}"
    if kind == "missing":
        return "is required"
    if kind == "value_error":
        return str(finding["ctx"]["error"])
    if kind in TYPES:
        return f"{TYPES[kind]}, got {_shown(given)}"
    if kind == "string_pattern_mismatch" and finding["ctx"]["pattern"] == VARIABLE_PATTERN:
        # Not shown: a secret's value stands here when somebody mistook it for its name.
        return "should be the name of a variable: letters, digits and _"
    if kind == "string_pattern_mismatch":
        return f"{_shown(given)} does not fit the pattern {finding['ctx']['pattern']}"
    if kind == "literal_error":
        return f"should be {finding['ctx']['expected']}, got {_shown(given)}"
    return f"{finding['msg'][0].lower()}{finding['msg'][1:]}, got {_shown(given)}"


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "keys and values"
    if isinstance(value, list):
        return "a list"
    try:
        return str(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        return "a number beyond all bounds"


def _nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return f" (did you mean {near[0]}?)"
    return f" (known here: {', '.join(known)})" if known else ""


def keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that a model allows at a key path; empty where it allows any."""
    found: Any = model
    for part in path:
        found = _inside(found, part)
    models = [kind for kind in _kinds(found) if _is_model(kind)]
    return list(models[0].model_fields) if models else []


def _inside(annotation: Any, part: str | int) -> Any:
    for kind in _kinds(annotation):
        if _is_model(kind) and part in kind.model_fields:
            return kind.model_fields[part].annotation
        if get_origin(kind) in (dict, list):
            return get_args(kind)[-1]
    return None


def _kinds(annotation: Any) -> list[Any]:
    """What an annotation stands for, without `Annotated[…]` and `… | None`."""
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return [kind for inner in get_args(annotation) for kind in _kinds(inner)]
    return [annotation]


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)

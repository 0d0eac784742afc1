"""From pydantic's findings to one sentence each: file, key path, what is wrong, what to write."""

import difflib
from collections.abc import Callable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

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
    """All findings, a line each. `blame` names the file that a key path comes from."""
    return "\n".join(_sentence(finding, model, blame) for finding in error.errors())


def _sentence(finding: ErrorDetails, model: type[BaseModel], blame: Callable[[Path], str]) -> str:
    path = tuple(part for part in finding["loc"] if part != "[key]")
    what = _what(finding, model, path)
    if not path:
        return f"{blame(path)}: {what}"
    file = blame(path)
    joint = "." if file.endswith(": stack") else ": "
    return f"{file}{joint}{'.'.join(str(part) for part in path)}: {what}"


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
    return "a list" if isinstance(value, list) else str(value)


def _nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return f" (did you mean {near[0]}?)"
    return f" (known here: {', '.join(known)})" if known else ""


def keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that a model allows at a key path; empty where it allows any."""
    found: Any = model
    for part in path:
        nested = _models_in(found.model_fields[part].annotation) if _has(found, part) else [found]
        if not nested:
            return []
        found = nested[0]
    return list(found.model_fields)


def _has(model: type[BaseModel], part: str | int) -> bool:
    return isinstance(part, str) and part in model.model_fields


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _models_in(inner)]

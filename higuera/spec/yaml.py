"""Reading YAML so that every mistake has a file and a line. Duplicate keys are mistakes."""

from pathlib import Path
from typing import Any

import yaml

from higuera.errors import SpecError


class _Loader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; this one objects."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        pairs = node.value if isinstance(node, yaml.MappingNode) else []  # `!!set text`
        for key_node, _ in pairs:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} should be text", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key} stands here twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, ArithmeticError) as error:
            # PyYAML lets these through: `2026-13-45`, `!!int ""`, `!!timestamp soon`.
            kind = node.tag.rpartition(":")[2]
            shown = f"{str(node.value)[:40]!r}" if isinstance(node.value, str) else "this"
            raise yaml.constructor.ConstructorError(
                None, None, f"{shown} is no {kind} ({error})", node.start_mark
            ) from None


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping. Raises SpecError with file and line."""
    file = shown(path)
    try:
        data = yaml.load(_text(path, file), Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}" if mark else ""
        problem = error.problem or "is not YAML"
        if problem.startswith("could not determine a constructor for the tag"):
            problem += "; put a text that starts with ! in quotes"
        raise SpecError(f"{file}{where}: {problem}") from None
    except yaml.YAMLError as error:
        raise SpecError(f"{file}: is not YAML: {error}") from None
    except RecursionError:
        raise SpecError(f"{file}: is nested too deeply") from None
    if not isinstance(data, dict):
        raise SpecError(f"{file}: should hold keys and values")
    return data


def place_of(path: Path, keys: tuple[str | int, ...]) -> str:
    """`FILE:LINE` of a key; of the nearest one around it that is there; `FILE` where none is."""
    found: int | None = None
    node: yaml.Node | None = yaml.compose(_text(path, shown(path)), Loader=_Loader)
    for key in keys:
        step = _step(node, key)
        if step is None:
            break
        mark, node = step
        found = mark.start_mark.line + 1
    return shown(path) if found is None else f"{shown(path)}:{found}"


def _step(node: yaml.Node | None, key: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The node of a key and that of its value."""
    if isinstance(node, yaml.SequenceNode):
        inside = isinstance(key, int) and key < len(node.value)
        return (node.value[key], node.value[key]) if inside else None
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next(((name, value) for name, value in pairs if name.value == key), None)


def _text(path: Path, file: str) -> str:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise SpecError(f"{file}: there is no such file") from None
    except OSError as error:
        raise SpecError(f"{file}: cannot be read: {error.strerror}") from None
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise SpecError(f"{file}:{line}: is not UTF-8 text") from None
    if strange := yaml.reader.Reader.NON_PRINTABLE.search(decoded):
        line = decoded.count("\n", 0, strange.start()) + 1
        raise SpecError(f"{file}:{line}: holds a control character ({strange.group()!r})")
    return decoded


def shown(path: Path) -> str:
    """A path as the user would type it: relative to here where it lies below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

"""JSON Schemas from the models: of the YAML for editors, of the report for programs."""

import ast
import json
from pathlib import Path
from typing import Any

from higuera import spec
from higuera.offline.report import OfflineReport
from higuera.spec.environment import Environment
from higuera.spec.stack import Stack

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """The text of each file below `docs/schema/`, by its name."""
    environment = Environment.model_json_schema()
    host = environment["properties"]["host"]  # `host: ADDRESS` is short for it
    environment["properties"]["host"] = {"anyOf": [{"type": "string"}, host]}
    found = {
        "stack": _described(Stack.model_json_schema()),
        "environment": _described(environment),
        "offline": OfflineReport.model_json_schema(mode="serialization"),
    }
    return {f"{name}.schema.json": _text(schema) for name, schema in found.items()}


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """With what stands below each key of a model in the code, as an editor shows it."""
    told = _docstrings()
    for model in (schema, *schema.get("$defs", {}).values()):
        for key, value in model.get("properties", {}).items():
            if said := told.get(f"{model['title']}.{key}"):
                value["description"] = said
    return schema


def _docstrings() -> dict[str, str]:
    """By `Class.attribute`. Read from the source: Python keeps none of an attribute."""
    found = {}
    for path in sorted(Path(spec.__path__[0]).glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            body = node.body if isinstance(node, ast.ClassDef) else []
            for key, text in zip(body, body[1:], strict=False):
                is_key = isinstance(key, ast.AnnAssign) and isinstance(key.target, ast.Name)
                is_text = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
                if is_key and is_text:
                    found[f"{node.name}.{key.target.id}"] = " ".join(str(text.value.value).split())
    return found


def _text(schema: dict[str, Any]) -> str:
    return json.dumps({"$schema": DRAFT, **schema}, indent=2, ensure_ascii=False) + "\n"

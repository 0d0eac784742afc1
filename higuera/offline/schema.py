"""JSON Schemas from the models: of the YAML for editors, of the reports for programs."""

import ast
import json
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from higuera import database, plan, spec
from higuera.database.drift_report import DriftReport
from higuera.offline.report import OfflineReport
from higuera.plan.model import Plan
from higuera.spec.environment import Environment
from higuera.spec.stack import Stack
from higuera.spec.status import Status
from higuera.spec.tls import MODES

DRAFT = "https://json-schema.org/draft/2020-12/schema"
COMMAND = r"^!\s*\S"  # what prints a secret; a value stands there by mistake


def schemas() -> dict[str, str]:
    """The text of each file below `docs/schema/`, by its name; but of those of other layers."""
    found = {
        "stack": _described(Stack.model_json_schema(), spec),
        "environment": _described(_environment(), spec),
        "offline": OfflineReport.model_json_schema(mode="serialization"),
        "plan": _described(Plan.model_json_schema(mode="serialization"), plan),
        "drift": _described(DriftReport.model_json_schema(mode="serialization"), database),
        "status": _described(Status.model_json_schema(mode="serialization"), spec),
    }
    return {f"{name}.schema.json": schema_text(schema) for name, schema in found.items()}


def _environment() -> dict[str, Any]:
    """Pydantic knows nothing of what a validator takes or refuses before it."""
    schema = Environment.model_json_schema()
    keys, parts = schema["properties"], schema["$defs"]
    # `host: ADDRESS` is short for it, and so are words of `tls`; a bare `off` is read as false
    address, mode = parts["Host"]["properties"]["address"], parts["Tls"]["properties"]["mode"]
    keys["host"] = {"anyOf": [dict(address), keys["host"]]}
    mode["enum"] = [*MODES, False]
    del mode["type"]
    keys["tls"] = {"anyOf": [{"enum": mode["enum"]}, keys["tls"]]}
    (mapping,) = (way for way in keys["secrets"]["anyOf"] if way["type"] == "object")
    for command in mapping["patternProperties"].values():
        command["pattern"] = COMMAND
    return schema


def _described(schema: dict[str, Any], package: ModuleType) -> dict[str, Any]:
    """With what stands below each key of a model in the code, as an editor shows it."""
    told = _docstrings(package)
    for model in (schema, *schema.get("$defs", {}).values()):
        for key, value in model.get("properties", {}).items():
            if said := told.get(f"{model['title']}.{key}"):
                value["description"] = said
    return schema


def _docstrings(package: ModuleType) -> dict[str, str]:
    """By `Class.attribute`. Read from the source: Python keeps none of an attribute."""
    found = {}
    for path in sorted(Path(package.__path__[0]).glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for model in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            for pair in pairwise(model.body):
                match pair:
                    case (
                        ast.AnnAssign(target=ast.Name(id=key)),
                        ast.Expr(value=ast.Constant(value=str(text))),
                    ):
                        found[f"{model.name}.{key}"] = " ".join(text.split())
    return found


def schema_text(schema: dict[str, Any]) -> str:
    """The text of a file of them."""
    return json.dumps({"$schema": DRAFT, **_closed(schema)}, indent=2, ensure_ascii=False) + "\n"


def _closed(part: Any) -> Any:
    """A key that fits no pattern is a mistake; pydantic says so, its schemas do not."""
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(value) for key, value in part.items()}
    return {**closed, "additionalProperties": False} if "patternProperties" in closed else closed

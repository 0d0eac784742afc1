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


def schemas() -> dict[str, str]:
    """The text of each file below `docs/schema/`, by its name."""
    environment = Environment.model_json_schema()
    host = environment["properties"]["host"]  # `host: ADDRESS` is short for it
    environment["properties"]["host"] = {"anyOf": [{"type": "string"}, host]}
    tls = environment["properties"]["tls"]  # and so are words; a bare `off` is read as false
    words = {"enum": [*MODES, False]}
    environment["properties"]["tls"] = {"anyOf": [words, tls]}
    found = {
        "stack": _described(Stack.model_json_schema(), spec),
        "environment": _described(environment, spec),
        "offline": OfflineReport.model_json_schema(mode="serialization"),
        "plan": _described(Plan.model_json_schema(mode="serialization"), plan),
        "drift": _described(DriftReport.model_json_schema(mode="serialization"), database),
        "status": _described(Status.model_json_schema(mode="serialization"), spec),
    }
    return {f"{name}.schema.json": schema_text(schema) for name, schema in found.items()}


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
    return json.dumps({"$schema": DRAFT, **schema}, indent=2, ensure_ascii=False) + "\n"

"""What Higuera reads and prints, held against the schemas that docs/schema publishes."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[1] / "docs" / "schema"
# The schema of what `higuera VERB --json` prints; other verbs have none.
OF = {name: name for name in ("audit", "doctor", "drift", "plan", "status")} | {"deploy": "event"}


@cache
def validator(name: str) -> Draft202012Validator:
    """Of a published schema, which is one itself."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)
    checker = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(schema, format_checker=checker)


def faults(name: str, value: Any) -> list[str]:
    """Why a value does not fit a schema, by its path; empty where it does."""
    return [f"{each.json_path}: {each.message}" for each in validator(name).iter_errors(value)]


def yaml_faults(name: str, text: str) -> list[str]:
    """The same of YAML, in which dates are more than text."""
    return faults(name, json.loads(json.dumps(yaml.safe_load(text), default=str)))


def schema_of(words: Sequence[str]) -> str | None:
    """The schema of what a command of Higuera's prints on stdout, its program left out."""
    if "--json" not in words and "--format json" not in " ".join(words):
        return None
    return "offline" if "--offline" in words else OF.get(words[0])


def hold(words: Sequence[str], stdout: str, folder: Path | None = None) -> None:
    """Fail where what a command printed, or kept in its folder with `--out`, fits no schema."""
    found = []
    if name := schema_of(words):
        texts = stdout.splitlines() if name == "event" else [stdout] if stdout else []
        found += [fault for text in texts for fault in faults(name, json.loads(text))]
    if folder is not None and "--out" in words:
        kept = folder / words[words.index("--out") + 1]
        found += faults("plan", json.loads(kept.read_text())) if kept.exists() else []
    if found:
        raise AssertionError("\n".join(found))

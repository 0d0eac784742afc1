"""The annotated files are the documentation: they load, and they name every key there is."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from published import yaml_faults
from pydantic import BaseModel

from higuera.spec.environment import Environment
from higuera.spec.load import load_deployment
from higuera.spec.stack import Stack

ROOT = Path(__file__).resolve().parents[2]


def keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        for nested in models(field.annotation):
            yield from keys(nested)


def models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in models(inner)]


def project(folder: Path) -> Path:
    """The repository's inventory in a project of its own: no code, a place for migrations."""
    (folder / "examples" / "forms" / "apps" / "backend" / "drizzle").mkdir(parents=True)
    shutil.copytree(ROOT / "inventory", folder / "inventory")
    return folder / "inventory"


@pytest.mark.parametrize(
    ("file", "model"),
    [("inventory/stack.yml", Stack), ("inventory/production.yml.example", Environment)],
)
def test_every_key_is_explained(file: str, model: type[BaseModel]) -> None:
    text = (ROOT / file).read_text()
    named = set(re.findall(r"^[ #]*([a-z_]+):", text, re.MULTILINE))
    named |= set(re.findall(r"[{,] *([a-z_]+):", text))
    assert sorted(set(keys(model)) - named) == []


def test_the_defaults_in_comments_are_the_defaults(tmp_path: Path) -> None:
    text = (ROOT / "inventory/stack.yml").read_text()
    head, _, tail = text.partition("# nginx:")
    shown = "nginx:" + tail.replace("\n# ", "\n").replace("\n#", "\n")
    inventory = project(tmp_path)
    plain = load_deployment(inventory, "sandbox")
    assert yaml_faults("stack", head + shown) == []
    (inventory / "stack.yml").write_text(head + shown)
    assert load_deployment(inventory, "sandbox").stack == plain.stack
    assert "keep_releases" in shown


def test_the_defaults_of_a_service_in_comments_are_the_defaults() -> None:
    text = (ROOT / "inventory/stack.yml").read_text()
    shown = dict(re.findall(r"^    # ([a-z_]+): (\w+)$", text, re.MULTILINE))
    uncommented = re.sub(r"^    # ([a-z_]+: \w+)$", r"    \1", text, flags=re.MULTILINE)
    assert yaml_faults("stack", uncommented) == []
    plain, explicit = (Stack.model_validate(yaml.safe_load(given)) for given in (text, uncommented))
    of_migrate = {"lock_timeout", "retries", "queue", "time_limit"}
    assert set(shown) == {"kind", "strategy", "stop_limit"} | of_migrate
    backend = explicit.services["backend"]
    assert backend.model_fields_set > set(shown) - of_migrate
    assert explicit.database is not None and explicit.database.migrate is not None
    assert explicit.database.migrate.model_fields_set > of_migrate
    assert explicit.database == plain.database
    assert backend.is_exclusive == plain.services["backend"].is_exclusive
    assert backend.model_copy(update={"strategy": None}) == plain.services["backend"]


def test_the_example_environment_loads(tmp_path: Path) -> None:
    inventory = project(tmp_path)
    shutil.copy(inventory / "production.yml.example", inventory / "production.yml")
    deployment = load_deployment(inventory)
    assert deployment.name == "production"
    assert deployment.stack.settings.keep_releases == 10

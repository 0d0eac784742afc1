"""The published schemas say of a file what Higuera says of it, and so may be trusted by editors."""

import copy
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from offline_project import ROOT
from published import SCHEMAS, faults, hold, schema_of, validator, yaml_faults
from pydantic import BaseModel, ValidationError

from higuera.spec.environment import Environment
from higuera.spec.stack import Stack

STACKS = ["inventory/stack.yml", "tests/golden/queue/inventory/stack.yml"]
ENVIRONMENTS = ["inventory/production.yml.example", "tests/golden/forms/inventory/production.yml"]
FILES = [*(("stack", file) for file in STACKS), *(("environment", file) for file in ENVIRONMENTS)]
MODELS: dict[str, type[BaseModel]] = {"stack": Stack, "environment": Environment}
WRONG = (None, True, -1, "- -", [0], {"0": 0})
Place = tuple[str | int, ...]


@pytest.mark.parametrize("name", sorted(path.name for path in SCHEMAS.iterdir()))
def test_each_is_a_schema(name: str) -> None:
    validator(name.removesuffix(".schema.json"))


@pytest.mark.parametrize(("name", "file"), FILES)
def test_of_one_mistake_they_say_the_same(name: str, file: str) -> None:
    """Wherever it is; but of what no schema can say, such as that two ports are the same."""
    text, model = (ROOT / file).read_text(), MODELS[name]
    assert yaml_faults(name, text) == []
    whole = model.model_validate(yaml.safe_load(text)).model_dump(mode="json")
    assert faults(name, whole) == [], "with all defaults written out"
    refused = 0
    for place, wrong in with_a_mistake(whole):
        told, can_say = refusal(model, wrong)
        fits = validator(name).is_valid(wrong)
        assert fits or told, (place, faults(name, wrong))
        assert not (fits and can_say), (place, told)
        refused += not fits
    assert refused > 100


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("{host: h, tls: off}", True),  # which YAML reads as false
        ("{host: h, tls: {mode: off}}", True),
        ("{host: h, tls: 'acmee'}", False),
        ("{host: a b}", False),
        ("{host: {address: a b}}", False),
        ("{host: h, secrets: {SESSION: '!pass session'}}", True),
        ("{host: h, secrets: {SESSION: canary}}", False),
        ("{host: h, secrets: {SESSION: '! '}}", False),
        ("{host: h, secrets: {A B: '!pass session'}}", False),
    ],
)
def test_short_forms_of_an_environment(text: str, fits: bool) -> None:
    assert (yaml_faults("environment", text) == []) is fits
    assert (refusal(Environment, yaml.safe_load(text))[0] == []) is fits


def test_a_name_that_fits_no_pattern() -> None:
    stack = yaml.safe_load((ROOT / STACKS[0]).read_text())
    stack["services"]["Web"] = stack["services"]["web"]
    assert "$.services: 'Web' does not match" in " ".join(faults("stack", stack))


LOG = {"time": "2026-11-23T10:15:00.000Z", "event": "log"}


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        (["plan", "production", "--json"], "plan"),
        (["plan", "--format", "json"], "plan"),
        (["plan", "--offline", "--json"], "offline"),
        (["deploy", "--yes", "--json"], "event"),
        (["status", "--json"], "status"),
        (["status"], None),
        (["runs", "--json"], None),
    ],
)
def test_which_schema_a_command_has(words: list[str], schema: str | None) -> None:
    assert schema_of(words) == schema


def test_what_is_printed_or_kept_is_held(tmp_path: Path) -> None:
    words = ["deploy", "--yes", "--json"]
    hold(words, f"{json.dumps(LOG)}\n{json.dumps(LOG)}\n")
    with pytest.raises(AssertionError, match="'extra' was unexpected"):
        hold(words, f"{json.dumps(LOG)}\n{json.dumps({**LOG, 'extra': 1})}\n")
    hold(["plan", "--out", "p.json"], "", tmp_path)  # there was none to keep
    (tmp_path / "p.json").write_text("{}")
    with pytest.raises(AssertionError, match="'verdict' is a required property"):
        hold(["plan", "--out", "p.json"], "", tmp_path)


def refusal(model: type[BaseModel], data: Any) -> tuple[list[str], bool]:
    """What the model refuses, and whether types, patterns and limits are enough to say so."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        kinds = [each["type"] for each in error.errors()]
        return [str(each) for each in error.errors()], set(kinds) != {"value_error"}
    return [], False


def with_a_mistake(data: Any) -> Iterator[tuple[Place, Any]]:
    for place in list(places(data)):
        *above, last = place
        for value in WRONG:
            yield place, changed(data, above, last, value)
        if isinstance(last, str):
            yield place, changed(data, above, f"{last} x", 0)


def changed(data: Any, above: list[str | int], last: str | int, value: Any) -> Any:
    copied = copy.deepcopy(data)
    inner = copied
    for key in above:
        inner = inner[key]
    inner[last] = value
    return copied


def places(data: Any, above: Place = ()) -> Iterator[Place]:
    """Every key; of a list the first item."""
    pairs: Any = data.items() if isinstance(data, dict) else ()
    pairs = enumerate(data) if isinstance(data, list) else pairs
    for key, value in itertools.islice(pairs, None if isinstance(data, dict) else 1):
        yield (*above, key)
        yield from places(value, (*above, key))

"""Whatever a package.json holds, init ends in a stack file that loads or in one sentence."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from higuera.errors import HigueraError
from higuera.init.detect import detect
from higuera.init.stack import stack_of
from higuera.init.tree import tree_of
from higuera.init.write import stack_text
from higuera.spec.stack import Stack

LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
WILD = st.recursive(
    LEAF, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
TEXT = st.text(max_size=12) | st.sampled_from(["node a.js", "A=1 node ./b.mjs", "x", "next build"])
NAMES = st.sampled_from(["next", "express", "fastify", "@nestjs/core", "vite", "prisma", "typeorm"])
MANIFEST = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXT | WILD,
        "main": TEXT | WILD,
        "scripts": st.dictionaries(st.sampled_from(["build", "start", "migrate"]), TEXT | WILD)
        | WILD,
        "dependencies": st.dictionaries(NAMES, TEXT) | WILD,
        "devDependencies": st.dictionaries(NAMES, TEXT) | WILD,
        "engines": st.fixed_dictionaries({"node": TEXT | WILD}) | WILD,
        "packageManager": st.sampled_from(["pnpm@9.0.0", "yarn@4.1.0", "bun@1.1.1"]) | WILD,
        "workspaces": st.lists(TEXT | st.sampled_from(["*", "**", "!a", "./*/", "/", ".."])) | WILD,
    },
)
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def written(files: dict[str, bytes]) -> Stack | None:
    """The stack of an app; None where a sentence said why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            path = Path(folder) / "shop" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        try:
            tree = tree_of(Path(folder) / "shop")
            found = detect(tree)
            assert all("\n" not in str(guess) for guess in [*found.guesses, *found.left])
            if not found.services:
                return None
            text = stack_text(stack_of(tree, found, found.name, "../shop", "local"))
        except HigueraError as error:
            assert str(error)
            return None
        return Stack.model_validate(yaml.safe_load(text))


@SETTINGS
@given(top=MANIFEST | WILD, below=MANIFEST)
def test_wild_manifests(top: Any, below: dict[str, Any]) -> None:
    files = {"package.json": json.dumps(top), "a b/package.json": json.dumps(below)}
    files["api/package.json"] = json.dumps(below)
    written({name: text.encode(errors="replace") for name, text in files.items()})


@settings(SETTINGS, max_examples=15)
@given(data=st.binary(max_size=60))
def test_wild_bytes(data: bytes) -> None:
    for name in ("package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml", ".nvmrc", "mix.exs"):
        good = {"package.json": b'{"main": "a.js", "dependencies": {"koa": "3"}}'}
        written({**good, name: data})


@pytest.mark.parametrize("name", ["a", "-", "É", "x" * 300, "@a/", "1", "app"])
def test_any_name_becomes_one_that_the_spec_takes(name: str) -> None:
    data = {"name": name, "main": "a.js", "dependencies": {"koa": "3"}}
    assert written({"package.json": json.dumps(data).encode()}) is not None

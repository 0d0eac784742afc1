"""VPSes for tests: booted from layers, named after this run, taken down at its end."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Project

from higuera import sandbox

PREFIX = f"t{os.getpid() % 100_000}"


@pytest.fixture(scope="session")
def mini_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The mini app deployed once to a bare VPS, kept as a layer that tests boot from."""
    layer = f"{PREFIX}-mini"
    project = Project.mini(tmp_path_factory.mktemp("base") / "mini", layer)
    try:
        project.deployed()
        sandbox.save_layer(layer, layer)
        sandbox.down(layer)
        yield project
    finally:
        _forget(layer)
        sandbox.drop_layer(layer)


@pytest.fixture
def mini(mini_base: Project, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """A VPS of its own on which the mini app is live, and its project folder."""
    name = vps_name(request.node.name)
    project = mini_base.copy(tmp_path / "project", name)
    try:
        sandbox.up(name, layer=mini_base.vps)
        yield project
    finally:
        _forget(name)


@pytest.fixture
def bare(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """The mini project with a bare VPS that is not even booted yet."""
    name = vps_name(request.node.name)
    try:
        yield Project.mini(tmp_path / "project", name)
    finally:
        _forget(name)


def vps_name(test: str) -> str:
    """A short name of its own for a test's VPS."""
    slug = re.sub(r"[^a-z0-9]+", "-", test.removeprefix("test_").lower()).strip("-")
    return f"{PREFIX}-{slug}"[:20].rstrip("-")


def _forget(name: str) -> None:
    if name in [vps.name for vps in sandbox.listing()]:
        sandbox.down(name)

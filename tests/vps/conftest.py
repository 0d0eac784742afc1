"""VPSes for tests: booted from a warm layer, named after this run, taken down at its end."""

import fcntl
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import REPOSITORY, Project

from higuera import sandbox

PREFIX = f"t{os.getpid() % 100_000}"
LAYER = "test-mini"
# What the warm layer depends on.
INGREDIENTS = ["higuera", "templates", "smoke", "deploy.py", "config.py", "uv.lock"]
INGREDIENTS += ["tests/vps/mini", "tests/vps/conftest.py", "tests/vps/harness.py"]


@pytest.fixture(scope="session")
def mini_base(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The mini app deployed once to a bare VPS, kept as a layer that tests boot from.

    The layer is named after all it is made from: workers share it, and so do later runs.
    """
    layer = f"{LAYER}-{_digest()}"
    project = Project.mini(tmp_path_factory.mktemp("base") / "mini", layer)
    with Path("/run/higuera-test-layer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if layer not in sandbox.layers():
            _forget(layer)
            project.deployed()
            sandbox.save_layer(layer, layer)
            _forget(layer)
            _drop_stale(layer)
    return project


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


def _digest() -> str:
    listing = subprocess.run(
        ["git", "-C", str(REPOSITORY), "ls-files", "-z", "-co", "--exclude-standard", *INGREDIENTS],
        capture_output=True,
        check=True,
    ).stdout
    digest = hashlib.sha256()
    for name in sorted(filter(None, listing.split(b"\0"))):
        file = REPOSITORY / os.fsdecode(name)
        if file.is_file():
            digest.update(name + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]


def _drop_stale(layer: str) -> None:
    used = {vps.layer for vps in sandbox.listing()}
    for other in sandbox.layers():
        if other.startswith(f"{LAYER}-") and other != layer and other not in used:
            sandbox.drop_layer(other)


def _forget(name: str) -> None:
    if name in [vps.name for vps in sandbox.listing()]:
        sandbox.down(name)

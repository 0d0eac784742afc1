"""VPSes for tests: booted from a warm layer, named after this run, taken down at its end."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from canaries import looked_for
from harness import REPOSITORY, Project

from higuera import sandbox

PREFIX = f"t{os.getpid() % 100_000}"
# What the warm layers depend on: both on these, each on its app.
INGREDIENTS = ["higuera", "templates", "smoke", "deploy.py", "config.py", "uv.lock"]
INGREDIENTS += ["tests/vps/conftest.py", "tests/vps/harness.py"]
APPS = {"test-mini": ["tests/vps/mini"], "test-forms": ["examples", "inventory"]}
Make = Callable[[Path, str], Project]


@pytest.fixture(scope="session")
def mini_base(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The mini app deployed once to a bare VPS, kept as a layer that tests boot from."""
    return _warm("test-mini", Project.mini, tmp_path_factory.mktemp("base") / "mini")


@pytest.fixture(scope="session")
def forms_base(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The example and its PostgreSQL, deployed once and kept likewise."""
    return _warm("test-forms", Project.gated, tmp_path_factory.mktemp("base") / "forms")


def _warm(kind: str, make: Make, folder: Path) -> Project:
    """A project that is live in a layer, which is made unless it is there.

    The layer is named after all it is made from: workers share it, and so do later runs.
    """
    layer = f"{kind}-{_digest(kind)}"
    project = make(folder, layer)
    with Path(f"/run/higuera-{kind}-layer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if layer not in sandbox.layers():
            _forget(layer)
            project.deployed()
            sandbox.save_layer(layer, layer)
            _forget(layer)
            _drop_stale(kind, layer)
    return project


@pytest.fixture
def mini(mini_base: Project, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """A VPS of its own on which the mini app is live, and its project folder."""
    with _booted(mini_base, tmp_path / "project", request.node.name) as project:
        yield project


@pytest.fixture(scope="module")
def mini_story(
    mini_base: Project, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Project]:
    """The same for a file whose tests tell one story, in order."""
    name = Path(request.node.name).stem
    with _booted(mini_base, tmp_path_factory.mktemp(name) / "project", name) as project:
        yield project


@pytest.fixture(scope="session")
def forms_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one place of the example's checkouts: builds there find what `npm ci` left."""
    return tmp_path_factory.mktemp("forms") / "project"


@pytest.fixture
def forms(
    forms_base: Project, forms_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Project]:
    """A VPS of its own on which the example is live with its PostgreSQL, and its project folder."""
    with _booted(forms_base, forms_folder, request.node.name) as project:
        yield project


@pytest.fixture(scope="module")
def forms_story(
    forms_base: Project, forms_folder: Path, request: pytest.FixtureRequest
) -> Iterator[Project]:
    """The same for a file whose tests tell one story, in order."""
    with _booted(forms_base, forms_folder, Path(request.node.name).stem) as project:
        yield project


@pytest.fixture
def searched(forms: Project) -> Iterator[None]:
    """Whatever a story's end: no secret was shown, nor lies anywhere in the open."""
    with looked_for(forms):
        yield


@contextmanager
def _booted(base: Project, folder: Path, test: str) -> Iterator[Project]:
    name = vps_name(test)
    project = base.copy(folder, name)
    try:
        sandbox.up(name, layer=base.vps)
        yield project
    finally:
        _forget(name)
        shutil.rmtree(folder)


@pytest.fixture
def bare(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """The mini project with a bare VPS that is not even booted yet."""
    name = vps_name(request.node.name)
    try:
        yield Project.mini(tmp_path / "project", name)
    finally:
        _forget(name)


@pytest.fixture
def other(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """A bare VPS from which to look at another."""
    name = f"{vps_name(request.node.name)[:17]}-o"
    sandbox.up(name)
    (tmp_path / "other").mkdir()
    yield Project(tmp_path / "other", name)
    sandbox.down(name)


def vps_name(test: str) -> str:
    """A short name of its own for a test's VPS."""
    slug = re.sub(r"[^a-z0-9]+", "-", test.removeprefix("test_").lower()).strip("-")
    return f"{PREFIX}-{slug}"[:20].rstrip("-")


def _digest(kind: str) -> str:
    listing = subprocess.run(
        [
            *("git", "-C", str(REPOSITORY), "ls-files", "-z", "-co", "--exclude-standard"),
            *(INGREDIENTS + APPS[kind]),
        ],
        capture_output=True,
        check=True,
    ).stdout
    digest = hashlib.sha256()
    for name in sorted(filter(None, listing.split(b"\0"))):
        file = REPOSITORY / os.fsdecode(name)
        if file.is_file():
            digest.update(name + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]


def _drop_stale(kind: str, layer: str) -> None:
    used = {vps.layer for vps in sandbox.listing()}
    for other in sandbox.layers():
        if other.startswith(f"{kind}-") and other != layer and other not in used:
            sandbox.drop_layer(other)


def _forget(name: str) -> None:
    if name in [vps.name for vps in sandbox.listing()]:
        sandbox.down(name)

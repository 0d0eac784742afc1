"""An app that never met Higuera is served after `higuera init` and one deploy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PREFIX
from harness import HIGUERA, REPOSITORY, Project

from higuera import sandbox


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Project]:
    """A copy of the example with nothing of Higuera in it."""
    name = f"{PREFIX}-init"
    ignored = shutil.ignore_patterns("node_modules", ".next", "dist", ".env.*")
    folder = tmp_path / "forms"
    shutil.copytree(REPOSITORY / "examples" / "forms", folder, ignore=ignored)
    project = Project(folder, name)
    project.extra["HIGUERA_ENV"] = "production"
    try:
        yield project
    finally:
        if name in [vps.name for vps in sandbox.listing()]:
            sandbox.down(name)


def test_an_app_is_served_with_the_answers_that_are_offered(app: Project) -> None:
    said = app.run(HIGUERA, "init", "--yes", "--host", f"@sandbox/{app.vps}")
    assert said.returncode == 0, said.stdout + said.stderr
    assert "applied 0000_accounts_and_forms" in app.deployed()
    assert app.get("/api/health").json()["database"] == "reachable"
    assert "<h1>Forms</h1>" in app.get("/").text
    assert app.plan() == []
    for name in ("inventory/stack.yml", "smoke/page.py", ".github/workflows/higuera.yml"):
        with (app.folder / name).open("a") as file:
            file.write("# read again\n")
    assert app.plan() == [], "the project's own files are no source of the app"

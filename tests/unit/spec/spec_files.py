"""A project in a folder of a test: a valid stack file, and files written over it."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from higuera.spec.load import Deployment, load_deployment

SERVICE = {
    "runtime": "node",
    "build": "npm run build",
    "artifact": "dist",
    "start": "node server.js",
    "port": 3001,
    "health": "/api/health",
    "secrets": ["DATABASE_URL", "SESSION_SECRET"],
}
STACK: dict[str, Any] = {
    "app": "forms",
    "source": "../app",
    "runtimes": {"node": "22.23.3"},
    "services": {
        "backend": SERVICE,
        "web": {**SERVICE, "port": 3000, "health": "/", "secrets": []},
    },
    "routes": {"/api/": "backend", "/": "web"},
    "database": {
        "url": "DATABASE_URL",
        "migrate": {"service": "backend", "command": "node migrate.js"},
        "seed": {
            "service": "backend",
            "command": "node seed.js",
            "secrets": ["SMOKE_EMAIL", "SMOKE_PASSWORD"],
        },
    },
    "smoke": {"login": {"email": "SMOKE_EMAIL", "password": "SMOKE_PASSWORD"}},
}
ENVIRONMENT: dict[str, Any] = {"host": "vps.example.com"}


def new_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> "Project":
    """A valid project, with the process in its folder and no environment picked."""
    monkeypatch.delenv("HIGUERA_ENV", raising=False)
    monkeypatch.chdir(folder)
    return Project(folder)


class Project:
    """`inventory/` with a stack and one environment, and a checkout of the app beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inventory = folder / "inventory"
        self.inventory.mkdir()
        (folder / "app").mkdir()
        self.write("stack", STACK)
        self.write("production", ENVIRONMENT)

    def write(self, name: str, data: Any) -> None:
        """Replace a file of the inventory."""
        text = data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False)
        (self.inventory / f"{name}.yml").write_text(text)

    def change(self, path: str, value: Any) -> None:
        """Write the valid stack with one key changed."""
        self.write("stack", changed(STACK, path, value))

    def override(self, path: str, value: Any) -> None:
        """Write the environment with one key of the stack overridden."""
        self.write("production", {**ENVIRONMENT, "stack": changed({}, path, value)})

    def load(self, environment: str | None = None) -> Deployment:
        """Load it as the deploy does."""
        return load_deployment(self.inventory, environment)


GONE = object()


def changed(tree: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at a key path replaced, or removed with GONE."""
    copied = copy.deepcopy(tree)
    *above, last = path.split(".")
    place = copied
    for key in above:
        place = place.setdefault(key, {})
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return copied

"""`higuera init` as it is typed: what it writes works, and what is there stays."""

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml
from init_apps import express, manifest, monorepo, nest, put
from published import yaml_faults

from higuera.cli.main import main
from higuera.init.copied import WORKFLOW, copied
from higuera.render.nginx import nginx_files
from higuera.render.units import job_files, slot_files
from higuera.smoke.loader import load_checks
from higuera.spec.load import load_deployment

ROOT = Path(__file__).parents[3]


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


Init = Callable[..., Done]


@pytest.fixture
def init(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Init:
    """The command line in this process, with nobody at a terminal."""

    def run(folder: Path, *arguments: str) -> Done:
        monkeypatch.chdir(folder)
        monkeypatch.delenv("HIGUERA_ENV", raising=False)
        monkeypatch.setattr(sys, "argv", ["higuera", "init", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Done(int(ended.value.code or 0), captured.out, captured.err)

    return run


def everything(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.mark.parametrize("make", [monorepo, nest, express])
def test_what_is_written_loads_and_renders_and_a_second_run_changes_nothing(
    init: Init, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    make(tmp_path)
    done = init(tmp_path, "--yes")
    assert done.returncode == 0, done.stderr
    inventory = tmp_path / "inventory"
    for schema, name in (("stack", "stack"), ("environment", "production")):
        assert yaml_faults(schema, (inventory / f"{name}.yml").read_text()) == []
    deployment = load_deployment(inventory, "production")
    assert deployment.environment.host.address == f"@sandbox/{deployment.stack.app}"
    secrets = deployment.secrets
    for name in deployment.stack.services:
        assert slot_files(deployment.stack, name, "blue", secrets, tmp_path)
    assert nginx_files(deployment.stack, deployment.environment, tmp_path)
    job_files(deployment.stack, secrets, tmp_path)
    assert {check.name for check in load_checks(tmp_path)} >= {"health", "login", "page"}
    assert len([line for line in done.stdout.splitlines() if line.startswith("next: ")]) <= 3
    before = everything(tmp_path)
    again = init(tmp_path, "--app", "other-name")  # nobody is asked
    assert again.returncode == 0, again.stderr
    stays = "is there and stays, whatever is guessed or answered: inventory/"
    assert again.stdout.startswith(f"{stays}stack.yml\n{stays}production.yml\n")
    assert everything(tmp_path) == before
    assert "written: " not in again.stdout


def test_files_that_are_there_stay_and_are_named(init: Init, tmp_path: Path) -> None:
    express(tmp_path)
    put(tmp_path, {"deploy.py": "mine", ".gitignore": "dist"})
    done = init(tmp_path, "--yes")
    assert "was there, left as it is: deploy.py" in done.stdout
    assert (tmp_path / "deploy.py").read_text() == "mine"
    assert (tmp_path / ".gitignore").read_text().startswith("dist\n.env\n.env.*\n")


def test_only_what_is_not_there_is_asked_for(init: Init, tmp_path: Path) -> None:
    init(express(tmp_path), "--yes")
    (tmp_path / "inventory" / "production.yml").unlink()
    done = init(tmp_path)
    assert done.returncode == 1 and "there is no terminal to ask at" in done.stderr


@pytest.mark.parametrize("make", [monorepo, express])
def test_the_workflow_asks_for_migrations_where_there_are(
    init: Init, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    assert init(make(tmp_path), "--yes").returncode == 0
    whole = copied()[WORKFLOW].read_text()
    text = (tmp_path / WORKFLOW).read_text()
    if make is monorepo:
        assert text == whole
        return
    written, given = yaml.safe_load(text), yaml.safe_load(whole)
    del given[True]["schedule"], given["jobs"]["drift"]  # YAML 1.1 takes `on` for true
    steps = given["jobs"]["check"]["steps"]
    steps.remove(next(step for step in steps if step.get("name") == "Check the migrations"))
    assert written == given
    assert not [word for word in ("migrations", "drift", "watches") if word in text]


def test_answers_by_option(init: Init, tmp_path: Path) -> None:
    express(tmp_path / "code")
    answers = ["--app", "shop", "--host", "ana@192.0.2.7", "--domain", "a.example.com"]
    done = init(tmp_path, "code", "--yes", *answers, "--database", "external")
    assert done.returncode == 0, done.stderr
    deployment = load_deployment(tmp_path / "inventory", "production")
    assert deployment.stack.app == "shop"
    assert deployment.source == tmp_path / "code"
    assert deployment.environment.host.user == "ana"
    assert deployment.environment.host.address == "192.0.2.7"
    assert deployment.environment.domains == ["a.example.com"]
    assert deployment.environment.tls.mode == "acme"
    assert deployment.environment.secrets == "given"
    assert deployment.stack.database is not None
    assert "write DATABASE_URL into .env.production" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "there is no terminal to ask at"),
        (["--yes", "--app", "No Name"], "inventory/stack.yml: app:"),
        (["--yes", "--domain", "-x"], "inventory/production.yml: domains.0:"),
        (["--yes", "--host", "a b"], "inventory/production.yml: host.address:"),
        (["--yes", "nowhere"], "nowhere: there is no such folder"),
    ],
)
def test_a_wrong_answer_writes_nothing(
    init: Init, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    before = everything(express(tmp_path))
    done = init(tmp_path, *arguments)
    assert done.returncode == 1
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert everything(tmp_path) == before


def test_nothing_that_runs_is_exit_1_and_nothing_is_written(init: Init, tmp_path: Path) -> None:
    put(tmp_path, {"mix.exs": "{:phoenix, 1}"})
    done = init(tmp_path, "--yes")
    assert done.returncode == 1
    assert "left out: Phoenix: recognised" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["mix.exs"]


def test_a_stack_file_that_was_broken_before_is_exit_1(init: Init, tmp_path: Path) -> None:
    put(express(tmp_path), {"inventory/stack.yml": "app: 1\n"})
    done = init(tmp_path, "--yes")
    assert done.returncode == 1
    assert "inventory/stack.yml" in done.stderr


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not here")
def test_what_a_release_carries_runs_away_from_its_source(init: Init, tmp_path: Path) -> None:
    """The written install, build and start commands, with npm workspaces and a local package."""
    server = (
        "const express = require('express'); require('node:http')"
        ".createServer((q, r) => r.end(express.word)).listen(process.env.PORT, process.env.HOST)"
    )
    app = put(
        tmp_path / "app",
        {
            "package.json": manifest(name="shop", workspaces=["apps/*", "lib"]),
            "lib/package.json": manifest(name="express", version="1.0.0", main="i.js"),
            "lib/i.js": "exports.word = 'carried'",
            "apps/api/package.json": manifest(
                name="api",
                version="1.0.0",
                scripts={"build": "mkdir -p dist && cp src/s.js dist/", "start": "node dist/s.js"},
                dependencies={"express": "1.0.0"},
            ),
            "apps/api/src/s.js": server,
        },
    )
    assert init(app, "--yes").returncode == 0
    stack = load_deployment(app / "inventory", "production").stack
    service = stack.services["api"]
    assert stack.install is not None and service.port is not None
    for command in (stack.install.run, service.build):
        subprocess.run(["sh", "-c", command], cwd=app, check=True, capture_output=True)
    carried = tmp_path / "release"
    shutil.copytree(app / service.artifact, carried, symlinks=True)
    shutil.rmtree(app)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["sh", "-c", f"exec {service.start}"],
        cwd=carried,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PORT": str(port), "HOST": "127.0.0.1"},
    )
    try:
        assert answer(port) == "carried"
    finally:
        process.kill()
        process.wait()


def answer(port: int) -> str:
    deadline = time.monotonic() + 20
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).text
        except httpx.TransportError:
            assert time.monotonic() < deadline, "it never listened"
            time.sleep(0.1)


def test_everything_copied_is_there_and_an_installed_higuera_has_it() -> None:
    """The wheel's list of files, by hatch's own settings: what init asks for is put there."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    put_there = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for name, path in copied().items():
        assert path.is_file(), name
        own = str(path.relative_to(ROOT))
        assert own in put_there or own.split("/")[0] in put_there, name
    assert put_there["examples/ci/higuera.yml"] == f"higuera/_project/{Path(WORKFLOW).name}"


def test_at_a_terminal_every_question_has_an_answer_ready(tmp_path: Path) -> None:
    """A real terminal, at which somebody presses Enter, and names one thing."""
    express(tmp_path)
    here, there = os.openpty()
    os.write(here, b"shop\n\n\n\n")
    program = [str(Path(sys.executable).parent / "higuera"), "init"]
    done = subprocess.run(
        program, cwd=tmp_path, stdin=there, capture_output=True, text=True, check=False
    )
    os.close(here)
    os.close(there)
    assert done.returncode == 0, done.stderr
    deployment = load_deployment(tmp_path / "inventory", "production")
    assert (deployment.stack.app, deployment.stack.database) == ("shop", None)
    assert deployment.environment.host.address == "@sandbox/shop"

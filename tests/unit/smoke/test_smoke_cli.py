"""`higuera smoke`: exit codes and output. Only where the target comes from is stood in for."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
import typer
from smoke_server import serving, target_of
from typer.testing import CliRunner

from higuera.cli.smoke import smoke
from higuera.smoke import Target

APP = typer.Typer()
APP.command()(smoke)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project whose default environment is wherever --url points."""

    def smoke_target(
        project: Path, environment: str | None, url: str | None, ask: object
    ) -> Target:
        assert project == Path.cwd()
        if environment == "bare":
            return target_of(url or "http://127.0.0.1:1", settings={}, health=[])
        return target_of(url or "http://127.0.0.1:1")

    module = ModuleType("higuera.deploys.smoke")
    monkeypatch.setattr(module, "smoke_target", smoke_target, raising=False)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(APP, list(arguments))
    return result.exit_code, result.output


def test_pass() -> None:
    with serving() as app:
        code, output = invoke("--url", app.url)
    assert code == 0, output
    assert "6 passed, 0 failed, 0 skipped" in output
    assert "\x1b" not in output


def test_failure_exits_1_and_is_told() -> None:
    with serving("script cookie") as app:
        code, output = invoke("--url", app.url, "--deadline", "0.3")
    assert code == 1
    assert "FAILED   login" in output
    assert "request id smoke-login-" in output


def test_json_is_all_there_is_on_stdout() -> None:
    with serving("no database") as app:
        code, output = invoke("--url", app.url, "--json", "--deadline", "0.3", "--only", "health")
    assert code == 1
    assert json.loads(output)["problem"] == "failed: health"


def test_junit_file(project: Path) -> None:
    with serving() as app:
        code, _ = invoke("--url", app.url, "--junit", "out.xml")
    assert code == 0
    assert ElementTree.parse(project / "out.xml").getroot().get("tests") == "6"


def test_junit_file_that_cannot_be_written() -> None:
    with serving() as app:
        code, output = invoke("--url", app.url, "--junit", "missing/out.xml", "--only", "page")
    assert code == 1
    assert "1 passed" in output


def test_only() -> None:
    with serving() as app:
        code, output = invoke("--url", app.url, "--only", "page", "--only", "health")
    assert code == 0
    assert "2 passed, 0 failed, 0 skipped" in output


def test_only_what_cannot_run_fails() -> None:
    with serving() as app:
        code, output = invoke("bare", "--url", app.url, "--only", "login")
    assert code == 1
    assert "asked for, but skipped" in output


def test_nothing_ran_exits_1() -> None:
    with serving() as app:
        code, output = invoke("bare", "--url", app.url)
    assert code == 1
    assert "no check ran" in output


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--only", "logn"], "did you mean login?"),
        (["--only", "zzz"], "there are forms"),
        (["--url", "forms.example.com"], "should be like https://"),
        (["--deadline", "0"], "--deadline"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_usage_errors_exit_2(arguments: list[str], text: str) -> None:
    code, output = invoke(*arguments)
    assert code == 2
    assert text in " ".join(re.sub("[│╭╮╰╯─]", " ", output).split())

"""The ready workflow: its commands exist, its shell is sound, its exit codes tell the truth."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from higuera.cli.main import app

ROOT = Path(__file__).parents[2]
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / "examples/ci/higuera.yml").read_text())
STEPS = {
    f"{job}: {step['name']}": step["run"]
    for job, body in WORKFLOW["jobs"].items()
    for step in body["steps"]
    if "run" in step
}
COMMANDS = sorted(
    {found for run in STEPS.values() for found in re.findall(r"\bhiguera [^|&;>\n]+", run)}
)
# What GitHub starts for `shell: bash` (docs.github.com, workflow syntax, steps[*].shell).
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]


def test_there_are_steps_and_commands() -> None:
    verbs = {command.split()[1] for command in COMMANDS}
    assert verbs == {"plan", "migrations", "secrets", "deploy", "drift"}


@pytest.mark.parametrize("job", ["check", "plan"])
def test_commits_are_compared_where_the_history_is(job: str) -> None:
    assert WORKFLOW["jobs"][job]["steps"][0]["with"]["fetch-depth"] == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_exists(command: str) -> None:
    found: Any = typer.main.get_command(app)
    words = shlex.split(command)[1:]
    while words and hasattr(found, "list_commands"):
        assert words[0] in found.list_commands(None), f"no command {words[0]}"
        found = found.get_command(None, words.pop(0))
    options = {name: option for option in found.params for name in option.opts}
    arguments = sum(option.param_type_name == "argument" for option in found.params)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            arguments -= 1
            assert arguments >= 0, f"one argument too many: {word}"
            continue
        assert word in options, f"no option {word}"
        if not options[word].is_flag:
            words.pop(0)


@pytest.mark.parametrize("name", STEPS)
def test_the_shell_of_every_step(name: str, tmp_path: Path) -> None:
    script = tmp_path / "step"
    script.write_text(STEPS[name])
    subprocess.run(["bash", "-n", script], check=True)
    shellcheck = Path(sys.executable).with_name("shellcheck")  # locked, whatever PATH says
    done = subprocess.run(
        [shellcheck, "--shell=bash", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "${{" not in STEPS[name], "what others wrote reaches a script through its environment"


def test_rights_limits_and_pins() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW["defaults"]["run"]["shell"] == "bash"
    jobs = WORKFLOW["jobs"]
    assert all(job["timeout-minutes"] <= 60 and "permissions" not in job for job in jobs.values())
    assert jobs["deploy"]["concurrency"]["cancel-in-progress"] is False
    assert jobs["deploy"]["environment"] == "staging"
    assert jobs["deploy"]["needs"] == "plan"
    for step in (step for job in jobs.values() for step in job["steps"]):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize(
    ("name", "status", "passes"),
    [
        ("check: Plan offline", 0, True),
        ("check: Plan offline", 1, False),
        ("plan: Plan", 0, True),
        ("plan: Plan", 2, True),
        ("plan: Plan", 1, False),
        ("drift: Look for drift", 0, True),
        ("drift: Look for drift", 1, False),
        ("drift: Look for drift", 2, False),
    ],
)
def test_a_step_passes_where_its_command_did(
    tmp_path: Path, name: str, status: int, passes: bool
) -> None:
    """A program that ends with each status stands in for higuera, whose own tests are elsewhere."""
    stand_in = tmp_path / "higuera"
    stand_in.write_text(f"#!/bin/sh\necho 'what it says'\nexit {status}\n")
    stand_in.chmod(0o755)
    summary, output = tmp_path / "summary", tmp_path / "output"
    given = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(output)}
    given["RUNNER_TEMP"] = str(tmp_path)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **given}
    script = tmp_path / "step"
    script.write_text(STEPS[name])
    done = subprocess.run([*BASH, script], cwd=tmp_path, env=environment, check=False)
    assert (done.returncode == 0) is passes
    assert "what it says" in summary.read_text()
    if name == "plan: Plan":
        assert output.read_text() == f"status={status}\n"


def test_a_fork_without_secrets_is_told_so(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "SECRETS": ""}
    environment["GITHUB_STEP_SUMMARY"] = str(tmp_path / "summary")
    run = ["-c", STEPS["check: Check the secrets"]]
    subprocess.run([*BASH, *run], cwd=tmp_path, env=environment, check=True)
    assert "not checked" in (tmp_path / "summary").read_text()
    assert not (tmp_path / ".env.staging").exists()


@pytest.mark.parametrize("name", [name for name in STEPS if "Take the key" in name])
def test_no_key_is_laid_down_where_no_host_is_known(tmp_path: Path, name: str) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    environment |= {"KEY": "key", "KNOWN_HOSTS": "", "SECRETS": "A=1"}
    done = subprocess.run(
        [*BASH, "-c", STEPS[name]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "set the secret HIGUERA_KNOWN_HOSTS" in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", STEPS)
def test_nothing_is_written_into_the_source_but_what_git_ignores(name: str) -> None:
    targets = re.findall(r"(?:>>?|--out) *(\S+)", STEPS[name])
    kept = ('"$RUNNER_TEMP/', '"$GITHUB_', '"$plan.', "~/.ssh/", ".env.staging")
    assert [target for target in targets if not target.startswith(kept)] == []

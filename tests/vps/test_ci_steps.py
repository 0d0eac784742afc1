"""The steps of the ready workflow as they stand, against a VPS that is reached over SSH."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import BIN, REPOSITORY, SECRETS, Project

WORKFLOW = REPOSITORY / "examples" / "ci" / "higuera.yml"
JOBS: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text())["jobs"]
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
# OpenSSH looks for `~` in the list of users, whatever HOME says: on a runner both are the same.
SSH = """#!/bin/sh
exec {ssh} -i ~/.ssh/id_ed25519 -o UserKnownHostsFile="$HOME/.ssh/known_hosts" "$@"
"""
SERVER = "examples/forms/apps/backend/src/server.ts"


class Runner:
    """What GitHub gives a job: variables, files to write to, a home of its own."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        self.summary, self.output = folder / "summary", folder / "output"
        self.programs = folder / "bin"
        self.programs.mkdir()
        (self.programs / "ssh").write_text(SSH.format(ssh=shutil.which("ssh")))
        (self.programs / "ssh").chmod(0o755)
        vps = project.host
        self.expressions = {
            "${{ github.base_ref }}": "main",
            "${{ secrets.HIGUERA_SSH_KEY }}": Path(vps.key).read_text(),
            "${{ secrets.HIGUERA_KNOWN_HOSTS }}": Path(vps.known_hosts).read_text(),
            "${{ secrets.HIGUERA_STAGING_SECRETS }}": "\n".join(
                f"{name}={value}" for name, value in SECRETS.items()
            ),
        }
        self.printed = ""

    def job(self, name: str) -> int:
        """Run every `run:` step until one fails; the status of the last."""
        self.summary.write_text("")
        home = self.project.folder / "home"
        shutil.rmtree(home / ".ssh", ignore_errors=True)
        for step in (step for step in JOBS[name]["steps"] if "run" in step):
            given = {key: self.expressions[value] for key, value in step.get("env", {}).items()}
            variables = {
                **{key: value for key, value in os.environ.items() if key != "HIGUERA_ENV"},
                **{k: v for k, v in self.project.variables.items() if k != "HIGUERA_ENV"},
                "PATH": f"{self.programs}:{BIN}:{os.environ['PATH']}",
                "HIGUERA": "higuera",  # is installed here
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "GITHUB_OUTPUT": str(self.output),
                "RUNNER_TEMP": str(self.output.parent),
                **given,
            }
            done = subprocess.run(
                [*BASH, step["run"]],
                cwd=self.project.folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            self.printed += done.stdout + done.stderr
            if done.returncode != 0:
                return done.returncode
        return 0


@pytest.fixture
def runner(forms: Project, tmp_path: Path) -> Runner:
    for name in ("staging", "production"):
        file = forms.folder / "inventory" / f"{name}.yml"
        file.write_text(f"host: {{address: {forms.host.address}, user: root}}\n")
    (forms.folder / ".gitignore").write_text(".env.*\n.higuera/\nhome/\n")
    git(forms, "init", "-q")
    commit(forms, "all")
    git(forms, "update-ref", "refs/remotes/origin/main", "HEAD")
    return Runner(forms, tmp_path)


def git(project: Project, *words: str) -> None:
    who = ["-c", "user.name=ci", "-c", "user.email=ci@example.com"]
    subprocess.run(["git", *who, *words], cwd=project.folder, check=True)


def commit(project: Project, subject: str) -> None:
    git(project, "add", "-A")
    git(project, "commit", "-qm", subject)


def push(project: Project, subject: str) -> None:
    """Somebody changes a line of the backend."""
    server = project.folder / SERVER
    server.write_text(f"{server.read_text()}\nconsole.log('{subject}')\n")
    commit(project, subject)


def test_from_the_pull_request_to_the_night(runner: Runner) -> None:
    forms = runner.project
    assert runner.job("check") == 0, runner.printed
    assert runner.summary.read_text()

    known = runner.expressions["${{ secrets.HIGUERA_KNOWN_HOSTS }}"]
    runner.expressions["${{ secrets.HIGUERA_KNOWN_HOSTS }}"] = ""
    assert all(runner.job(name) not in (0, 2) for name in ("plan", "deploy", "drift"))
    runner.expressions["${{ secrets.HIGUERA_KNOWN_HOSTS }}"] = known

    before = forms.pids()
    push(forms, "Say a new line")
    assert runner.job("plan") == 0, runner.printed
    assert runner.output.read_text() == "status=2\n"
    assert "backend" in runner.summary.read_text()
    assert forms.pids() == before, "a plan starts nothing"

    assert runner.job("deploy") == 0, runner.printed
    assert forms.pids() != before
    assert forms.get("/api/health").json()["database"] == "reachable"

    push(forms, "Say another line")
    push(forms, "Say a third line")
    assert runner.job("plan") == 0, runner.printed
    told = runner.summary.read_text()
    assert re.search(r"\n  [0-9a-f]{7} Say a third line\n  [0-9a-f]{7} Say another line\n", told)
    assert "Say a new line" not in told, "it is live"

    assert runner.job("drift") == 0, runner.printed
    forms.shell("runuser -u postgres -- psql -d forms -c 'alter table forms add column stray int'")
    assert runner.job("drift") == 2, runner.printed
    assert "column public.forms.stray" in runner.summary.read_text()

    said = runner.printed + runner.summary.read_text()
    assert not [name for name, value in SECRETS.items() if value in said]

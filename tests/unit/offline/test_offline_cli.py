"""`higuera render` and `higuera plan --offline` from outside, with canaries in the environment."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from offline_project import ROOT, OfflineProject
from published import hold

from higuera.offline.report import Check, Finding, OfflineReport, format_lines, format_markdown

CANARY = "canary-c0ffee"
HIGUERA = str(ROOT / ".venv/bin/higuera")
SECRETS = ("DATABASE_URL3", "SESSION_SECRET", "SMOKE_EMAIL", "SMOKE_PASSWORD")


@pytest.fixture
def project(tmp_path: Path) -> OfflineProject:
    return OfflineProject(tmp_path)


def higuera(project: OfflineProject, *words: str) -> subprocess.CompletedProcess[str]:
    canaries = dict.fromkeys(SECRETS, f"postgresql://{CANARY}:{CANARY}@{CANARY}/{CANARY}")
    project.write(".env.production", "".join(f"{key}={value}\n" for key, value in canaries.items()))
    environ = {key: value for key, value in os.environ.items() if key != "HIGUERA_ENV"}
    done = subprocess.run(
        [HIGUERA, *words],
        cwd=project.folder,
        env=environ | canaries,
        capture_output=True,
        text=True,
        check=False,
    )
    assert CANARY not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    hold(words, done.stdout)
    return done


def test_render(project: OfflineProject) -> None:
    listed = higuera(project, "render").stdout.splitlines()
    assert "0600 root:root /etc/higuera/forms/backend-blue.env" in listed
    assert "0755 root:root /usr/local/sbin/higuera-forms" in listed
    done = higuera(project, "render", "production", "--to", "out", "--json")
    entries = json.loads(done.stdout)
    assert [f"{each['mode']} {each['owner']} {each['path']}" for each in entries] == listed
    for entry in entries:
        path = project.folder / "out" / entry["path"].lstrip("/")
        assert f"{path.stat().st_mode & 0o7777:04o}" == entry["mode"]
        assert CANARY not in path.read_text()
    assert "forms.example.com" in (project.folder / "out/etc/nginx/higuera/forms.conf").read_text()
    assert higuera(project, "render", "--to", "app").returncode == 1
    line = project.override("systemd/boot.j2", "{{ stack.app }}:", "{{ stak }}:")
    done = higuera(project, "render", "--to", "out")
    said = f"error: templates/systemd/boot.j2:{line}: 'stak' is undefined\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_plan_offline(project: OfflineProject) -> None:
    done = higuera(project, "plan", "--offline")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("7 checks: ")
    old = "max_fails=0;\n    keepalive"
    line = project.override("nginx/stack.conf.j2", old, old.replace("fails", "fail"))
    done = higuera(project, "plan", "production", "--offline", "--json")
    report = OfflineReport.model_validate(
        {key: value for key, value in json.loads(done.stdout).items() if key != "ok"}
    )
    (found,) = (finding for check in report.checks for finding in check.findings)
    assert (done.returncode, found.file, found.line) == (1, "templates/nginx/stack.conf.j2", line)
    done = higuera(project, "plan", "--offline", "--format", "markdown")
    assert f"templates/nginx/stack.conf.j2:{line}: invalid parameter" in done.stdout
    assert done.returncode == 1
    assert higuera(project, "plan", "gone", "--offline").returncode == 1
    assert higuera(project, "plan").returncode == 1, "2 would say that there are changes"


REPORT = OfflineReport(
    checks=[
        Check(name="nginx", environment="production", outcome="ok"),
        Check(
            name="units",
            environment="a",
            outcome="failed",
            findings=[Finding(file="x", line=2, text="b | c\n```d")],
        ),
        Check(name="firewall", environment="a", outcome="left out", why="no | rights"),
    ]
)


def test_lines() -> None:
    assert format_lines(REPORT).splitlines() == [
        "ok        production  nginx",
        "failed    a           units",
        "  x:2: b | c ```d",
        "left out  a           firewall (no | rights)",
        "3 checks: 1 ok, 1 failed, 1 left out",
    ]


def test_markdown() -> None:
    assert format_markdown(REPORT).splitlines() == [
        "**Offline checks: 3 checks: 1 ok, 1 failed, 1 left out**",
        "",
        "| environment | check | |",
        "| --- | --- | --- |",
        "| production | nginx | ok |",
        "| a | units | **failed** |",
        "| a | firewall | left out: no \\| rights |",
        "",
        "```",
        "x:2: b | c '''d",
        "```",
    ]


def test_nothing_checked_is_no_pass() -> None:
    assert OfflineReport(checks=[]).status == 1

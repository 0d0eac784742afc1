"""`higuera audit` as it is typed: exit status, lines, JSON, and its schema in docs/."""

import subprocess
import sys
from pathlib import Path

import pytest
from published import hold
from rich.console import Console
from typer.testing import CliRunner

from higuera.audit import programs
from higuera.audit.report import AuditReport, judged, not_applicable, not_run
from higuera.cli.audit import format_details, format_lines, format_table, summary
from higuera.cli.main import app
from higuera.errors import ProgramError
from higuera.offline.schema import schema_text

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "docs" / "schema" / "audit.schema.json"

REPORT = AuditReport(
    app="forms",
    environment="production",
    host="203.0.113.10",
    exit_status=1,
    checks=[
        judged("lynis", "index ≥ 80", 79, "index 79", ["warning X", "y\x1b[2J"], met=False),
        judged("gixy", "0 at medium", 0, "0 at medium", ["excepted z"], met=True),
        not_run("ssh-audit", "0 fail", "no connection"),
        not_applicable("tls", "intermediate", "no TLS"),
    ],
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its host refuses every connection: nobody listens on the reserved port 1."""
    (tmp_path / "inventory").mkdir()
    golden = ROOT / "tests" / "golden" / "queue" / "inventory" / "stack.yml"
    (tmp_path / "inventory" / "stack.yml").write_text(golden.read_text())
    host = "host: {address: 127.0.0.1, port: 1}\n"
    (tmp_path / "inventory" / "production.yml").write_text(host)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_host_that_cannot_be_reached_is_no_pass(project: Path) -> None:
    done = CliRunner().invoke(app, ["audit", "--json"])
    assert done.exit_code == 1
    hold(["audit", "--json"], done.stdout)
    report = AuditReport.model_validate_json(done.stdout)
    statuses = {check.name: check.status for check in report.checks}
    assert statuses["lynis"] == statuses["ssh-audit"] == statuses["ports"] == "not run"
    assert "met" not in statuses.values()
    found = {check.name: check.found for check in report.checks}
    assert "Connection refused" in found["lynis"] and "refused" in found["ssh-audit"]


def test_lines() -> None:
    lines = format_lines(REPORT)
    assert lines[0] == "lynis      below           index ≥ 80    index 79"
    assert lines[2] == "ssh-audit  not run         0 fail        no connection"
    assert format_details(REPORT, verbose=False) == ["lynis: warning X", "lynis: y [2J"]
    assert format_details(REPORT, verbose=True)[-1] == "gixy: excepted z"
    told = "no verdict, not all could run: 1 met, 1 below, 1 not run, 1 not applicable"
    assert summary(REPORT) == told


def test_table() -> None:
    console = Console(width=100, record=True, file=sys.stderr)
    console.print(format_table(REPORT))
    text = console.export_text()
    assert "target" in text and "index ≥ 80" in text and "\x1b[2J" not in text


def test_the_schema_is_kept() -> None:
    schema = schema_text(AuditReport.model_json_schema(mode="serialization"))
    assert SCHEMA.read_text() == schema, "write it anew: scripts/golden"


def test_a_missing_auditor_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda name: None)
    with pytest.raises(ProgramError, match=r"pip install 'higuera\[audit\]'"):
        programs.run("ssh-audit", "ssh_audit", [])


def test_auditors_see_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_SECRET", "canary")
    _, out, _ = programs.run("python", "sysconfig", [])
    assert out
    seen: dict[str, str] = {}

    def run(command: list[str], **given: object) -> subprocess.CompletedProcess[str]:
        seen.update(given["env"])  # type: ignore[call-overload]
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    programs.run("gixy-ng", "gixy", [])
    assert "PATH" in seen and "SESSION_SECRET" not in seen

"""`higuera doctor` as it is typed: exit status, lines, JSON, and its schema in docs/."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from doctor_facts import converged, deployment_in, on_host
from published import hold
from rich.console import Console

from higuera.cli.doctor import format_lines, format_table, summary
from higuera.doctor.checks import CHECKS, examine
from higuera.doctor.report import Report
from higuera.offline.schema import schema_text

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "docs" / "schema" / "doctor.schema.json"
HIGUERA = str(Path(sys.executable).with_name("higuera"))
CANARY = "canary-doctor-9c41"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Its host refuses every connection: nobody listens on the reserved port 1."""
    deployment_in(tmp_path, host={"address": "127.0.0.1", "port": 1})
    for name in ("config.py", "deploy.py"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture(autouse=True)
def npm(tmp_path: Path) -> None:
    """One that reaches no registry, and takes no time for it."""
    program = tmp_path / "npm"
    program.write_text("#!/bin/sh\necho 'npm ERR! code ENOTFOUND' >&2\nexit 1\n")
    program.chmod(0o755)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {
        **{key: value for key, value in os.environ.items() if key != "HIGUERA_ENV"},
        "DATABASE_URL": f"postgresql://forms:{CANARY}@127.0.0.1/forms",
        "XDG_CACHE_HOME": str(folder / "cache"),
        "PATH": f"{folder}:/usr/bin:/bin",
    }
    done = subprocess.run(
        [HIGUERA, "doctor", *arguments],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    hold(["doctor", *arguments], done.stdout)
    return done


def test_a_host_that_refuses(project: Path) -> None:
    """One line a check; what is wrong here is told beside what is wrong with ssh."""
    (project / ".env.production").write_text("SESSION_SECRET=\n")
    files = sorted(project.rglob("*"))
    done = run(project, "production")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert len(lines) == len(CHECKS) + 1
    told = {check.name: line for check, line in zip(CHECKS, lines, strict=False)}
    assert all(line.startswith(name) for name, line in told.items())
    assert "nothing listens on that port" in told["ssh"]
    assert "secret SESSION_SECRET: is empty" in told["secrets"]
    assert "ENOTFOUND" in told["node"]
    assert told["lock"].split(maxsplit=1)[1] == "not checked  ssh failed"
    assert lines[-1].startswith("a deploy would fail: ")
    assert CANARY not in done.stdout
    assert sorted(project.rglob("*")) == files, "nothing is made, not even the cache's folder"


def test_json_fits_the_model(project: Path) -> None:
    done = run(project, "--json")
    report = Report.model_validate_json(done.stdout)
    assert (done.returncode, report.deployable) == (1, False)
    assert [check.name for check in report.checks] == [check.name for check in CHECKS]
    assert CANARY not in done.stdout


def test_an_inventory_that_does_not_load(tmp_path: Path) -> None:
    done = run(tmp_path, "--json")
    report = Report.model_validate_json(done.stdout)
    assert done.returncode == 1 and report.app is None
    (inventory,) = (check for check in report.checks if check.name == "inventory")
    assert inventory.status == "failed" and "no such folder" in inventory.found


def test_secrets_that_would_be_made_up_are_not(tmp_path: Path) -> None:
    deployment_in(tmp_path, host={"address": "127.0.0.1", "port": 1}, secrets="generate")
    found = {check["name"]: check for check in json.loads(run(tmp_path, "--json").stdout)["checks"]}
    assert found["secrets"]["status"] == "ok" and "made up" in found["secrets"]["found"]
    assert not (tmp_path / ".env.production").exists()


def test_commands_for_secrets_are_run_as_a_deploy_does(tmp_path: Path) -> None:
    commands = {
        "DATABASE_URL": "!exit 3",  # is in the environment, so nobody asks
        "SESSION_SECRET": f"!echo {CANARY}",
    }
    deployment_in(tmp_path, host={"address": "127.0.0.1", "port": 1}, secrets=commands)
    told = run(tmp_path, "--json").stdout
    found = {check["name"]: check for check in json.loads(told)["checks"]}
    assert (found["secrets"]["status"], found["secrets"]["found"]) == ("ok", "all 2 are there")
    assert CANARY not in told


def test_a_broken_template_is_one_check_that_fails(tmp_path: Path) -> None:
    deployment_in(tmp_path, host={"address": "127.0.0.1", "port": 1}, secrets="generate")
    own = tmp_path / "templates" / "bin" / "higuera.sh.j2"
    own.parent.mkdir(parents=True)
    own.write_text("a\n{{ nobody }}\n")
    found = {check["name"]: check for check in json.loads(run(tmp_path, "--json").stdout)["checks"]}
    assert found["templates"]["status"] == "failed"
    assert found["templates"]["found"].startswith("templates/bin/higuera.sh.j2:2: 'nobody' is")


def test_what_stops_a_deploy_before_it_touches_the_host(tmp_path: Path) -> None:
    """Each by the words of the deploy; a root that is not there leaves the others to be told."""
    tls = {"mode": "files", "certificate": "a.pem", "key": "TLS_KEY"}
    deployment_in(tmp_path, host={"address": "127.0.0.1", "port": 1}, secrets="generate", tls=tls)
    make = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-days"]
    make += ["9", "-keyout", "/dev/null", "-out", "inventory/a.pem"]
    subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "app" / ".env.local").write_text(f"NEXT_PUBLIC_A={CANARY}\n")
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke" / "mine.py").write_text("def check(\n")
    told = run(tmp_path, "--json")
    found = {check["name"]: check for check in json.loads(told.stdout)["checks"]}
    failed = ("secrets", "tls files", "build", "smoke")
    assert {name: found[name]["status"] for name in failed} == dict.fromkeys(failed, "failed")
    assert "TLS_KEY: is set nowhere" in found["secrets"]["found"]  # and is never made up
    assert "a.pem: is not good for forms.example.com" in found["tls files"]["found"]
    assert "there is nothing to build in it" in found["build"]["found"]
    assert "mine.py: cannot be loaded: SyntaxError" in found["smoke"]["found"]

    (tmp_path / "app" / "package.json").write_text("{}")
    (tmp_path / "app" / ".env").write_text(f"NEXT_PUBLIC_A={CANARY}\n")
    for command in (["init", "--quiet"], ["add", "--force", "."]):  # a build sees what git tracks
        subprocess.run(["git", *command], cwd=tmp_path / "app", check=True)
    told = run(tmp_path, "--json")
    found = {check["name"]: check for check in json.loads(told.stdout)["checks"]}
    says = "NEXT_PUBLIC_A (.env:1) holds the value of the secret DATABASE_URL"
    assert found["build"]["found"].startswith(says)
    assert CANARY not in told.stdout + told.stderr


def test_a_key_that_is_not_the_given_ones(tmp_path: Path) -> None:
    tls = {"mode": "files", "certificate": "a.pem", "key": "TLS_KEY"}
    deployment_in(tmp_path, host={"address": "127.0.0.1", "port": 1}, tls=tls, domains=[])
    make = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-days"]
    make += ["9", "-keyout", "other.key", "-out", "inventory/a.pem"]
    for _ in range(2):
        subprocess.run(make, cwd=tmp_path, check=True, capture_output=True)
        make[-3] = "/dev/null"
    key = (tmp_path / "other.key").read_text()
    (tmp_path / ".env.production").write_text(f"TLS_KEY='{key}'\n")
    told = run(tmp_path, "--json").stdout
    found = {check["name"]: check for check in json.loads(told)["checks"]}
    assert found["tls files"]["found"] == "TLS_KEY: is not the private key of a.pem"
    assert "BEGIN" not in told


def test_a_root_that_is_not_there_is_one_check_that_fails(tmp_path: Path) -> None:
    tls = {"mode": "acme", "ca": "gone.pem"}
    deployment_in(tmp_path, host={"address": "127.0.0.1", "port": 1}, secrets="generate", tls=tls)
    found = {check["name"]: check for check in json.loads(run(tmp_path, "--json").stdout)["checks"]}
    assert found["templates"]["status"] == "failed"
    assert "tls.ca: gone.pem: No such file" in found["templates"]["found"]
    assert found["ssh"]["status"] == "failed", "the rest is told too"


def test_schema_in_the_docs_is_the_models() -> None:
    schema = schema_text(Report.model_json_schema(mode="serialization"))
    assert SCHEMA.read_text() == schema, "write it anew: scripts/golden"


def test_lines_and_table(tmp_path: Path) -> None:
    """Aligned; markup and escape sequences of a host are text."""
    wild = "\x1b[31m[red]x\r"
    facts = on_host(converged(deployment_in(tmp_path)), f"failedunit {wild}")
    report = examine(facts)
    lines = format_lines(report).splitlines()
    assert (
        len(
            {
                line.index(f"  {check.status}")
                for check, line in zip(report.checks, lines, strict=True)
            }
        )
        == 1
    )
    console = Console(width=200, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    console.print(format_table(report))
    for text in ("\n".join(lines), console.export_text()):
        assert "[31m[red]x failed" in text and "\x1b" not in text and "\r" not in text
    assert summary(report) == "a deploy can go ahead: 40 ok, 1 warning"

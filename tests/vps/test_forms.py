"""The example end to end, on one VPS, as one story: served, changed, broken, rebooted."""

import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest
from harness import BIN, HIGUERA, SECRETS, Project, until
from managed import ssh

from higuera.smoke.session import set_cookies

# One story on one VPS: all of it runs on one worker, in order.
pytestmark = pytest.mark.xdist_group("forms")

PAGE = "examples/forms/apps/web/app/page.tsx"
SERVER = "examples/forms/apps/backend/src/server.ts"
DRIZZLE = "examples/forms/apps/backend/drizzle"


@pytest.fixture(scope="module")
def forms(forms_story: Project) -> Project:
    """Live already: tests/vps/test_first_day.py tells how it gets there."""
    return forms_story


def test_1_only_nginx_says_which_way_a_client_came(forms: Project) -> None:
    answer = httpx.post(
        f"http://{forms.host.address}/api/auth/login",
        json={"email": SECRETS["SMOKE_EMAIL"], "password": SECRETS["SMOKE_PASSWORD"]},
        headers={"X-Forwarded-Proto": "https"},
        trust_env=False,
    )
    flags = set_cookies(answer)["session"].attributes
    assert "httponly" in flags and "secure" not in flags


def test_2_the_smoke_command_agrees(forms: Project) -> None:
    done = forms.run(str(BIN / "higuera"), "smoke", "--json", "--junit", "smoke.xml")
    assert done.returncode == 0, done.stdout + done.stderr
    checks = {check["name"]: check["status"] for check in json.loads(done.stdout)["checks"]}
    assert checks == dict.fromkeys(
        ["forms", "forms_map", "health", "login", "login_wrong", "page"], "passed"
    )
    assert (forms.folder / "smoke.xml").read_text().startswith("<?xml")
    forms.shell("systemctl stop postgresql@15-main")
    done = forms.run(str(BIN / "higuera"), "smoke", "--deadline", "2")
    assert done.returncode == 1, done.stdout
    forms.shell("systemctl start postgresql@15-main")


def test_3_one_line_of_the_page_moves_only_the_page(forms: Project) -> None:
    pids = forms.pids()
    assets = set(re.findall(r'/_next/static/[^"\\]+', forms.get("/").text))
    forms.edit(PAGE, "<h1>Forms</h1>", "<h1>Forms of today</h1>")
    forms.deployed()
    assert "Forms of today" in forms.get("/").text
    assert forms.pids()["forms-backend-blue.service"] == pids["forms-backend-blue.service"]
    # A tab that was opened before still gets what its page asks for, and may keep it for ever.
    assert assets
    for asset in assets:
        answer = forms.get(asset)
        assert answer.status_code == 200, asset
        assert "immutable" in answer.headers["cache-control"]
    assert forms.get("/_next/static/nothing.js").status_code == 404


def test_4_a_failing_migration_stops_before_the_flip(forms: Project) -> None:
    folder = forms.folder / DRIZZLE
    journal = folder / "meta" / "_journal.json"
    kept = journal.read_text()
    entries = json.loads(kept)
    entries["entries"].append(
        {"idx": 2, "version": "7", "when": 1768912000000, "tag": "0002_bad", "breakpoints": True}
    )
    journal.write_text(json.dumps(entries))
    (folder / "0002_bad.sql").write_text("ALTER TABLE nowhere ADD COLUMN x int;\n")
    done = forms.deploy("-y")
    assert done.returncode == 1
    assert 'relation "nowhere" does not exist' in done.stderr
    assert "Forms of today" in forms.get("/").text
    journal.write_text(kept)
    (folder / "0002_bad.sql").unlink()
    assert forms.plan() == []


def test_5_no_secret_is_printed_or_left_in_the_open(forms: Project) -> None:
    secrets = dict(
        line.split("=", 1) for line in (forms.folder / ".env.sandbox").read_text().splitlines()
    )
    password = secrets["DATABASE_URL3"].split(":")[2].split("@")[0]
    canaries = [
        password,
        secrets["SESSION_SECRET"].strip("'"),
        secrets["SMOKE_PASSWORD"].strip("'"),
    ]
    forms.edit(SERVER, "import { buildApp }", "// moved\nimport { buildApp }")
    forms.shell("rm -rf /etc/higuera/forms/*-green.env; chmod 0644 /etc/higuera/forms/migrate.env")
    done = forms.deploy("-y", "-vvv", "--diff", "--debug")
    assert done.returncode == 0, done.stderr
    printed = done.stdout + done.stderr + forms.shell("journalctl -o cat")
    assert [canary for canary in canaries if canary in printed] == []
    # Not in an argument: a search in a test beside this one would find it there.
    ssh(forms.vps, "umask 077; cat >/root/needles <<'END'\n" + "\n".join(canaries) + "\nEND\n")
    folders = "/etc/systemd /srv /var/log /tmp /run/systemd /var/lib/higuera"
    assert forms.shell(f"grep -rlF -f /root/needles {folders} || true") == ""


def test_6_a_new_session_secret_ends_sessions_when_that_is_meant(forms: Project) -> None:
    forms.edit(".env.sandbox", SECRETS["SESSION_SECRET"], "canary-session-of-another-day")
    done = forms.deploy("-y")
    assert done.returncode == 1
    assert "to take a session of before answered 401" in done.stderr
    assert "higuera deploy --end-sessions" in done.stderr
    forms.edit(".env.sandbox", "canary%2Fdb%407f3a9c%3Aword", "canary-word-of-another-day")
    done = forms.run(HIGUERA, "deploy", "--yes", "--end-sessions")
    assert done.returncode == 0, done.stderr
    assert "DATABASE_URL3 has another password than the role forms" in done.stdout + done.stderr
    assert forms.plan() == []


def test_7_the_vps_reboots_and_serves(forms: Project) -> None:
    forms.reboot()
    until(lambda: forms.get("/api/health").json()["database"] == "reachable", "the API serves", 60)
    assert "Forms of today" in forms.get("/").text


def test_8_installed_with_pip_in_an_empty_project(forms: Project, tmp_path: Path) -> None:
    """The wheel alone renders and deploys: its templates and its smoke checks are inside."""
    repository = Path(__file__).resolve().parents[2]
    uv = str(BIN / "uv")
    made = tmp_path / "wheel"
    subprocess.run([uv, "build", "-q", "--wheel", "-o", str(made), str(repository)], check=True)
    empty = forms.copy(tmp_path / "project", forms.vps)
    venv = tmp_path / "venv"
    subprocess.run([uv, "venv", "-q", str(venv)], check=True)
    (wheel,) = made.glob("*.whl")
    subprocess.run([uv, "pip", "install", "-q", "-p", str(venv), str(wheel)], check=True)
    done = empty.run(str(venv / "bin" / "pyinfra"), "inventory", "deploy.py", "--dry", "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)["plan"]
    assert [operation["name"] for operation in plan if operation["hosts_with_change"]] == []
    empty.edit(PAGE, "Forms of today", "Forms of the wheel")
    done = empty.run(str(venv / "bin" / "pyinfra"), "inventory", "deploy.py", "-y")
    assert done.returncode == 0, done.stderr
    assert "Forms of the wheel" in empty.get("/").text

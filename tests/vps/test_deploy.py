"""A deploy as its owner sees it: what it says, what moves, what stays."""

import hashlib
import json
import os
import re
import socket
from base64 import b64encode

import pytest
from harness import HIGUERA, Project, until

RELEASE_STEPS = ["Build", "Upload", "Units", "Candidates", "Candidate smoke", "Cutover", "Prune"]


def test_dry_run_on_a_bare_vps_lists_everything_and_changes_nothing(bare: Project) -> None:
    assert bare.plan() == [
        "Packages",
        "Accounts and folders",
        "Node 22.23.3",
        "Firewall, journal, time",
        "SSH",
        "nginx",
        "Tool and jobs",
        *RELEASE_STEPS,
    ]
    before = bare.snapshot()
    assert bare.deploy("--dry").returncode == 0
    planned = bare.run(HIGUERA, "plan")
    assert planned.returncode == 2, planned.stdout + planned.stderr
    assert "\nrelease: the first one, of " in planned.stdout
    assert "way back: none: nothing is live yet" in planned.stdout
    assert re.search(r"\npackages to install: (.*, )?nginx, ", planned.stdout)
    assert "\naccounts to make: mini-backend, mini-web\nfolders to make: /etc/h" in planned.stdout
    for told in ("sysctl reloads", "unattended-upgrades starts", "sshd reloads"):
        assert f"\nhost: {told} (" in planned.stdout
    assert "\nhost: nginx starts (its configuration changes)\n" in planned.stdout
    assert bare.snapshot() == before


def test_second_run_changes_nothing(mini: Project) -> None:
    before, pids, executions = mini.snapshot(), mini.pids(), mini.executions()
    assert mini.plan() == []
    planned = mini.executions()
    mini.deployed()
    deployed = mini.executions()
    assert mini.snapshot() == before
    assert mini.pids() == pids
    # A run that also shows its plan does both; naive pyinfra takes 104 for the same settings.
    assert 0 < planned - executions <= 12
    assert 0 < deployed - planned <= 12


def test_what_nginx_talks_to_is_up_for_good(mini: Project) -> None:
    """systemd-socket-proxyd says no READY=1: as Type=notify it is ended when its time is up."""
    assert mini.get("/api/health").status_code == mini.get("/").status_code == 200
    for unit in ("mini-backend-blue-proxy", "mini-web-blue-proxy"):
        assert mini.shell(f"systemctl show -p SubState --value {unit}") == "running"


def test_a_page_edit_moves_only_the_page(mini: Project) -> None:
    pids = mini.pids()
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    mini.deployed()
    assert "Mini two" in mini.get("/").text
    after = mini.pids()
    assert after["mini-backend-blue.service"] == pids["mini-backend-blue.service"]
    assert "mini-backend-green.service" not in after
    assert "mini-web-green.service" in after


def test_sources_that_make_the_same_code_move_nothing(mini: Project) -> None:
    pids = mini.pids()
    mini.edit("app/build.sh", "# The whole build", "# All of the build")
    mini.deployed()
    assert mini.pids() == pids
    assert mini.plan() == []


def test_two_deploys_use_both_colours_and_come_back(mini: Project) -> None:
    for number in ("two", "three"):
        mini.edit("app/backend/server.js", "VERSION = '", f"VERSION = '{number}-")
        mini.deployed()
        assert mini.get("/api/version").json()["version"].startswith(number)
    assert "plan 0003" in mini.shell("higuera-mini status")


def test_a_new_secret_moves_only_the_service_that_has_it(mini: Project) -> None:
    pids = mini.pids()
    canary = "new \"'$HOME`x`\\ %n canary"
    done = mini.deploy("-y", "--diff", "-vv", MINI_SECRET=canary)
    assert done.returncode == 0, done.stderr
    assert mini.get("/api/secret").json()["digest"] == hashlib.sha256(canary.encode()).hexdigest()
    after = mini.pids()
    assert after["mini-web-blue.service"] == pids["mini-web-blue.service"]
    assert "mini-web-green.service" not in after
    printed = done.stdout + done.stderr
    assert "canary" not in printed
    assert b64encode(canary.encode()).decode() not in printed
    assert "canary" not in mini.shell(
        "cat /etc/systemd/system/mini-* /var/log/nginx/*; journalctl -o cat"
    )


def test_a_service_sees_its_own_secrets_only(mini: Project) -> None:
    assert "MINI_SECRET" in mini.get("/api/secret").json()["names"]
    pid = mini.pids()["mini-web-blue.service"]
    assert "MINI_SECRET" not in mini.shell(f"tr '\\0' '\\n' </proc/{pid}/environ")
    assert mini.shell("stat -c '%a %U' /etc/higuera/mini/backend-blue.env") == "600 root"


def test_reboot_serves_again_by_itself(mini: Project) -> None:
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    mini.deployed()
    mini.reboot()
    until(lambda: "Mini two" in mini.get("/").text, "the page is served again")
    until(lambda: mini.get("/api/health").status_code == 200, "the API is served again")
    assert mini.plan() == []


def test_a_sudo_user_deploys_as_well(mini: Project) -> None:
    host = mini.host
    mini.environment(
        f"host: {{address: {host.address}, user: deploy, key: {host.key}}}\nsecrets: generate\n"
    )
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    mini.deployed()
    assert "Mini two" in mini.get("/").text
    assert mini.plan() == []


def test_websockets_request_ids_and_access_log(mini: Project) -> None:
    with socket.create_connection((mini.host.address, 80), timeout=10) as connection:
        key = b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET /api/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        assert b"101 Switching Protocols" in connection.recv(4096)
        mask = os.urandom(4)
        text = bytes(byte ^ mask[at % 4] for at, byte in enumerate(b"ping"))
        connection.sendall(bytes([0x81, 0x84]) + mask + text)
        assert connection.recv(64) == bytes([0x81, 4]) + b"ping"
    given = mini.get("/api/headers", headers={"X-Request-Id": "browser-0001"})
    assert given.headers["x-request-id"] == given.json()["x-request-id"] == "browser-0001"
    made = mini.get("/api/headers", headers={"X-Request-Id": "no good\tid"})
    assert len(made.headers["x-request-id"]) == 32
    spoofed = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}
    headers = mini.get("/api/headers", headers=spoofed).json()
    assert headers["x-forwarded-for"] != "1.2.3.4"
    assert headers["x-forwarded-proto"] == "http"
    lines = mini.shell("cat /var/log/nginx/mini.log").splitlines()
    entry = next(e for e in map(json.loads, lines) if e["request_id"] == "browser-0001")
    release = json.loads(mini.shell("cat /srv/mini/traffic/live/release/manifest.json"))["id"]
    assert (entry["release"], entry["route"], entry["status"]) == (release, "/api/", 200)
    assert float(entry["upstream_seconds"]) >= 0


def test_the_firewall_lets_in_what_the_stack_needs_and_nothing_else(mini: Project) -> None:
    mini.shell("systemd-run --quiet --unit=open systemd-socket-activate -l 0.0.0.0:8443 /bin/cat")
    until(lambda: ":8443 " in mini.shell("ss -Hltn"), "somebody listens", 10)
    assert mini.get("/").status_code == 200
    with pytest.raises(TimeoutError):
        socket.create_connection((mini.host.address, 8443), timeout=1)
    rules = mini.shell("nft list table inet higuera")
    assert "policy drop" in rules and "tcp dport { 22, 80, 443 } accept" in rules


@pytest.mark.parametrize("hole", ["nginx", "firewall", "unit", "secret"])
def test_what_was_changed_by_hand_is_put_right(mini: Project, hole: str) -> None:
    mini.shell(
        {
            "nginx": "echo '# by hand' >> /etc/nginx/higuera/mini.conf",
            "firewall": "nft delete table inet higuera",
            "unit": "sed -i 's/^UMask=.*/UMask=0000/' /etc/systemd/system/mini-web-blue.service",
            "secret": "chmod 0644 /etc/higuera/mini/backend-blue.env",
        }[hole]
    )
    assert mini.plan() != []
    mini.deployed()
    assert mini.plan() == []
    assert mini.get("/").status_code == mini.get("/api/health").status_code == 200


def test_what_was_opened_by_hand_is_closed_and_nothing_restarts(mini: Project) -> None:
    """Of the slot that serves, and of the way back, which has the text of an earlier release."""
    mini.extra = {"MINI_SECRET": "canary-second"}
    mini.deployed()
    secret = "/etc/higuera/mini/backend-blue.env"
    unit = "/etc/systemd/system/mini-backend-blue.service"
    before, pids = mini.shell(f"sha256sum {secret} {unit}"), mini.pids()
    live = "/etc/higuera/mini/backend-green.env"
    mini.shell(f"chmod 0666 {secret} {unit}; chmod 0644 {live}")
    done = mini.run(HIGUERA, "plan")
    assert done.returncode == 2, done.stderr
    assert f"{secret} is 0666 root:root and should be 0600 root:root" in done.stdout
    mini.deployed()
    assert mini.shell(f"stat -c %a {secret} {unit} {live}").split() == ["600", "644", "600"]
    assert (mini.shell(f"sha256sum {secret} {unit}"), mini.pids()) == (before, pids)
    assert mini.run(HIGUERA, "plan").returncode == 0

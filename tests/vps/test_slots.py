"""Slots over time: warm or stopped after a cutover, given up by the stack, gone back to by hand."""

import json

from harness import BIN, Project
from test_exclusive import WORKER

HIGUERA = str(BIN / "higuera")


def running(project: Project) -> list[str]:
    """The slots whose app runs."""
    return sorted(unit.removeprefix("mini-").removesuffix(".service") for unit in project.pids())


def test_nothing_stays_warm_when_the_stack_says_so(mini: Project) -> None:
    mini.edit("inventory/stack.yml", "settings: {", "settings: {warm: false, ")
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    printed = mini.deployed()
    assert running(mini) == ["backend-blue", "web-green"]
    done = mini.run(HIGUERA, "rollback", "--yes")
    assert done.returncode == 0, printed + done.stderr
    assert "Mini one" in mini.get("/").text
    assert running(mini) == ["backend-blue", "web-blue"]


def test_a_service_that_leaves_the_stack_leaves_the_host(mini: Project) -> None:
    mini.edit("inventory/stack.yml", "routes:", WORKER)
    mini.edit("inventory/stack.yml", "stop_limit: 5", "stop_limit: 5\n    secrets: [MINI_SECRET]")
    mini.deployed()
    assert "worker-blue" in running(mini)
    mini.edit("inventory/stack.yml", WORKER.removesuffix("routes:"), "")
    mini.edit("inventory/stack.yml", "    secrets: [MINI_SECRET]\nroutes", "routes")
    mini.deployed()
    assert running(mini) == ["backend-blue", "web-blue"]
    assert (
        mini.ssh("ls /etc/systemd/system /etc/higuera/mini /srv/mini/slots | grep worker || true")
        == ""
    )
    assert mini.plan() == []
    done = mini.run(HIGUERA, "rollback", "--yes")
    assert done.returncode == 1
    assert "has a service worker that the stack file has no more" in done.stderr


def test_a_rollback_by_hand_keeps_order_and_leaves_a_note(mini: Project) -> None:
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    mini.deployed()
    mini.ssh("systemd-run --quiet --unit=holder flock /run/higuera/mini.lock sleep 600; sleep 0.5")
    assert "locked" in mini.ssh("higuera-mini rollback 2>&1 || true")
    assert "Mini two" in mini.get("/").text
    mini.ssh("systemctl stop holder")
    mini.ssh("higuera-mini rollback")
    assert "Mini one" in mini.get("/").text
    assert mini.ssh("higuera-mini lock status") == "nobody holds the lock"
    note = mini.ssh("cat /var/lib/higuera/mini/incidents/*")
    assert "rolled back by hand from" in note
    lines = mini.ssh("cat /var/lib/higuera/mini/journal.jsonl").splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["step"] for entry in entries][-2:] == ["confirm", "incident"]


def test_a_port_that_is_taken_says_by_whom(mini: Project) -> None:
    node = "/opt/higuera/runtimes/node-22.23.3/bin/node"
    listen = "require('net').createServer().listen(3100, '127.0.0.1')"
    mini.ssh(f'systemd-run --quiet --unit=squatter {node} -e "{listen}" && sleep 0.5')
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    done = mini.deploy("-y")
    assert done.returncode == 1
    assert "port 3100 is taken by node (process " in done.stderr
    assert "squatter.service)" in done.stderr
    assert "Mini one" in mini.get("/").text
    mini.ssh("systemctl stop squatter")
    mini.deployed()
    assert "Mini two" in mini.get("/").text


def test_what_came_of_a_rollback_as_json(mini: Project) -> None:
    before = mini.ssh("basename $(readlink /srv/mini/traffic/live/release)")
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    mini.deployed()
    live = mini.ssh("basename $(readlink /srv/mini/traffic/live/release)")
    dry = mini.run(HIGUERA, "rollback", "--json", "--dry-run")
    assert json.loads(dry.stdout) == {"rolled_back": False, "from": live, "live": live}
    done = mini.run(HIGUERA, "rollback", "--json", "--yes")
    assert json.loads(done.stdout) == {"rolled_back": True, "from": live, "live": before}
    again = mini.run(HIGUERA, "rollback", "--json", "--yes")  # there is none before it
    assert again.returncode == 1
    assert json.loads(again.stdout) == {"rolled_back": False, "from": before, "live": before}
    assert "there is no release to go back to" in again.stderr


def test_what_is_live_and_unproven_is_proven_by_the_next_deploy(mini: Project) -> None:
    """As a release is to which there was no way back when nobody confirmed."""
    mini.ssh("rm /srv/mini/releases/*/confirmed")
    assert mini.plan() == ["Cutover"]
    assert "was live and is proven now" in mini.deployed()
    assert mini.plan() == []
    assert mini.ssh("ls /srv/mini/releases/*/confirmed | wc -l") == "1"

"""Slots over time: warm or stopped after a cutover, given up by the stack, gone back to by hand."""

import json
import os
import subprocess

from harness import BIN, HIGUERA, Project, until
from test_exclusive import WORKER


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
        mini.shell("ls /etc/systemd/system /etc/higuera/mini /srv/mini/slots | grep worker || true")
        == ""
    )
    assert mini.plan() == []
    done = mini.run(HIGUERA, "rollback", "--yes")
    assert done.returncode == 1
    assert "has a service worker that the stack file has no more" in done.stderr


def test_a_rollback_by_hand_keeps_order_and_leaves_a_note(mini: Project) -> None:
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    mini.deployed()
    mini.shell("systemd-run --quiet --unit=holder flock /run/higuera/mini.lock sleep 600")
    taken = "flock -n /run/higuera/mini.lock true || echo taken"
    until(lambda: mini.shell(taken) == "taken", "the lock is taken", 10)
    assert "locked" in mini.shell("higuera-mini rollback 2>&1 || true")
    assert "Mini two" in mini.get("/").text
    mini.shell("systemctl stop holder")
    mini.shell("higuera-mini rollback")
    assert "Mini one" in mini.get("/").text
    assert mini.shell("higuera-mini lock status") == "nobody holds the lock"
    note = mini.shell("cat /var/lib/higuera/mini/incidents/*")
    assert "rolled back by hand from" in note
    lines = mini.shell("cat /var/lib/higuera/mini/journal.jsonl").splitlines()
    entries = [json.loads(line) for line in lines]
    assert [entry["step"] for entry in entries][-2:] == ["confirm", "incident"]


def test_a_port_that_is_taken_says_by_whom(mini: Project) -> None:
    node = "/opt/higuera/runtimes/node-22.23.3/bin/node"
    listen = "require('net').createServer().listen(3100, '127.0.0.1')"
    mini.shell(f'systemd-run --quiet --unit=squatter {node} -e "{listen}"')
    until(lambda: ":3100 " in mini.shell("ss -Hltn"), "the port is taken", 10)
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    done = mini.deploy("-y")
    assert done.returncode == 1
    assert "port 3100 is taken by node (process " in done.stderr
    assert "squatter.service)" in done.stderr
    assert "Mini one" in mini.get("/").text
    mini.shell("systemctl stop squatter")
    mini.deployed()
    assert "Mini two" in mini.get("/").text


def test_what_came_of_a_rollback_as_json(mini: Project) -> None:
    before = mini.shell("basename $(readlink /srv/mini/traffic/live/release)")
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    mini.deployed()
    live = mini.shell("basename $(readlink /srv/mini/traffic/live/release)")
    dry = mini.run(HIGUERA, "rollback", "--json", "--dry-run")
    gone = {"from": live, "to": before}
    assert json.loads(dry.stdout) == {"rolled_back": False, **gone, "live": live}
    done = mini.run(HIGUERA, "rollback", "--json", "--yes")
    assert json.loads(done.stdout) == {"rolled_back": True, **gone, "live": before}
    again = mini.run(HIGUERA, "rollback", "--json", "--yes")  # there is none before it
    assert again.returncode == 1
    stays = {"from": before, "to": None, "live": before}
    assert json.loads(again.stdout) == {"rolled_back": False, **stays}
    assert "there is no release to go back to" in again.stderr


def test_what_is_live_and_unproven_is_proven_by_the_next_deploy(mini: Project) -> None:
    """As a release is to which there was no way back when nobody confirmed."""
    mini.shell("rm /srv/mini/releases/*/confirmed")
    assert mini.plan() == ["Cutover"]
    assert "was live and is proven now" in mini.deployed()
    assert mini.plan() == []
    assert mini.shell("ls /srv/mini/releases/*/confirmed | wc -l") == "1"


def test_a_rollback_is_to_what_was_seen_when_it_was_asked_for(mini: Project) -> None:
    """A deploy that ends while somebody is asked makes it another question."""
    for name in ("two", "three"):
        mini.edit("app/web/server.js", "Mini one", f"Mini {name}")
        mini.deployed()
        mini.edit("app/web/server.js", f"Mini {name}", "Mini one")
    with subprocess.Popen(
        [str(BIN / "pyinfra"), "inventory", "rollback.py"],
        cwd=mini.folder,
        env={**os.environ, **mini.variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as asked:
        assert asked.stdout is not None
        for line in asked.stdout:
            if "the database stays" in line:
                break
        mini.edit("app/web/server.js", "Mini one", "Mini four")
        mini.deployed()
        printed, _ = asked.communicate("\n", timeout=60)
    assert asked.returncode == 1
    assert "went live meanwhile" in printed
    assert "Mini four" in mini.get("/").text


def test_the_code_that_was_rolled_back_from_is_recognised(mini: Project) -> None:
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    assert "rolled back from" not in mini.deployed()
    assert mini.run(HIGUERA, "rollback", "--yes").returncode == 0
    assert "which somebody rolled back from" in mini.deployed()


def test_a_log_says_when_and_which_colour_and_ssh_takes_options(mini: Project) -> None:
    done = mini.run(HIGUERA, "logs", "web", "-n", "2")
    assert done.returncode == 0
    assert " web-blue[" in done.stdout or " systemd[" in done.stdout
    done = mini.run(HIGUERA, "ssh", "stat", "-c", "%a", "/usr/local/sbin/higuera-mini")
    assert (done.returncode, done.stdout) == (0, "755\n")
    assert mini.run(HIGUERA, "ssh", "sandbox", "false").returncode == 1

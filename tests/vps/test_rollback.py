"""Going back: by the on-call command, by hand on the box, by the dead-man's switch, by a reboot."""

import json
import subprocess
import time

import pytest
from aftermath import journal, status
from harness import BIN, HIGUERA, Project, until


@pytest.fixture
def two(mini: Project) -> Project:
    """A VPS on which release two is live and release one stands by."""
    mini.edit("app/web/server.js", "Mini one", "Mini two")
    mini.deployed()
    return mini


def steps(project: Project) -> list[tuple[str, str]]:
    return [(entry["step"], entry["result"]) for entry in journal(project)]


def serves(project: Project, word: str) -> bool:
    return f"Mini {word}" in project.get("/").text


def test_rollback_goes_to_the_last_good_release(two: Project) -> None:
    two.edit("app/web/server.js", "Mini two", "Oops")
    assert two.deploy("-y").returncode == 1  # an aborted release lies between
    assert serves(two, "two")
    dry = two.run(HIGUERA, "rollback", "--dry-run")
    assert dry.returncode == 0 and " back to " in dry.stderr
    assert serves(two, "two")
    done = two.run(HIGUERA, "rollback", "--yes")
    assert done.returncode == 0, done.stderr
    assert serves(two, "one")
    assert status(two)["armed"] is None
    assert ("rollback", "ok") in steps(two)
    runs = [json.loads(line) for line in two.run(HIGUERA, "runs", "--json").stdout.splitlines()]
    assert [run["moved"] for run in runs if run["what"] == "rollback"] == [["web"]]


def test_rollback_wants_no_checkout_no_node_and_no_secret(two: Project) -> None:
    (two.folder / ".env.sandbox").unlink()
    two.environment(f'host: "@sandbox/{two.vps}"\nsecrets: {{MINI_SECRET: "!false"}}\n')
    assert two.deploy("-y").returncode == 1
    subprocess.run(["rm", "-rf", str(two.folder / "app")], check=True)
    done = two.run(
        str(BIN / "pyinfra"), "inventory", "rollback.py", "-y", XDG_CACHE_HOME="/nowhere"
    )
    assert done.returncode == 0, done.stderr
    assert serves(two, "one")


def test_rollback_by_hand_on_the_box(two: Project) -> None:
    began = time.monotonic()
    two.shell("higuera-mini rollback")
    assert time.monotonic() - began < 20
    assert serves(two, "one")
    assert two.shell("higuera-mini rollback; echo $?", check=False).splitlines()[-1] == "1"


def test_a_rollback_with_nowhere_to_go_says_so(mini: Project) -> None:
    done = mini.run(HIGUERA, "rollback", "--yes")
    assert done.returncode == 1
    assert "there is no release to go back to" in done.stderr
    assert serves(mini, "one")


def test_a_rollback_that_fails_its_smoke_did_not_happen(two: Project) -> None:
    two.edit("inventory/stack.yml", "contains: Mini", "contains: Mini two")
    done = two.run(HIGUERA, "rollback", "--yes")
    assert done.returncode == 1
    assert "smoke page failed" in done.stderr and "did not happen" in done.stderr
    assert serves(two, "two")
    assert status(two)["armed"] is None


def test_nobody_confirms_and_the_host_goes_back_by_itself(two: Project) -> None:
    two.shell("higuera-mini switch 0001 6")
    assert serves(two, "one")
    assert status(two)["armed"] == {"back_to": "0002"}
    until(lambda: serves(two, "two"), "the dead-man's switch", 30)
    until(lambda: status(two)["armed"] is None, "it is no longer armed", 10)
    assert ("revert", "reverted") in steps(two)
    assert two.shell("higuera-mini confirm 0001; echo $?", check=False).splitlines()[-1] == "1"


def test_a_reboot_while_unconfirmed_boots_the_old_release(two: Project) -> None:
    two.shell("higuera-mini switch 0001 600")
    two.reboot()
    until(lambda: serves(two, "two"), "the old release serves")
    assert status(two)["armed"] is None


def test_two_deploys_at_once(mini: Project) -> None:
    mini.edit("app/build.sh", "set -eu", "set -eu\nsleep 6")
    with mini.deploying(subprocess.DEVNULL) as first:
        until(lambda: status(mini)["lock"] is not None, "the first takes the lock")
        second = mini.deploy("-y")
        assert second.returncode == 1
        assert "mini is locked by" in second.stderr and "Traceback" not in second.stderr
        assert first.wait(timeout=60) == 0
    assert status(mini)["lock"] is None


def test_a_lock_released_by_force(mini: Project) -> None:
    mini.edit("app/build.sh", "set -eu", "set -eu\nsleep 5")
    with mini.deploying(subprocess.DEVNULL) as first:
        until(lambda: status(mini)["lock"] is not None, "the first takes the lock")
        assert mini.run(HIGUERA, "lock", "release").returncode == 0
        assert "nobody holds the lock" in mini.run(HIGUERA, "lock", "status").stdout
        assert first.wait(timeout=60) == 1, "it ends at its next step"

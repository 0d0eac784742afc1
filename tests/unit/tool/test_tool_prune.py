"""prune: what goes, and above all what stays."""

from pathlib import Path

import pytest
from tool_host import History, ToolHost, history_of


@pytest.fixture
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.getbasetemp())


@pytest.fixture
def host(tmp_path: Path) -> ToolHost:
    return ToolHost.make(tmp_path)


def releases(host: ToolHost) -> list[str]:
    return sorted(path.name for path in host.releases.iterdir())


def test_keeps_the_newest_confirmed(history: History) -> None:
    host = history.after(6)
    removed = host.run("prune", "3").splitlines()
    assert sorted(removed) == [f"removed release r{number}" for number in (1, 2, 3)]
    assert releases(host) == ["r4", "r5", "r6"]


def test_again_removes_nothing(history: History) -> None:
    host = history.after(4)
    host.run("prune", "2")
    before = host.tree()
    assert host.run("prune", "2") == ""
    assert host.tree() == before


def test_removes_what_was_never_confirmed(history: History) -> None:
    host = history.after(2)
    host.release("r0")
    for name in ("r3", ".new-r4"):
        host.release(name)
    host.run("prune", "5")
    assert releases(host) == ["r1", "r2"]


def test_live_and_previous_stay_however_old(history: History) -> None:
    host = history.after(2)
    for number in range(3, 9):
        host.release(f"r{number}", confirmed=f"{number:04d}")
    host.run("prune", "2")
    assert releases(host) == ["r1", "r2", "r7", "r8"]
    host.run("revert")
    assert host.serves("api") == "backend r1"


def test_a_slot_keeps_its_release(history: History) -> None:
    host = history.after(2)
    host.release("r0")
    host.run("prepare", "web", "blue", "r0")
    host.run("prune", "2")
    assert releases(host) == ["r0", "r1", "r2"]


def test_what_is_live_but_unconfirmed_stays(history: History) -> None:
    host = history.after(2)
    host.deploy("r3", "blue", confirm=False)
    host.run("prune", "2")
    assert releases(host) == ["r1", "r2", "r3"]
    assert host.serves("root") == "web r3"


def test_ten_plans_stay_and_live_and_previous(history: History) -> None:
    host = history.after(2)
    host.plan_again(12)
    host.run("prune", "2")
    kept = sorted(path.name for path in host.plans.iterdir())
    assert kept == ["0001", "0002", *(f"{number:04d}" for number in range(5, 15))]


def test_half_made_plans_go_first(history: History) -> None:
    host = history.after(2)
    (host.plans / ".new.abcdef").mkdir()
    host.plan_again(8)
    host.run("prune", "2")
    assert not (host.plans / ".new.abcdef").exists()
    assert len(list(host.plans.iterdir())) == 10


def test_strange_names_are_removed_as_they_are(history: History) -> None:
    host = history.after(1)
    for name in ("a b", "-rf", "$(touch canary)"):
        host.release(name)
    host.run("prune", "2")
    assert releases(host) == ["r1"]


@pytest.mark.parametrize("keep", ["", "all", "-1", "2x", "1.5", "0", "02"])
def test_keeps_all_when_it_cannot_read_the_number(history: History, keep: str) -> None:
    host = history.after(4)
    before = host.tree()
    done = host.try_to("prune", keep)
    assert (done.returncode, done.stdout) == (1, "")
    sentence = f"how many releases to keep is a number above 0, and not '{keep}'"
    assert done.stderr == f"higuera-forms: {sentence}\n"
    assert host.tree() == before


def test_home_behind_a_symlink(host: ToolHost) -> None:
    disk = host.root / "disk"
    host.home.rename(disk)
    host.home.symlink_to(disk)
    host.deploy("r1", "blue", confirm=False)
    host.run("prune", "2")
    assert releases(host) == ["r1"]


def test_plans_past_ten_thousand(history: History) -> None:
    host = history.after(2)
    for number in range(9990, 10004):
        (host.plans / str(number)).mkdir()
    host.run("prune", "2")
    kept = {path.name for path in host.plans.iterdir()}
    assert kept == {"0001", "0002", *(str(number) for number in range(9994, 10004))}

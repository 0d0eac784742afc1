"""How the tool is called: usage, exit codes, and that it is clean shell."""

import subprocess
import sys
from pathlib import Path

import pytest
from tool_host import History, ToolHost, forms_stack, history_of

from higuera.spec.stack import Stack


@pytest.fixture
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.getbasetemp())


@pytest.fixture
def host(history: History) -> ToolHost:
    return history.after(1)


@pytest.mark.parametrize(
    "words",
    [
        [],
        [""],
        ["nowhere"],
        ["--nowhere"],
        ["switch"],
        ["switch", "0001", "60", "x"],
        ["candidate"],
        ["candidate", "0001", "60"],
        ["revert", "0001", "x"],
        ["abandoned", "0"],
        ["holds"],
        ["holds", "0001", "0002"],
        ["incident"],
        ["notice", "x"],
        ["retire", "web"],
        ["status", "all"],
        ["status", "--json", "x"],
        ["confirm", "0001", "x"],
        ["back", "r1", "x"],
        ["rollback", "r1", "x"],
        ["rollback", "--force", "r1", "x"],
        ["target", "r1"],
        ["settle", "x"],
        ["deadman", "0001"],
        ["boot", "x"],
        ["releases", "5"],
        ["journal", "5", "x"],
        ["lock"],
        ["lock", "steal"],
        ["lock", "release", "1"],
        ["prune"],
        ["prepare", "web", "green"],
        ["start", "web"],
        ["stop", "web", "green", "r1"],
        ["job", "migrate"],
        ["plan"],
        ["plan", "r1"],
        ["die", "x"],
        ["point", "a", "b"],
        ["start_at_boot"],
        ["arm", "0001", "60"],
        ["note", "a", "b", "c", "d"],
        ["stand_down"],
        ["let_go", "web", "blue"],
    ],
)
def test_wrong_usage_exits_2_and_changes_nothing(host: ToolHost, words: list[str]) -> None:
    before = host.tree()
    done = host.try_to(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: higuera-forms COMMAND\n")
    assert (host.tree(), host.calls()) == (before, [])


@pytest.mark.parametrize("word", ["help", "-h", "--help"])
def test_help(host: ToolHost, word: str) -> None:
    text = host.run(word)
    verbs = ["status", "prepare", "start", "stop", "job", "plan", "switch", "check", "confirm"]
    verbs += ["releases", "journal", "candidate", "rollback", "target", "back", "lock", "settle"]
    for command in [*verbs, "revert", "prune"]:
        assert f"\n  {command} " in text


@pytest.mark.parametrize("database", [True, False])
def test_is_clean_shell(tmp_path: Path, database: bool) -> None:
    data = forms_stack().model_dump()
    if not database:
        data["database"] = None
    host = ToolHost.make(tmp_path, Stack.model_validate(data))
    script = host.root / "tool"
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0
    shellcheck = Path(sys.executable).with_name("shellcheck")
    # 2317, 2329: functions are called by name through $command.
    done = subprocess.run(
        [shellcheck, "--shell=sh", "--exclude=SC2317,SC2329", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""

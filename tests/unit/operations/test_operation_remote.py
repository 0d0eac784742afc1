"""A script on the host: who runs it, its output, its failure."""

import subprocess
from typing import Any
from unittest.mock import patch

import pytest
from operation_harness import fake_host
from pyinfra.api import StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from higuera.errors import HostError
from higuera.operations.remote import run_remote

NAMES = [
    "ana@laptop",
    "o'brien@x",
    'a"b\\c',
    "$(touch canary)`touch canary`",
    "a; touch canary",
    "",
]


def run(script: str, actor: str, cwd: Any = None, stdin: str | None = None) -> list[str]:
    """By the `sh` of this machine, as somebody."""

    def run_shell_command(
        command: StringCommand, _stdin: str | None, **arguments: Any
    ) -> tuple[bool, CommandOutput]:
        done = subprocess.run(
            ["sh", "-c", command.get_raw_value()],
            input=_stdin,
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        streams = {"stdout": done.stdout, "stderr": done.stderr}
        lines = [OutputLine(name, line) for name in streams for line in streams[name].splitlines()]
        return done.returncode == 0, CommandOutput(lines)

    host = fake_host()
    with (
        patch("higuera.operations.remote.actor", lambda: actor),
        patch.object(host, "run_shell_command", run_shell_command),
    ):
        return run_remote(host, script, stdin)


@pytest.mark.parametrize("actor", NAMES)
def test_the_tool_knows_who_deploys(actor: str, tmp_path: Any) -> None:
    tell = 'printf "<%s>" "$HIGUERA_ACTOR"'
    # Each command of the script, whatever stands between them.
    script = f"sh -c '{tell}' && sh -c '{tell}'; sh -c '{tell}'"
    assert run(script, actor, tmp_path) == [f"<{actor}>" * 3]
    assert list(tmp_path.iterdir()) == []


def test_the_script_reads_its_standard_input() -> None:
    assert run("cat", "ana", stdin="one\n\ntwo\n") == ["one", "two"]


def test_a_failure_is_told_in_its_words() -> None:
    with pytest.raises(HostError) as raised:
        run("echo out; echo err >&2; exit 3", "ana")
    assert str(raised.value) == "out\nerr"


def test_a_silent_failure() -> None:
    with pytest.raises(HostError) as raised:
        run("exit 3", "ana")
    assert str(raised.value) == "no output"


def test_the_first_command_that_fails_counts_where_the_script_says_so() -> None:
    with pytest.raises(HostError):
        run("false && true", "ana")

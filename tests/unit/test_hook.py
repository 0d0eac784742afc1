"""The hook works in the real pyinfra, and the private names it uses are what they were.

Every command is the real `pyinfra` in a process of its own; `debug-inventory` connects to nothing.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PYINFRA = Path(sys.executable).parent / "pyinfra"
DEADLINE = 30.0


# What pyinfra has to have


def test_pyinfra_is_the_pinned_one() -> None:
    assert version("pyinfra").startswith("3.10.")
    (pin,) = (line for line in requires("higuera") or [] if line.startswith("pyinfra"))
    assert sorted(pin.removeprefix("pyinfra").split(",")) == ["<3.11", ">=3.10"]


# In a process of its own: pyinfra_cli patches the threads and sockets of the one it is loaded in.
CONTRACT = """
import inspect, json
from pyinfra_cli import cli, exceptions, inventory, prints, util
names = lambda function: list(inspect.signature(function).parameters)
steps = inspect.getsource(cli._main)
print(json.dumps({
    "load": names(inventory.make_inventory_from_files),
    "confirm": names(cli._do_confirm),
    "show": names(exceptions.WrappedError.show),
    "exception": names(exceptions.UnexpectedInternalError.get_exception),
    "plan": names(prints.build_plan_json),
    "options are there": {"operations", "dry", "yes", "json_output", "debug_facts",
        "debug_operations"} <= {option.name for option in cli.cli.params},
    "one cache of code": util.PYTHON_CODES is util.exec_file.__globals__["PYTHON_CODES"],
    "the cache is used": "PYTHON_CODES" in util.exec_file.__code__.co_names,
    "inventories are run": inventory.exec_file is util.exec_file,
    "load is looked up": "make_inventory_from_files" in inventory.make_inventory.__code__.co_names,
    "confirm is looked up": "_do_confirm" in cli._main.__code__.co_names,
    "errors are looked up": {"WrappedError", "UnexpectedInternalError"}
        <= set(cli.cli.callback.__code__.co_names),
    "config goes first": steps.index("_set_config(") < steps.index("make_inventory("),
}))
"""


def test_private_names_are_what_the_hook_takes_them_for() -> None:
    """Replacing a name has an effect only if pyinfra looks it up in its module at each call."""
    done = subprocess.run([sys.executable, "-c", CONTRACT], capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert {key: value for key, value in found.items() if value is not True} == {
        "load": ["inventory_filename", "override_data", "cwd", "group_data_directories"],
        "confirm": ["msg"],
        "show": ["self", "file"],
        "exception": ["self"],
        "plan": ["state"],
    }


# What it does


class Ran:
    """A finished pyinfra."""

    def __init__(self, done: "subprocess.CompletedProcess[str]") -> None:
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def hosts(self) -> list[dict[str, Any]]:
        """What `debug-inventory --json` printed; it is all that is on stdout."""
        assert self.code == 0, self.err
        found = json.loads(self.out)
        assert isinstance(found, list)
        return found


def pyinfra(folder: Path, *arguments: str | Path, **environ: str) -> Ran:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return Ran(
        subprocess.run(
            [PYINFRA, *arguments],
            cwd=folder,
            env={**kept, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
    )


def debug(folder: Path, inventory: str | Path, *more: str, **environ: str) -> Ran:
    return pyinfra(folder, "--json", *more, inventory, "debug-inventory", **environ)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of somebody else, which has Higuera installed: one environment beside sandbox."""
    return make_project(tmp_path_factory.mktemp("project"))


def make_project(folder: Path) -> Path:
    (folder / "inventory").mkdir()
    (folder / "app").mkdir()
    shutil.copy(ROOT / "config.py", folder)
    shutil.copy(ROOT / "inventory" / "sandbox.yml", folder / "inventory")
    stack = yaml.safe_load((ROOT / "inventory" / "stack.yml").read_text())
    write(folder, "stack", {**stack, "source": "../app"})
    host = {"address": "vps.example.com", "user": "root", "port": 2222}
    write(folder, "eu-west", {"host": host})
    return folder


def write(folder: Path, name: str, data: Any) -> None:
    (folder / "inventory" / f"{name}.yml").write_text(yaml.safe_dump(data))


@pytest.mark.parametrize(
    "given",
    [
        lambda folder: "inventory",
        lambda folder: "inventory/",
        lambda folder: "./inventory",
        lambda folder: "app/../inventory",
        lambda folder: folder / "inventory",
    ],
)
def test_directory_is_an_inventory(project: Path, given: Callable[[Path], str | Path]) -> None:
    (host,) = debug(project, given(project)).hosts()
    assert host["name"] == "vps.example.com"
    assert "eu_west" in host["groups"]
    assert host["data"] == {
        "higuera_inventory": str((project / "inventory").resolve()),
        "higuera_environment": "eu-west",
        "ssh_hostname": "vps.example.com",
        "ssh_user": "root",
        "ssh_port": 2222,
    }


def test_inventory_of_another_directory(project: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "config.py", tmp_path)
    (host,) = debug(tmp_path, project / "inventory").hosts()
    assert host["data"]["higuera_inventory"] == str((project / "inventory").resolve())


def test_environment_variable_picks(project: Path) -> None:
    (host,) = debug(project, "inventory", HIGUERA_ENV="sandbox").hosts()
    assert host["name"] == "@sandbox/demo"
    assert host["data"]["higuera_environment"] == "sandbox"


def test_repository_itself_deploys_to_the_sandbox() -> None:
    (host,) = debug(ROOT, "inventory").hosts()
    assert host["name"] == "@sandbox/demo"


def test_data_of_the_command_line_goes_first(project: Path) -> None:
    (host,) = debug(project, "inventory", "--data", "ssh_user=deploy").hosts()
    assert host["data"]["ssh_user"] == "deploy"


def test_limit_takes_the_host_and_the_environment(project: Path) -> None:
    for limit in ("vps.example.com", "*.example.com", "eu_west"):
        found = debug(project, "inventory", "--limit", limit)
        assert [host["name"] for host in found.hosts()] == ["vps.example.com"]
        assert "No host matches" not in found.err
    assert "No host matches" in debug(project, "inventory", "--limit", "nobody").err


def test_other_inventories_work_as_before(project: Path) -> None:
    (project / "hosts.py").write_text('web = ["a.example.com"]\n')
    (host,) = debug(project, "hosts.py").hosts()
    assert host["name"] == "a.example.com"
    (host,) = debug(project, "@local").hosts()
    assert host["name"] == "@local"


def refused(ran: Ran, sentence: str) -> None:
    assert ran.code == 1
    assert sentence in ran.err
    for text in (ran.out, ran.err):
        assert "Traceback" not in text
        assert ".py" not in text
    assert ran.out == ""


def test_unknown_key_is_a_sentence(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    stack = yaml.safe_load((folder / "inventory/stack.yml").read_text())
    stack["services"]["web"]["prot"] = 1
    stack["services"]["backend"]["port"] = "x"
    write(folder, "stack", stack)
    ran = debug(folder, "inventory")
    refused(ran, "error: inventory/stack.yml:")
    refused(ran, "services.web.prot: unknown key (did you mean port?)")
    refused(ran, 'services.backend.port: should be an integer, got "x"')


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "\t", "- a\n", "a: 2026-13-45\n", "\0"])
def test_broken_yaml_is_a_sentence(tmp_path: Path, text: str) -> None:
    folder = make_project(tmp_path)
    (folder / "inventory/stack.yml").write_text(text)
    refused(debug(folder, "inventory"), "error: inventory/stack.yml:")


def test_environment_that_is_not_there(project: Path) -> None:
    ran = debug(project, "inventory", HIGUERA_ENV="nonsense")
    refused(ran, "error: inventory: no environment nonsense (there are: eu-west, sandbox)")


def test_two_environments_are_never_both(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    write(folder, "asia", {"host": "asia.example.com"})
    sentence = "which environment? Set HIGUERA_ENV to one of: asia, eu-west, sandbox"
    refused(debug(folder, "inventory"), sentence)
    (host,) = debug(folder, "inventory", HIGUERA_ENV="asia").hosts()
    assert host["name"] == "asia.example.com"


def test_directory_without_a_stack(project: Path) -> None:
    refused(debug(project, "app"), "error: app: which environment? Set HIGUERA_ENV")


# Truthful exits


def deploy_file(folder: Path, text: str) -> Path:
    shutil.copy(ROOT / "config.py", folder)
    (folder / "deploy.py").write_text(text)
    return folder


TOUCH = "from pyinfra.operations import server\nserver.shell(commands=['touch done'])\n"


def test_nobody_to_ask_is_a_failure(tmp_path: Path) -> None:
    ran = pyinfra(deploy_file(tmp_path, TOUCH), "@local", "deploy.py")
    assert ran.code == 1
    assert "There is nobody to ask: pass -y" in ran.err
    assert not (tmp_path / "done").exists()


def test_declined_prompt_is_a_failure(tmp_path: Path) -> None:
    deploy_file(tmp_path, TOUCH)
    for answer, code in (("no\n", 1), ("\n", 0)):
        done = subprocess.run(
            [PYINFRA, "@local", "deploy.py"],
            cwd=tmp_path,
            input=answer,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert (tmp_path / "done").exists() == (code == 0)
        assert ("Declined: nothing was changed" in done.stderr) == (code == 1)


BUILD = """
from pathlib import Path

from pyinfra.api import operation

from higuera.build.command import build_environment, run
from higuera.operations.step import step


@operation()
def built():
    command = "sleep 300 & echo $! >child; wait"
    yield step(lambda host: run(command, Path.cwd(), build_environment([], {}), host.log))


built()
"""
WAIT = """
import os
from pathlib import Path

from pyinfra.api import operation

from higuera.build.cache import locked
from higuera.operations.step import step


def wait(host):
    with locked(Path("lock"), lambda line: Path("waits").write_text(line)):
        host.log("not reached")


@operation()
def built():
    yield step(wait)


built()
"""


@contextmanager
def deploying(folder: Path, text: str) -> Iterator["subprocess.Popen[str]"]:
    """A deploy in a session of its own: a signal goes to it alone, as when CI cancels a job."""
    process = subprocess.Popen(
        [PYINFRA, "-y", "@local", "deploy.py"],
        cwd=deploy_file(folder, text),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ends(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    process.send_signal(number)
    _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == 128 + number
    assert "interrupted" in said
    assert "Traceback" not in said


SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", SIGNALS)
def test_interrupted_build_ends_with_its_children(tmp_path: Path, number: signal.Signals) -> None:
    note = tmp_path / "child"
    with deploying(tmp_path, BUILD) as process:
        wait_until(lambda: note.exists() and note.read_text().strip() != "", "the build")
        child = int(note.read_text())
        try:
            ends(process, number)
            wait_until(lambda: not alive(child), "the end of the build's child")
        finally:
            if alive(child):
                os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("number", SIGNALS)
def test_interrupted_wait_for_another_build_ends(tmp_path: Path, number: signal.Signals) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with deploying(tmp_path, WAIT) as process:
            wait_until((tmp_path / "waits").exists, "the wait")
            ends(process, number)


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {DEADLINE:.0f} s for: {what}")
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False

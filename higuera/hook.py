"""What `config.py` calls so that `pyinfra inventory deploy.py` takes a directory of YAML.

pyinfra has no supported hook for this; `config.py` runs before the inventory is loaded, and from
there the inventory loader can be wrapped. tests/unit/test_hook.py holds the private names used
here against the pinned pyinfra. It also makes two exits truthful, a declined prompt and a Ctrl-C,
begins and ends the record of a run, and keeps secrets off the screen.
"""

import atexit
import os
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import click
import gevent
from pyinfra import context, logger
from pyinfra.api.connect import disconnect_all
from pyinfra_cli import cli, exceptions, inventory, prints, util

from higuera.deploys import hidden, record
from higuera.deploys.boundary import Told, told
from higuera.deploys.planning import TO, listen, plan_of, write
from higuera.runs import FILE
from higuera.spec.load import Deployment, load_deployment

GROUPS = """
from higuera.hook import groups as _groups
globals().update(_groups({path!r}))
"""

_load = inventory.make_inventory_from_files
_confirm = cli._do_confirm
_handle = cli._handle_commands
_main = gevent.getcurrent()
_hidden = hidden.Hidden()
_record: record.Record | None = None
_asks = False


class _Sentence(exceptions.WrappedError):  # type: ignore[misc]
    """pyinfra names the source file and line of an error; a user's mistake needs neither."""

    def show(self, file: Any = None) -> None:
        if not isinstance(self.exception, Told):
            super().show(file)
            return
        for line in str(self.exception).splitlines():
            logger.error(click.style(f"--> error: {line}", "red"))


class _Bug(exceptions.UnexpectedInternalError):  # type: ignore[misc]
    """What pyinfra writes to pyinfra-debug.log as well, a file of the project."""

    def get_exception(self) -> str:
        return _hidden.redact(super().get_exception())


def install() -> None:
    """Teach the running pyinfra to read a directory, to exit truthfully and to show no secret."""
    inventory.make_inventory_from_files = _make_inventory
    cli._do_confirm = _confirmed
    cli.WrappedError = _Sentence
    cli.UnexpectedInternalError = _Bug
    sys.stderr = hidden.Screen(sys.stderr, _hidden)
    if to := os.environ.get(TO):
        listen()
        cli._handle_commands = partial(_planned, Path(to))
    signal.signal(signal.SIGINT, _interrupted)
    signal.signal(signal.SIGTERM, _interrupted)


@told
def groups(path: str) -> dict[str, Any]:
    """The inventory of one environment as pyinfra's group: `{environment: [(host, data)]}`.

    One environment only: pyinfra would merge the data of a host that is in two.
    """
    # rollback.py wants no checkout of the app; deploy.py asks for it when it starts
    deployment = load_deployment(Path(path), with_source=False)
    host = deployment.environment.host
    data: dict[str, Any] = {
        "higuera_inventory": str(deployment.inventory),
        "higuera_environment": deployment.name,
    }
    if scripts := _scripts():
        data[hidden.KEY] = _hidden
        _begin(deployment, scripts[0])
    if _record is not None:
        data[record.KEY] = _record
    optional = {"ssh_user": host.user, "ssh_port": host.port, "ssh_key": host.key}
    optional["higuera_bootstrap"] = host.bootstrap if host.user else None
    data.update({key: value for key, value in optional.items() if value is not None})
    address = host.address if host.address.startswith("@") else f"@higuera/{host.address}"
    return {deployment.name.replace("-", "_"): [(address, data)]}


def _options() -> dict[str, Any]:
    """What pyinfra's command line was given."""
    there = click.get_current_context(silent=True)
    return there.params if there is not None else {"operations": ()}


def _scripts() -> list[str]:
    """The files that pyinfra is to run."""
    return [name for name in _options()["operations"] if name.endswith(".py")]


def _begin(deployment: Deployment, script: str) -> None:
    """Record what will change a host: no dry run, no question."""
    global _record
    given = _options()
    asks = ("dry", "debug_facts", "debug_operations")
    if any(given[key] for key in asks) or (given["json_output"] and not given["yes"]):
        return
    _record = record.begin(deployment, Path(script).stem, _hidden)
    atexit.register(_end)


def _end() -> None:
    if _record is not None:
        _record.close(context.state)


def _make_inventory(
    inventory_filename: str,
    override_data: Any = None,
    cwd: str | None = None,
    group_data_directories: Any = None,
) -> Any:
    path = Path(inventory_filename)
    if path.is_dir():
        util.PYTHON_CODES[inventory_filename] = compile(
            GROUPS.format(path=str(path)), inventory_filename, "exec"
        )
    return _load(inventory_filename, override_data, cwd, group_data_directories)


def _planned(to: Path, *arguments: Any, **options: Any) -> Any:
    """Prepare everything, then write the plan instead of going on. Exits as the plan says."""
    _, state, _ = _handle(*arguments, **options)
    if state.failed_hosts:
        sys.exit(1)
    try:
        plan = plan_of(state)
    except Told as error:
        _Sentence(error).show()
        sys.exit(1)
    write(plan, to)
    disconnect_all(state)
    sys.stderr.flush()
    os._exit(plan.status)  # nothing is left to do, and taking Python down takes a while


def _confirmed(message: str) -> bool:
    global _asks
    if _record is not None:
        _record.asked(_proposed())
    _asks = True
    try:
        agreed = _confirm(message)
    except EOFError:
        click.secho("\n    There is nobody to ask: pass -y to go on without.", fg="red", err=True)
        agreed = False
    finally:
        _asks = False
        if _record is not None:
            _record.answered()
    if not agreed:
        click.echo("    Declined: nothing was changed by this run after this point.", err=True)
        if _record is not None:
            _record.declined()
        sys.exit(1)
    return True


def _proposed() -> list[str]:
    """The operations that would change something, as `pyinfra --dry` counts them."""
    counted = ("hosts_with_change", "hosts_with_conditional_change")
    plan = prints.build_plan_json(context.state)
    return [step["name"] for step in plan if any(step[key] for key in counted)]


def _interrupted(number: int, frame: FrameType | None) -> None:
    if _record is not None:
        again = not _record.interrupted(number)
        if again and FILE in os.environ:
            return  # `higuera deploy` counts them, and waits
    if _asks:  # main waits for an answer, and gives way to nothing else
        raise SystemExit(128 + number)
    gevent.spawn(_stop, number)


def _stop(number: int) -> None:
    """Leave the main greenlet, and end what runs for the hosts, so that builds are let go.

    An exception raised from the signal handler itself would land in whichever greenlet happens to
    run, and leave the others waiting for it. Main goes first: it would take an ended operation for
    a finished one.
    """
    click.echo("\ninterrupted: what was begun is taken back; see: higuera status", err=True)
    running = list(context.state.pool.greenlets) if context.ctx_state.isset() else []  # type: ignore[no-untyped-call]
    gevent.kill(_main, SystemExit(128 + number))
    gevent.killall(running, block=False)

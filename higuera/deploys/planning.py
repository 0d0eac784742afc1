"""The plan of a deploy: made when every operation is prepared, and none has run."""

import logging
import os
from pathlib import Path

import gevent
from pyinfra import logger
from pyinfra.api import State
from pyinfra.context import ctx_host

from higuera.deploys.boundary import told
from higuera.deploys.record import plain
from higuera.errors import HostError
from higuera.facts.outlook import OutlookState
from higuera.operations.look import ask_outlook, look
from higuera.operations.notes import Notes, collect
from higuera.operations.outline import outline
from higuera.operations.run import Run
from higuera.plan.markdown import format_markdown
from higuera.plan.model import Plan
from higuera.plan.text import format_lines

# The environment variable that names the folder of the plan; without it nothing is planned.
TO = "HIGUERA_PLAN_TO"

_warnings: list[str] = []
_prepared: "list[tuple[Run, gevent.Greenlet[..., OutlookState], Notes]]" = []


class _Listener(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _warnings.append(plain(record.getMessage()))


def listen() -> None:
    """Keep the warnings of what is prepared from now on: they are part of the plan."""
    logger.addHandler(_Listener(logging.WARNING))


def gives_up_way_back() -> bool:
    """Whether a deploy may go on where the live release cannot live on the new schema."""
    return os.environ.get("HIGUERA_NO_WAY_BACK", "") not in ("", "0")


def ends_sessions() -> bool:
    """Whether a deploy may end the sessions of before, as with a new secret that signs them."""
    return os.environ.get("HIGUERA_END_SESSIONS", "") not in ("", "0")


def note(run: Run) -> None:
    """Remember the deploy that is prepared: pyinfra hands on nothing from a deploy file.

    The host is asked from now on, while everything else is prepared: for the target, and for the
    release, whose answer is there when the operations come to it.
    """
    if os.environ.get(TO):
        _prepared.append((run, gevent.spawn(_ask, run), collect(run.host)))
        gevent.spawn(_ask_state, run)


def _ask(run: Run) -> OutlookState:
    with ctx_host.use(run.host):
        return ask_outlook(run)


def _ask_state(run: Run) -> None:
    with ctx_host.use(run.host):
        run.state()


@told
def plan_of(state: State) -> Plan:
    """The plan of what was prepared. Raises PyinfraError, a sentence, where nothing was."""
    if not _prepared:
        raise HostError("deploy.py prepared no deploy: it should call deploys.preflight")
    run, asked, notes = _prepared[-1]
    with ctx_host.use(run.host):
        seen = look(run, asked.get())
        steps = _steps(state, run)
        return outline(run, seen, steps, gives_up_way_back(), _warnings, notes)


def _steps(state: State, run: Run) -> list[str]:
    """The names of the operations that would change something."""
    order = state.get_op_order()  # type: ignore[no-untyped-call]
    done = {op_hash: state.ops[run.host].get(op_hash) for op_hash in order}
    return [
        ", ".join(sorted(state.get_op_meta(op_hash).names))
        for op_hash, operation in done.items()
        if operation is not None and operation.operation_meta.will_change
    ]


def write(plan: Plan, folder: Path) -> None:
    """Write every form of it, so that whoever asked has nothing to load and nothing to parse."""
    for name, text in (
        ("plan.json", plan.model_dump_json(indent=2) + "\n"),
        ("plan.md", format_markdown(plan)),
        ("plan.txt", "".join(f"{line}\n" for line in format_lines(plan))),
    ):
        (folder / name).write_text(text, encoding="utf-8")

"""The plan of a deploy: made when every operation is prepared, and none has run."""

import os

from pyinfra.api import State
from pyinfra.context import ctx_host

from higuera.deploys.boundary import told
from higuera.errors import HostError
from higuera.operations.look import look
from higuera.operations.outline import outline
from higuera.operations.run import Run
from higuera.plan.model import Plan

_prepared: list[Run] = []


def note(run: Run) -> None:
    """Remember the deploy that is prepared: pyinfra hands on nothing from a deploy file."""
    _prepared.append(run)


@told
def plan_of(state: State) -> Plan:
    """The plan of what was prepared. Raises PyinfraError, a sentence, where nothing was."""
    if not _prepared:
        raise HostError("deploy.py prepared no deploy: it should call deploys.preflight")
    run = _prepared[-1]
    no_way_back = os.environ.get("HIGUERA_NO_WAY_BACK", "") not in ("", "0")
    with ctx_host.use(run.host):
        return outline(run, look(run), _steps(state, run), no_way_back)


def _steps(state: State, run: Run) -> list[str]:
    """The names of the operations that would change something."""
    order = state.get_op_order()  # type: ignore[no-untyped-call]
    done = {op_hash: state.ops[run.host].get(op_hash) for op_hash in order}
    return [
        ", ".join(sorted(state.get_op_meta(op_hash).names))
        for op_hash, operation in done.items()
        if operation is not None and operation.operation_meta.will_change
    ]

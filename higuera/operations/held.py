"""A deploy that is held to a plan: it goes on only while all is as it was planned."""

from collections.abc import Generator
from functools import partial
from pathlib import Path

from pyinfra.api import FunctionCommand, Host, operation

from higuera.errors import HigueraError
from higuera.operations.look import basis, look
from higuera.operations.run import Run
from higuera.operations.step import step
from higuera.plan.held import read_plan, refuse_moved, refuse_no_way_back, refuse_other
from higuera.plan.model import Plan


def plan_for(run: Run, path: Path, no_way_back: bool) -> Plan:
    """Read a plan. Raises PlanError where it is not for this deploy, or no longer holds."""
    deployment = run.deployment
    plan = read_plan(path)
    address = deployment.environment.host.address
    refuse_other(plan, deployment.stack.app, deployment.name, address)
    refuse_no_way_back(plan, no_way_back)
    refuse_moved(plan, basis(run, look(run)))
    return plan


@operation()
def held(run: Run, plan: Plan) -> Generator[FunctionCommand, None, None]:
    """Once more, with the lock held: refuse a deploy that is no longer what was planned.

    What only looks yields no command, which would count as a change.

    + run: this deploy
    + plan: what `higuera plan --out` wrote
    """
    if not run.host.state.is_executing:
        run.host.noop("all is as planned so far")
        return
    try:
        refuse_moved(plan, basis(run, look(run)))
    except HigueraError as error:
        yield step(partial(_fail, error))
        return
    run.host.log(f"as planned at {plan.made}")


def _fail(error: HigueraError, host: Host) -> None:
    raise error

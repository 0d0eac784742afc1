"""The on-call verb: traffic back on the last good release."""

import os

from pyinfra.api import Host
from pyinfra.context import ctx_host

from higuera.deploys.boundary import told
from higuera.deploys.order import Order
from higuera.deploys.smoke import proofs_of
from higuera.deploys.start import deployment_of
from higuera.errors import HostError
from higuera.facts.machine import Machine
from higuera.facts.standing import Standing
from higuera.operations import rollback


@told
def roll_back(host: Host) -> None:
    """Roll back to the release of HIGUERA_TO, or to the last good one before this.

    Raises PyinfraError, a sentence, when there is nothing to go back to.
    """
    real: Host = ctx_host.get()  # type: ignore[no-untyped-call]
    deployment = deployment_of(real, with_source=False)
    machine = real.get_fact(Machine, _sudo=False)
    if machine is None:
        raise HostError(f"{real.name}: gives no answer to simple questions; try: ssh {real.name}")
    if not machine.is_root:
        real.data._sudo = True
    release = os.environ.get("HIGUERA_TO") or None
    standing = real.get_fact(Standing, app=deployment.stack.app)
    target = rollback.target_of(deployment.stack.app, standing, release)
    assert standing is not None  # target_of holds it
    real.log(f"from {standing.live} back to {target}")
    real.state.add_callback_handler(  # type: ignore[no-untyped-call]
        Order(real, deployment, target, f"rollback to {target}", not machine.is_root)
    )
    rollback.rolled_back(
        name="Rollback", deployment=deployment, target=target, prove=proofs_of(deployment).public
    )

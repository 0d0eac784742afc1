"""The on-call verb: traffic back on the last good release."""

import os
from datetime import UTC, datetime

from pyinfra.api import Host
from pyinfra.context import ctx_host

from higuera.deploys.boundary import told
from higuera.deploys.order import Order
from higuera.deploys.smoke import proofs_of
from higuera.deploys.start import deployment_of, machine_of
from higuera.facts.standing import Standing
from higuera.operations import rollback


@told
def roll_back(host: Host) -> None:
    """Roll back to the release of HIGUERA_TO, or to the last good one before this.

    Raises PyinfraError, a sentence, when there is nothing to go back to.
    """
    real: Host = ctx_host.get()  # type: ignore[no-untyped-call]
    deployment = deployment_of(real, with_source=False)
    machine = machine_of(real)
    standing = real.get_fact(Standing, app=deployment.stack.app)
    release = os.environ.get("HIGUERA_TO") or None
    target = rollback.target_of(deployment.stack.app, standing, release)
    assert standing is not None  # target_of holds it
    for line in rollback.announcement(standing, target, datetime.now(UTC)):
        real.log(line)
    what = f"rollback from {standing.live} to {target}"
    real.state.add_callback_handler(  # type: ignore[no-untyped-call]
        Order(real, deployment, target, what, not machine.is_root, always_note=True)
    )
    rollback.rolled_back(
        name="Rollback",
        deployment=deployment,
        live=standing.live,
        target=target,
        prove=proofs_of(deployment).public,
    )

"""The on-call verb: traffic back on the last good release."""

import os
from datetime import UTC, datetime

from pyinfra.api import Host
from pyinfra.context import ctx_host

from higuera.deploys.boundary import told
from higuera.deploys.order import Order
from higuera.deploys.record import record_of
from higuera.deploys.smoke import proofs_of
from higuera.deploys.start import deployment_of, machine_of
from higuera.errors import HostError
from higuera.facts.schema import SchemaThere
from higuera.facts.standing import Standing
from higuera.operations import rollback
from higuera.spec.load import Deployment


@told
def roll_back(host: Host) -> None:
    """Roll back to the release of HIGUERA_TO, or to the last good one before this.

    Raises PyinfraError, a sentence, when there is nothing to go back to.
    """
    real: Host = ctx_host.get()  # type: ignore[no-untyped-call]
    deployment = deployment_of(real, is_back=True)
    machine = machine_of(real)
    standing = real.get_fact(Standing, app=deployment.stack.app)
    release = os.environ.get("HIGUERA_TO") or None
    target = rollback.target_of(deployment.stack.app, standing, release)
    assert standing is not None  # target_of holds it
    for line in rollback.announcement(standing, target, datetime.now(UTC)):
        real.log(line)
    if deployment.stack.is_gated:
        _hold_against_schema(real, deployment, target)
    moved: list[str] = []
    if record := record_of(real):
        record.follow(target, lambda: moved)
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
        moved=moved.extend,
    )


def _hold_against_schema(host: Host, deployment: Deployment, target: str) -> None:
    """Say whether the old code fits the schema of now. Raises HostError where it does not."""
    schema = host.get_fact(SchemaThere, app=deployment.stack.app, release=target)
    verdict = rollback.fitting(target, schema)
    for line in verdict.lines:
        host.log(line)
    if verdict.is_refused and os.environ.get("HIGUERA_FORCE", "") in ("", "0"):
        raise HostError(rollback.ways_on(target, schema))

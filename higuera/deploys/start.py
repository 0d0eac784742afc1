"""The start of a deploy: what is to be deployed, and can this host take it?"""

import os
from dataclasses import replace
from pathlib import Path

from pyinfra import logger
from pyinfra.api import Host
from pyinfra.context import ctx_host

from higuera.build.leaks import refuse_public_variables
from higuera.deploys import planning
from higuera.deploys.boundary import told
from higuera.deploys.order import Order
from higuera.deploys.record import record_of, watch
from higuera.deploys.smoke import proofs_of
from higuera.errors import HostError, SecretError
from higuera.facts.machine import Machine, MachineState
from higuera.facts.preflight import problems
from higuera.operations import held
from higuera.operations.database import local_url
from higuera.operations.gate import Gate
from higuera.operations.run import Run
from higuera.spec.database import check_urls
from higuera.spec.load import Deployment, load_deployment


@told
def start(host: Host) -> Run:
    """Load what `inventory/` says for this host. A missing secret is named here.

    Raises PyinfraError, a sentence, before anything is touched.
    """
    deployment = deployment_of(host)
    database = deployment.stack.database
    if database is not None and database.is_gated:
        check_urls(database, deployment.secrets.reveal)
    # `host` stands for whichever host pyinfra is busy with; this is the one it is now.
    real: Host = ctx_host.get()  # type: ignore[no-untyped-call]
    if unused := deployment.secrets.unused:
        told = ", ".join(f"{name} ({where})" for name, where in unused.items())
        real.log_styled(f"secrets that nothing uses: {told}", fg="yellow", log_func=logger.warning)
    if deployment.environment.tls.mode == "files":
        from higuera.spec.pair import check_pair  # loads cryptography, which others do without

        check_pair(deployment, deployment.secrets)
    if database is not None and database.provision == "local":
        local_url(database.url, deployment.secrets)
    run = Run(deployment, real, proofs=proofs_of(deployment, planning.ends_sessions()))
    if database is not None and database.migrate is not None:
        run.gate = Gate(run, database.migrate)
    refuse_public_variables(deployment.stack, deployment.source, run.files, deployment.secrets)
    return run


def deployment_of(host: Host, is_back: bool = False) -> Deployment:
    """What the inventory says for a host. Raises SpecError; SecretError names what is missing.

    + is_back: going back wants neither the checkout nor secrets but those of the smoke checks
    """
    inventory = host.data.get("higuera_inventory")
    environment = host.data.get("higuera_environment")
    deployment = load_deployment(Path(inventory or "inventory"), environment, not is_back)
    if is_back:
        deployment = _with_what_is_needed(deployment)
    watch(host, deployment.secrets)
    return deployment


def _with_what_is_needed(deployment: Deployment) -> Deployment:
    """All secrets, to hide them in what is told; where one is not to be had, the checks' own."""
    try:
        deployment.secrets  # noqa: B018 - looked up now
    except SecretError:
        return replace(deployment, is_back=True)
    return deployment


@told
def preflight(run: Run) -> MachineState:
    """Refuse a host that cannot be deployed to. Reads, changes nothing."""
    host = run.host
    machine = machine_of(host)
    for problem in problems(machine):
        raise HostError(f"{host.name}: {problem}")
    run.user, run.ssh_ports = machine.user, machine.ssh_ports
    if record := record_of(host):
        record.follow(run.release, lambda: run.moved)
    host.state.add_callback_handler(  # type: ignore[no-untyped-call]
        Order(host, run.deployment, run.release, f"deploy of {run.commit}", not machine.is_root)
    )
    planning.note(run)
    if plan := os.environ.get("HIGUERA_PLAN"):
        held.held(
            name="Plan", run=run, plan=held.plan_for(run, Path(plan), planning.gives_up_way_back())
        )
    return machine


def machine_of(host: Host) -> MachineState:
    """What machine this is; from here on with sudo, where the login user is not root."""
    machine = host.get_fact(Machine, _sudo=False)
    if machine is None:
        raise HostError(f"{host.name}: gives no answer to simple questions; try: ssh {host.name}")
    if not machine.is_root:
        host.data._sudo = True  # pyinfra's own global argument, for all that follows
    return machine

"""All that the checks judge, and who gathers it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote

from higuera import sandbox
from higuera.connectors.address import SANDBOX_PREFIX
from higuera.doctor.connection import Connection, connect
from higuera.doctor.here import (
    Here,
    Source,
    Toolchain,
    look_at_source,
    look_at_toolchain,
    look_here,
)
from higuera.doctor.host import HostState, parse_host, script
from higuera.doctor.network import Network, look, way_of_ssh
from higuera.doctor.project import Project, look_at_project
from higuera.doctor.report import failed
from higuera.errors import HigueraError, SandboxError
from higuera.facts.machine import Machine, MachineState
from higuera.spec.environment import Host
from higuera.spec.load import Deployment, load_deployment
from higuera.spec.packages import packages_of

SshCommand = Callable[[Host, str], list[str]]


@dataclass(frozen=True)
class Facts:
    """What is known. None: it was not asked, since something before it failed."""

    here: Here = field(default_factory=Here)
    deployment: Deployment | None = None
    inventory_problem: str = ""
    project: Project = field(default_factory=Project)
    source: Source | None = None
    toolchain: Toolchain | None = None
    connection: Connection | None = None
    why_no_host: str = ""
    """Why nobody tried to connect."""
    machine: MachineState | None = None
    host: HostState | None = None
    network: Network | None = None

    @property
    def known(self) -> Deployment:
        """The deployment, for checks that need the inventory."""
        assert self.deployment is not None
        return self.deployment

    @property
    def there(self) -> HostState:
        """The host's answers, for checks that need them."""
        assert self.host is not None
        return self.host

    @property
    def the_machine(self) -> MachineState:
        """Likewise, of the machine."""
        assert self.machine is not None
        return self.machine

    @property
    def missing_packages(self) -> list[str]:
        """What a deploy would install."""
        wanted = packages_of(self.known.stack, self.known.environment)
        return [name for name in wanted if name not in self.there.packages]


def gather(inventory: Path, environment: str | None, ssh_command: SshCommand) -> Facts:
    """Look at this machine, the network and the host, at the same time. Changes nothing.

    + ssh_command: the command line that runs a shell command on a host
    """
    here = look_here()
    try:
        deployment = load_deployment(inventory, environment, with_source=False)
    except HigueraError as error:
        return Facts(here, inventory_problem=str(error))
    node = deployment.stack.runtimes.node
    project = look_at_project(deployment)
    with ThreadPoolExecutor(max_workers=3) as pool:
        source = pool.submit(look_at_source, deployment)
        toolchain = pool.submit(look_at_toolchain, node) if node else None
        facts = _ask_host(Facts(here, deployment, project=project), deployment, ssh_command, pool)
        return replace(
            facts, source=source.result(), toolchain=toolchain.result() if toolchain else None
        )


def _ask_host(
    facts: Facts, deployment: Deployment, ssh_command: SshCommand, pool: ThreadPoolExecutor
) -> Facts:
    host = deployment.environment.host
    is_sandbox = host.address.startswith(SANDBOX_PREFIX)
    try:
        address = _sandbox_address(host) if is_sandbox else host.address
        question = f"exec sh -c {quote(script(deployment))}"
        command = ssh_command(host, question)
    except HigueraError as error:
        return replace(facts, why_no_host=str(error))
    way = (address, "") if is_sandbox else way_of_ssh(ssh_command(host, ""), address)
    domains = [] if is_sandbox else deployment.environment.names
    network = pool.submit(look, *way, domains)
    connection = _keyless(host) or connect(command, host.address)
    if connection.problem is not None and host.bootstrap is not None:  # as the deploy will
        first = host.model_copy(update={"user": host.bootstrap})
        connection = connect(ssh_command(first, question), host.address)
    lines = list(connection.lines)
    if connection.problem is None:
        facts = replace(facts, machine=Machine().process(lines), host=parse_host(lines))
    return replace(facts, connection=connection, network=network.result())


def _keyless(host: Host) -> Connection | None:
    """ssh passes over a key file that is not there; the deploy does not."""
    if host.key is None or Path(host.key).expanduser().is_file():
        return None
    advice = "correct host.key in the environment file, or bring the file"
    return Connection(failed(f"{host.address}: there is no key file {host.key}", advice))


def _sandbox_address(host: Host) -> str:
    vps = sandbox.get(host.address.removeprefix(SANDBOX_PREFIX))
    if vps.state == "stopped":
        raise SandboxError(f"the sandbox VPS {vps.name} is stopped; a deploy boots it")
    return vps.address

"""The host that is audited: how it is asked, and where it is seen from outside."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from shlex import quote

from higuera.connectors.address import address_of
from higuera.doctor.network import told_by_ssh, way_of_ssh
from higuera.errors import ProgramError
from higuera.spec.environment import Host
from higuera.spec.load import Deployment

Command = Callable[[Host, str], list[str]]
# ssh itself failed, and not what it ran (ssh(1)).
SSH_FAILED = 255
SSH = 22
LIMIT = 300  # seconds that a host may think about one question


@dataclass(frozen=True)
class Subject:
    """One environment's host."""

    deployment: Deployment
    address: str
    port: int
    """On which sshd answers."""
    by_way_of: str
    """A jump host: from here the address may mean nothing."""
    as_root: Command

    @property
    def host(self) -> Host:
        """As the environment file has it."""
        return self.deployment.environment.host

    def ask(self, script: str) -> str:
        """What a script prints there, run by root. Raises ProgramError where it fails."""
        try:
            done = subprocess.run(
                self.as_root(self.host, f"sh -c {quote(script)}"),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LIMIT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProgramError(f"{self.host.address} could not be asked: {error}") from None
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            what = "ssh could not connect" if done.returncode == SSH_FAILED else "it failed there"
            raise ProgramError(f"{what}: {said[-1] if said else f'exit {done.returncode}'}")
        return done.stdout

    def ask_file(self, name: str) -> str:
        """The same with a script that lies beside this module."""
        return self.ask(files(__package__).joinpath(name).read_text())

    def from_outside(self) -> None:
        """Raises ProgramError where the host cannot be seen from this machine."""
        if self.by_way_of:
            raise ProgramError(
                f"ssh goes by way of {self.by_way_of}; run it where {self.address} can be reached"
            )


def subject_of(deployment: Deployment, ssh_command: Command, as_root: Command) -> Subject:
    """Ask ssh, which has a configuration of its own, where it would go. Connects to nobody."""
    host = deployment.environment.host
    address = address_of(host)
    if address != host.address:  # a sandbox, whose address and port are known
        return Subject(deployment, address, SSH, "", as_root)
    command = ssh_command(host, "")
    name, by_way_of = way_of_ssh(command, address)
    port = told_by_ssh(command).get("port", str(SSH))
    return Subject(deployment, name, int(port), by_way_of, as_root)

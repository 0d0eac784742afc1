"""`higuera status`, `releases`, `logs`, `lock`, `ssh`: questions to the host.

Each runs the on-host tool over `ssh` and passes its output and its exit status on.
"""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from higuera import sandbox
from higuera.connectors.address import SANDBOX_PREFIX
from higuera.errors import HostError
from higuera.spec.environment import Host
from higuera.spec.load import Deployment, environments, load_deployment

Env = Annotated[
    str | None, typer.Argument(metavar="ENV", help="Environment; the default one if left out.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
lock = typer.Typer(help="The lock that one deploy at a time holds.", no_args_is_help=True)


def ssh_command(host: Host, command: str) -> list[str]:
    """The command line that runs a shell command on the host; an empty one opens a shell."""
    words = [command] if command else []
    if host.address.startswith(SANDBOX_PREFIX):
        vps = sandbox.get(host.address.removeprefix(SANDBOX_PREFIX))
        return sandbox.ssh_command(vps, words, user=host.user)
    options = ["-o", "ConnectTimeout=10"]
    if command:  # whoever waits for an answer is not there for a password
        options += ["-o", "BatchMode=yes"]
    if host.port is not None:
        options += ["-p", str(host.port)]
    if host.key is not None:
        options += ["-i", str(Path(host.key).expanduser())]
    target = f"{host.user}@{host.address}" if host.user else host.address
    return ["ssh", *options, "--", target, *words]


def ask(environment: str | None, command: str) -> None:
    """Run a command of the on-host tool as root; its exit status becomes ours."""
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    run(deployment, f"{tool_of(deployment)} {command}")


def tool_of(deployment: Deployment) -> str:
    """The on-host tool, as a shell word."""
    return shlex.quote(deployment.stack.paths.tool)


def run(deployment: Deployment, command: str) -> None:
    """Run a shell command on the host with root's rights. Raises HostError if ssh itself fails."""
    done = subprocess.run(as_root(deployment.environment.host, command), check=False)
    refuse(deployment, done.returncode)
    sys.exit(done.returncode)


def as_root(host: Host, command: str) -> list[str]:
    """The command line that runs a shell command on the host with root's rights; asks nobody."""
    as_other = f"sudo -n sh -c {shlex.quote(command)}"  # all of it, were it several
    return ssh_command(host, f"if [ $(id -u) = 0 ]; then {command}; else {as_other}; fi")


def answer(deployment: Deployment, command: str) -> subprocess.CompletedProcess[str]:
    """What a shell command on the host prints with root's rights, for a program to read."""
    words = as_root(deployment.environment.host, command)
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False
    )


def refuse(deployment: Deployment, status: int) -> None:
    """Raise HostError where an exit status means that the tool was not even reached."""
    address = deployment.environment.host.address
    if status == 255:
        raise HostError(f"{address}: ssh could not connect; its message is above")
    if status == 127:
        raise HostError(
            f"{deployment.stack.app} was never deployed to {address}: `higuera deploy` comes first"
        )


def status(
    environment: Env = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What serves, since when, which colour, its health, armed timers, who holds the lock."""
    ask(environment, "status --json" if as_json else "status")


def releases(environment: Env = None) -> None:
    """Every release on the host, newest first, and when it was confirmed live."""
    ask(environment, "releases")


def logs(
    service: Annotated[str, typer.Argument(metavar="SERVICE")],
    environment: Env = None,
    follow: Annotated[bool, typer.Option("-f", help="Go on until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 100,
) -> None:
    """The log of a service: when, which colour, what it said."""
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    if service not in deployment.stack.services:
        known = ", ".join(deployment.stack.services)
        raise HostError(f"there is no service {service} (there are: {known})")
    units = " ".join(
        f"-u {shlex.quote(deployment.stack.paths.unit(service, colour))}"
        for colour in ("blue", "green")
    )
    tail = "-f" if follow else "--no-pager"
    run(deployment, f"journalctl {units} -o short-iso --no-hostname -n {lines} {tail}")


def ssh(
    words: Annotated[list[str] | None, typer.Argument(metavar="[ENV] [CMD]...")] = None,
) -> None:
    """A shell on the host, or a command there: `higuera ssh df -h`, `higuera ssh production`."""
    given = words or []
    first = given[0] if given and given[0] in environments(Path("inventory")) else None
    command = given[1:] if first else given
    deployment = load_deployment(Path("inventory"), first, with_source=False)
    line = ssh_command(deployment.environment.host, shlex.join(command))
    sys.exit(subprocess.run(line, check=False).returncode)


@lock.command("status")
def lock_status(environment: Env = None) -> None:
    """Who holds the lock, since when and for what."""
    ask(environment, "lock status")


@lock.command("release")
def lock_release(environment: Env = None) -> None:
    """End the process that holds the lock; its deploy fails at its next step."""
    ask(environment, "lock release")

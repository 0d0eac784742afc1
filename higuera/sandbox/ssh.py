"""The ssh command line that reaches a VPS and checks that it is that VPS."""

from collections.abc import Sequence

from higuera.sandbox.model import Vps


def ssh_command(vps: Vps, command: Sequence[str] = (), *, user: str | None = None) -> list[str]:
    """Return the argument list; an empty command opens a shell."""
    options = [
        f"UserKnownHostsFile={vps.known_hosts}",
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        "IdentitiesOnly=yes",
        "BatchMode=yes",
        "ConnectTimeout=10",
        "LogLevel=ERROR",
    ]
    return [
        *("ssh", "-F", "none", "-i", str(vps.key), "-p", str(vps.port)),
        *(word for option in options for word in ("-o", option)),
        "--",  # before the address, so that ssh leaves the options of the command alone
        f"{user or vps.user}@{vps.address}",
        *command,
    ]

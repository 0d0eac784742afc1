"""The line to the host, under pyinfra's connection."""

from typing import Any

from paramiko import SSHClient


def transport_of(client: SSHClient | None) -> Any:
    """Paramiko's transport; None where there is none yet, or none any more."""
    return client.get_transport() if client is not None else None

"""From a host of an environment file to the address that its users would open."""

from higuera import sandbox
from higuera.spec.environment import Host

SANDBOX_PREFIX = "@sandbox/"


def address_of(host: Host) -> str:
    """The address of a host; that of a sandbox VPS is looked up on this machine."""
    if host.address.startswith(SANDBOX_PREFIX):
        return sandbox.get(host.address.removeprefix(SANDBOX_PREFIX)).address
    return host.address

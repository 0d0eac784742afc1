"""Can somebody still log in? A connection of its own beside the one of the deploy tells."""

import time

from paramiko import AuthenticationException, PKey
from paramiko import SSHClient as ParamikoClient
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.sshuserclient import SSHClient

from higuera.connectors.line import transport_of
from higuera.errors import HostError
from higuera.spec.line import GONE

# sshd is away for a moment while it reads its configuration again.
PATIENCE = 10  # seconds
PAUSE = 0.2


def prove_login(connector: SSHConnector, user: str) -> None:
    """Log in anew as a user, with the key of the deploy, and become root. Raises HostError."""
    name = connector.host.name
    with_key = {**connector.make_paramiko_kwargs(), "username": user}
    if key := _key_that_got_in(connector.client):
        # An agent's other keys would use up the tries that sshd gives.
        with_key |= {"pkey": key, "allow_agent": False, "look_for_keys": False}
    hostname = with_key.pop("hostname")
    _trust(connector.client, hostname)
    until = time.monotonic() + PATIENCE
    while True:
        client = SSHClient()
        try:
            client.connect(hostname, **with_key)  # type: ignore[no-untyped-call]
            status = _become_root(client)
        except GONE as error:
            if time.monotonic() < until and not isinstance(error, AuthenticationException):
                time.sleep(PAUSE)
                continue
            raise HostError(f"{name}: no new login as {user} gets in: {error}") from None
        finally:
            client.close()
        if status != 0:
            raise HostError(f"{name}: a new login as {user} gets in, but may not sudo")
        return


def _key_that_got_in(client: ParamikoClient | None) -> PKey | None:
    handler = getattr(transport_of(client), "auth_handler", None)
    return getattr(handler, "private_key", None)


def _trust(client: ParamikoClient | None, hostname: str) -> None:
    """A host key that was accepted a moment ago is known from now on; pyinfra reads them once."""
    transport = transport_of(client)
    if client is None or transport is None:
        return
    port = transport.getpeername()[1]
    key = transport.get_remote_server_key()
    name = hostname if port == 22 else f"[{hostname}]:{port}"
    client.get_host_keys().add(name, key.get_name(), key)


def _become_root(client: SSHClient) -> int:
    _, output, _ = client.exec_command('[ "$(id -u)" = 0 ] || sudo -n true', timeout=PATIENCE)
    if not output.channel.status_event.wait(PATIENCE):  # recv_exit_status would wait for ever
        raise TimeoutError(f"no answer within {PATIENCE} seconds")
    return int(output.channel.recv_exit_status())

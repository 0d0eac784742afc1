"""pyinfra's SSH connector with `TCP_NODELAY`: `@higuera/HOST` is the host `HOST`.

pyinfra sends many small requests on one connection, and paramiko leaves Nagle's algorithm on,
which holds each back until the one before it is acknowledged. Measured: setting the option
alone took a run with nothing to change from 10.7 to 7.0 s.
"""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
from paramiko import SSHClient
from pyinfra import logger
from pyinfra.api import Host, StringCommand
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.util import CommandOutput, OutputLine
from typing_extensions import override

from higuera.connectors.line import transport_of
from higuera.connectors.proof import prove_login
from higuera.spec.line import GONE

HEARTBEAT = 5  # seconds between signs of life of a slow command
# Seconds without an answer after which a connection counts as cut: the deploy ends before the host,
# which hears a sign of life every 3 s and waits for 15, takes it for abandoned.
CUT_AFTER = 9
# Paramiko's words when the server took the connection and said nothing in CONNECT_TIMEOUT seconds;
# and when it hung up, since too many keys of an agent were none of those that it knows.
ENDED = "No existing session"
TRIES = 3

# Its threads print tracebacks of what is told as an error anyway.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


def send_at_once(client: SSHClient | None) -> None:
    """Turn Nagle's algorithm off on the client's connection, and notice when the line is cut.

    Without the latter a deploy would wait for TCP to give up, which takes a quarter of an hour.
    Behind a proxy command there is a pipe instead of a socket: it is left as it is.
    """
    transport = transport_of(client)
    connection = transport.sock if transport is not None else None
    if not isinstance(connection, socket.socket) or connection.family == socket.AF_UNIX:
        return
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # One is for an idle line, one for data that nobody takes; where a system has no such option,
    # its own default stays.
    for option, value in (
        ("TCP_KEEPIDLE", CUT_AFTER // 3),
        ("TCP_KEEPINTVL", CUT_AFTER // 3),
        ("TCP_KEEPCNT", 2),
        ("TCP_USER_TIMEOUT", CUT_AFTER * 1000),
    ):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


@contextmanager
def signs_of_life(host: Host, wanted: bool) -> Iterator[None]:
    """While something slow runs, say every few seconds that it still does."""

    def beat() -> None:
        seconds = 0
        while True:
            gevent.sleep(HEARTBEAT)
            seconds += HEARTBEAT
            host.log(f"still at it, {seconds} s")

    beating = gevent.spawn(beat) if wanted else None
    try:
        yield
    finally:
        if beating is not None:
            beating.kill(block=False)


class HigueraSSHConnector(SSHConnector):
    """Connect over SSH: every request sent at once, a slow command gives signs of life."""

    handles_execution = True

    @override
    @staticmethod
    def make_names_data(name: str) -> Iterator[tuple[str, dict[str, Any], list[str]]]:
        """Yield the host that `@higuera/NAME` stands for."""
        yield name, {"ssh_hostname": name}, []

    @override
    def connect(self) -> None:
        """Connect, then turn Nagle's algorithm off.

        Raises pyinfra's ConnectError, a sentence with what to try next.
        """
        known_hosts = Path(self.data["ssh_known_hosts_file"] or "~/.ssh/known_hosts").expanduser()
        try:
            # A fresh CI runner has no ~/.ssh, and a key that cannot be kept fails the connection.
            known_hosts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._log_in()
        except OSError as error:
            raise ConnectError(f"{known_hosts.parent} cannot be made: {error}") from None
        except PyinfraError as error:
            raise ConnectError(f"{error}; {self._advice(str(error))}") from None
        send_at_once(self.client)

    def _log_in(self) -> None:
        """As the user of the deploy; before there is one, as who makes it."""
        bootstrap = self.host.data.get("higuera_bootstrap")
        try:
            self._until_it_answers()
        except PyinfraError as error:
            if bootstrap is None or "uthentication" not in str(error):
                raise
            user, self.data["ssh_user"] = self.data["ssh_user"], bootstrap
            self._until_it_answers()
            self.host.log(f"{user} does not get in yet: this run logs in as {bootstrap}")

    def _until_it_answers(self) -> None:
        """A busy host may take the connection and be slow to answer: it is asked again."""
        for left in reversed(range(TRIES)):
            try:
                return super().connect()
            except PyinfraError as error:
                if ENDED not in str(error):
                    raise
                if self._was_greeted():
                    told = "Authentication error (sshd hung up: none of so many keys was known)"
                    raise ConnectError(told) from None
                if not left:
                    told = "it takes connections, but its sshd does not answer"
                    raise ConnectError(told) from None
                self.host.log("its sshd does not answer; asking again", log_func=logger.warning)

    def _was_greeted(self) -> bool:
        return bool(getattr(transport_of(self.client), "initial_kex_done", False))

    def _advice(self, problem: str) -> str:
        hostname = self.data["ssh_hostname"] or self.host.name
        if "key file" in problem:
            return "correct host.key in the environment file"
        if "uthentication" in problem:
            return "is this the key that the host knows? name it: host.user and host.key"
        port = self.data["ssh_port"] or 22
        return f"is it up, and is the address right? Try: ssh -p {port} {hostname}"

    @override
    def run_shell_command(
        self,
        command: StringCommand,
        print_output: bool = False,
        print_input: bool = False,
        **arguments: Any,
    ) -> tuple[bool, CommandOutput]:
        """Run a command as pyinfra does; one on a connection that is gone has failed."""
        try:
            with signs_of_life(self.host, wanted=bool(self.host.executing_op_hash)):
                ok, output = super().run_shell_command(
                    command, print_output, print_input, **arguments
                )
        except GONE:
            if self._is_up():
                raise  # such as pyinfra's own, of a command with a time limit
            ok, output = False, CommandOutput([])
        if not ok and not self._is_up():
            gone = f"the connection to {self.host.name} is gone"
            output.combined_lines.append(OutputLine("stderr", gone))
        return ok, output

    def prove_login(self, user: str) -> None:
        """Connect anew, with the same key, and become root there. Raises HostError."""
        prove_login(self, user)

    def _is_up(self) -> bool:
        transport = transport_of(self.client)
        return transport is not None and transport.is_active()

"""Keeping order around a deploy: the lock before its first operation, a journal line after each.

pyinfra has no hook for "the run is over", good or bad, but it tells of every operation and closes
the connection at its end; a controller that dies is noticed by the host, which journals that.
"""

from typing import Any

from pyinfra.api import Host, State
from pyinfra.api.state import BaseStateCallback

from higuera.deploys.boundary import Told
from higuera.errors import HigueraError
from higuera.operations import journal
from higuera.operations.lock import Lock, take


class Order(BaseStateCallback):
    """The lock and the journal of one deploy to one host."""

    def __init__(self, host: Host, app: str, release: str, what: str, sudo: bool) -> None:
        self._host = host
        self._app = app
        self._release = release
        self._what = what
        self._sudo = sudo
        self._lock: Lock | None = None
        self._started = ""

    def operation_start(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        """Take the lock before the first operation; note when each starts."""
        if self._lock is None:
            self._lock = self._take(self._host)
        self._started = journal.now()

    def _take(self, host: Host) -> Lock:
        owner = {
            "actor": journal.actor(),
            "since": journal.now(),
            "what": self._what,
            "release": self._release,
        }
        try:
            return take(host, self._app, owner, self._sudo)
        except HigueraError as error:
            raise Told(str(error)) from None

    def operation_end(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        """Journal what changed something."""
        done = state.ops[self._host].get(op_hash)
        meta = done.operation_meta if done is not None else None
        if meta is not None and meta.is_complete() and meta.did_change():
            self._note(state, self._host, op_hash, "ok")

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        """Journal what failed."""
        if host is self._host:
            self._note(state, host, op_hash, "failed")

    def _note(self, state: State, host: Host, op_hash: str, result: str) -> None:
        step = ", ".join(sorted(state.get_op_meta(op_hash).names)).lower()
        text = journal.line(step, result, self._started, self._release)
        command = journal.append(self._app, text)
        arguments: dict[str, Any] = {"_sudo": self._sudo}
        host.run_shell_command(command, _stdin=command.connector_arguments["_stdin"], **arguments)

    def host_disconnect(self, state: State, host: Host) -> None:  # type: ignore[override]
        """The end of a deploy that came to its end."""
        if host is self._host and self._lock is not None:
            self._lock.release()
            self._lock = None

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
from higuera.operations.run import Run


class Order(BaseStateCallback):
    """The lock and the journal of one deploy to one host."""

    def __init__(self, run: Run, what: str) -> None:
        self._run = run
        self._what = what
        self._lock: Lock | None = None
        self._started = ""

    def operation_start(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        """Take the lock before the first operation; note when each starts."""
        if self._lock is None:
            self._lock = self._take(self._run.host)
        self._started = journal.now()

    def _take(self, host: Host) -> Lock:
        owner = {
            "actor": journal.actor(),
            "since": journal.now(),
            "what": self._what,
            "release": self._run.release,
        }
        try:
            return take(host, self._run.deployment.stack.app, owner, self._run.sudo)
        except HigueraError as error:
            raise Told(str(error)) from None

    def operation_end(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        """Journal what changed something."""
        done = state.ops[self._run.host].get(op_hash)
        meta = done.operation_meta if done is not None else None
        if meta is not None and meta.is_complete() and meta.did_change():
            self._note(state, self._run.host, op_hash, "ok")

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        """Journal what failed."""
        if host is self._run.host:
            self._note(state, host, op_hash, "failed")

    def _note(self, state: State, host: Host, op_hash: str, result: str) -> None:
        step = ", ".join(sorted(state.get_op_meta(op_hash).names)).lower()
        text = journal.line(step, result, self._started, self._run.release)
        command = journal.append(self._run.deployment.stack.app, text)
        arguments: dict[str, Any] = {"_sudo": self._run.sudo}
        host.run_shell_command(command, _stdin=command.connector_arguments["_stdin"], **arguments)

    def host_disconnect(self, state: State, host: Host) -> None:  # type: ignore[override]
        """The end of a deploy that came to its end."""
        if host is self._run.host and self._lock is not None:
            self._lock.release()
            self._lock = None

"""Keeping order around a deploy: the lock before its first operation, a journal line after each.

pyinfra has no hook for "the run is over", good or bad, but it tells of every operation and closes
the connection at its end; a controller that dies is noticed by the host, which journals that.
"""

from pathlib import Path
from shlex import quote
from typing import Any

from pyinfra.api import Host, QuoteString, State, StringCommand
from pyinfra.api.state import BaseStateCallback

from higuera.deploys.boundary import Told
from higuera.errors import HigueraError
from higuera.operations import journal
from higuera.operations.lock import Lock, take
from higuera.spec.actor import actor
from higuera.spec.load import Deployment
from higuera.spec.paths import HostPaths


class Order(BaseStateCallback):
    """The lock and the journal of one deploy to one host, and its incident note.

    `always_note` writes one also where all went well, as for a rollback.
    """

    def __init__(
        self,
        host: Host,
        deployment: Deployment,
        release: str,
        what: str,
        sudo: bool,
        always_note: bool = False,
    ) -> None:
        self._host = host
        self._app = deployment.stack.app
        self._project = deployment.project
        self._release = release
        self._what = what
        self._sudo = sudo
        self._always_note = always_note
        self._lock: Lock | None = None
        self._started = self._began = ""
        self._ahead = 0.0
        self._over = False

    def operation_start(self, state: State, op_hash: str) -> None:  # type: ignore[override]
        """Take the lock before the first operation; note when each starts."""
        if self._lock is None:
            self._lock = self._take(self._host)
        if self._lock.is_lost:
            raise Told(f"the lock of {self._app} is lost; somebody else may deploy by now")
        self._ahead, self._began = self._lock.ahead, str(self._lock.taken)
        self._started = journal.now(self._ahead)

    def _take(self, host: Host) -> Lock:
        owner = {
            "actor": actor(),
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
            if self._always_note:
                self._incident(self._host, self._what)
        last = state.get_op_order()[-1]  # type: ignore[no-untyped-call]
        self._over = op_hash == last

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        """Journal what failed, and bring the host's incident note home."""
        if host is self._host:
            self._over = True
            self._note(state, host, op_hash, "failed")
            self._incident(host, f"{self._what} failed at: {_step(state, op_hash)}")

    def _incident(self, host: Host, reason: str) -> None:
        tool = HostPaths(self._app).tool
        arguments: dict[str, Any] = {"_sudo": self._sudo}
        ok, output = host.run_shell_command(
            StringCommand(
                f"[ ! -x {tool} ] || HIGUERA_ACTOR={quote(actor())} {tool} incident",
                QuoteString(reason),
                self._began,
            ),
            **arguments,
        )
        path, *text = output.stdout_lines or [""]
        if not ok or not path:
            return
        note = self._project / "docs" / "incidents" / Path(path).name
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text("\n".join(text) + "\n", encoding="utf-8")
        host.log(f"incident note: {note}")

    def _note(self, state: State, host: Host, op_hash: str, result: str) -> None:
        name = _step(state, op_hash)
        text = journal.line(name, result, self._started, self._release, ahead=self._ahead)
        command = journal.append(self._app, text)
        arguments: dict[str, Any] = {"_sudo": self._sudo}
        host.run_shell_command(command, _stdin=command.connector_arguments["_stdin"], **arguments)

    def host_disconnect(self, state: State, host: Host) -> None:  # type: ignore[override]
        """Let go of the lock; a deploy that was interrupted is the host's to take back."""
        if host is self._host and self._lock is not None:
            lock, self._lock = self._lock, None
            if self._over:
                lock.release()
            else:
                lock.abandon()


def _step(state: State, op_hash: str) -> str:
    """The name of an operation, as the journal and an incident note write it."""
    return ", ".join(sorted(state.get_op_meta(op_hash).names)).lower()

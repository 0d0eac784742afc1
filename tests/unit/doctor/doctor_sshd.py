"""A real SSH server (paramiko's) on loopback, for the real `ssh`: one key, commands run by `sh`."""

import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED


def new_key(path: Path) -> paramiko.RSAKey:
    """A private key in a file of its own."""
    key = paramiko.RSAKey.generate(2048)
    key.write_private_key_file(str(path))
    return key


class Account(paramiko.ServerInterface):
    """Who may log in, and what becomes of a command."""

    def __init__(self, key: paramiko.PKey, shell: tuple[str, ...]) -> None:
        self._key = key
        self._shell = shell
        self._threads: list[threading.Thread] = []

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        right = key.asbytes() == self._key.asbytes()
        return AUTH_SUCCESSFUL if right else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        threading.Thread(target=self._run, args=(channel, command), daemon=True).start()
        return True

    def _run(self, channel: paramiko.Channel, command: bytes) -> None:
        done = subprocess.run(
            [*self._shell, command], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        channel.sendall(done.stdout)
        channel.sendall_stderr(done.stderr)
        channel.send_exit_status(done.returncode)
        channel.close()


class Sshd:
    """Serves until it is closed."""

    def __init__(
        self,
        host_key: paramiko.PKey,
        accepted: paramiko.PKey,
        shell: tuple[str, ...] = ("/bin/sh", "-c"),
    ) -> None:
        self.host_key = host_key
        self.connections = 0
        self._accepted = accepted
        self._shell = shell
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def known_hosts(self, path: Path, key: paramiko.PKey | None = None) -> Path:
        """A file that knows this server, or takes it for the one with another key."""
        shown = key or self.host_key
        path.write_text(f"[127.0.0.1]:{self.port} {shown.get_name()} {shown.get_base64()}\n")
        return path

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._socket.accept()
                self.connections += 1
                transport = paramiko.Transport(line)
                transport.add_server_key(self.host_key)
                with suppress(paramiko.SSHException, EOFError, OSError):
                    transport.start_server(
                        event=threading.Event(), server=Account(self._accepted, self._shell)
                    )

    def close(self) -> None:
        """Hear nobody any more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

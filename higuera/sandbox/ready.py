"""Waiting until a VPS that boots can be used."""

import contextlib
import socket
import subprocess
import time

from higuera.errors import SandboxError
from higuera.sandbox import machine, paths
from higuera.sandbox.model import Config

BOOT_DEADLINE = 60.0


def wait_ready(config: Config) -> None:
    """Wait until people can log in to the VPS; SandboxError if it dies or takes too long."""
    begun = time.monotonic()
    while not (machine.state(config.name) == "running" and _answers(config.address)):
        waited = time.monotonic() - begun
        # The supervisor writes its note within a fraction of a second.
        dead = waited > 5 and machine.supervisor_of(config.name) is None
        if dead or waited > BOOT_DEADLINE:
            raise SandboxError(
                f"sandbox: {config.name} {'died while booting' if dead else 'did not boot'} "
                f"({waited:.0f} s): {_last_words(config.name)}; "
                f"`higuera sandbox reset {config.name}` starts it afresh"
            )
        time.sleep(0.03)
    _settle(config.name)


def _settle(name: str) -> None:
    """Give the last jobs of the boot up to 5 s, after which systemd no longer says `starting`."""
    init = machine.init_of(name)
    if init is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [
                    *("nsenter", "--target", str(init.pid), "--mount", "--pid", "--wd=/"),
                    *("systemctl", "is-system-running", "--wait"),
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=5,
                check=False,
            )


def _answers(address: str) -> bool:
    """Tell whether an SSH server greets at the address."""
    try:
        with socket.create_connection((address, 22), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _last_words(name: str) -> str:
    log = paths.vps_dir(name) / "nspawn.log"
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    said = [line for line in lines if not line.startswith("supervisor:")]
    return f"{said[-1] if said else 'it said nothing'} (all of it: {log})"

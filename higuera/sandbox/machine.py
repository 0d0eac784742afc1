"""Starting, stopping and looking at the process that is a VPS."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from higuera.errors import SandboxError
from higuera.sandbox import paths, supervisor
from higuera.sandbox.model import State
from higuera.sandbox.process import Process, identify
from higuera.sandbox.shell import TOOL_PATH, read_json

POWEROFF_DEADLINE = 10.0

# systemd(1): SIGRTMIN+4 asks PID 1 for a clean power-off.
POWEROFF = signal.SIGRTMIN + 4


def supervisor_of(name: str) -> Process | None:
    """Return the live supervisor of the VPS."""
    return _recorded(name, "supervisor")


def nspawn_of(name: str) -> Process | None:
    """Return the live systemd-nspawn of the VPS."""
    return _recorded(name, "nspawn")


def init_of(name: str) -> Process | None:
    """Return PID 1 of the VPS as this machine sees it."""
    pid = supervisor.guest_init(paths.vps_dir(name) / "root")
    return identify(pid) if pid is not None else None


def _recorded(name: str, role: str) -> Process | None:
    note = read_json(paths.vps_dir(name) / "supervisor.json")
    if note is None or role not in note:
        return None
    process = Process(*note[role])
    return process if process.alive() else None


def state(name: str) -> State:
    """Tell whether the VPS is off, on its way up, or lets people log in."""
    if supervisor_of(name) is None:
        return "stopped"
    init = init_of(name)
    return "running" if init is not None and _logins_open(init) else "booting"


def _logins_open(init: Process) -> bool:
    """Tell whether the guest is past the point of its boot where pam_nologin refuses users."""
    run = Path(f"/proc/{init.pid}/root/run")
    try:
        return (run / "sshd.pid").exists() and not (run / "nologin").exists()
    except OSError:
        return False


def nspawn_command(name: str) -> list[str]:
    """Return the command that boots the VPS."""
    # On a machine run by systemd nspawn asks it for a scope; elsewhere nobody could be asked.
    keep_unit = [] if Path("/run/systemd/system").exists() else ["--keep-unit"]
    return [
        "systemd-nspawn",
        "--quiet",
        f"--directory={paths.vps_dir(name) / 'root'}",
        f"--machine={paths.machine_name(name)}",
        "--boot",
        f"--network-bridge={paths.bridge()}",
        "--private-users=no",
        "--register=no",
        *keep_unit,
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
    ]


def start(name: str) -> None:
    """Start the VPS, its file system being mounted. Return at once, before it has booted."""
    folder = paths.vps_dir(name)
    for stale in ("stop", "supervisor.json"):
        (folder / stale).unlink(missing_ok=True)
    script = Path(supervisor.__file__)
    with (folder / "nspawn.log").open("wb") as log:
        # --fork: the supervisor is nobody's child, in a session of its own.
        subprocess.run(
            [
                *("setsid", "--fork", sys.executable, "-I", str(script)),
                *(str(folder), paths.machine_name(name), *nspawn_command(name)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Nothing of the caller's, which may hold secrets: this process stays for days.
            env={"PATH": TOOL_PATH, "LC_ALL": "C.UTF-8"},
            cwd="/",
            check=True,
        )


def stop(name: str, *, clean: bool = True) -> None:
    """Stop the VPS: ask it to power off, or pull the plug (`clean=False`, or after 10 s).

    SandboxError if processes of it stay.
    """
    (paths.vps_dir(name) / "stop").touch()
    watcher, nspawn, init = supervisor_of(name), nspawn_of(name), init_of(name)
    if clean and init is not None:
        init.kill(POWEROFF)
        (watcher or init).gone_within(POWEROFF_DEADLINE)
    # The guest first: nspawn then cleans up after it, and the supervisor sees `stop`.
    for process, patience in ((init, 3.0), (nspawn, 3.0), (watcher, 10.0)):
        if process is not None:
            process.kill()
            process.gone_within(patience)
            if watcher is not None:
                watcher.gone_within(patience)
    supervisor.end_guest(paths.vps_dir(name) / "root")  # one that a reboot has just started
    remove_cgroups(name)
    for left in ("propagate", "unix-export"):
        with contextlib.suppress(OSError):  # nspawn's own, left when it is killed
            Path("/run/systemd/nspawn", left, paths.machine_name(name)).rmdir()


def remove_cgroups(name: str, *, deadline: float = 10.0) -> None:
    """Remove the control groups of a VPS that is off, waiting for the last of its processes.

    A guest whose nspawn was killed takes a moment to die, and holds its file system until then.
    """
    end = time.monotonic() + deadline
    for root in supervisor.cgroup_roots():
        top = root / paths.machine_name(name)
        while top.is_dir():
            for folder, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    Path(folder).rmdir()
            if top.is_dir() and time.monotonic() > end:
                raise SandboxError(f"sandbox: processes of {name} do not end; they are in {top}")
            if top.is_dir():
                time.sleep(0.02)


def interface(name: str) -> str:
    """Return the host's end of the VPS's network cable; SandboxError if it does not run.

    nspawn shortens long names to 15 characters, so the guest's end is asked where it leads.
    """
    init = init_of(name)
    if init is None:
        raise SandboxError(f"sandbox: {name} is not running; `higuera sandbox up {name}`")
    index = Path(f"/proc/{init.pid}/root/sys/class/net/host0/iflink").read_text()
    for link in Path("/sys/class/net").iterdir():
        if (link / "ifindex").read_text() == index:
            return link.name
    raise SandboxError(f"sandbox: {name} has no network cable on this machine")

"""The process that keeps one VPS booted: it starts systemd-nspawn again when the guest reboots.

    python -I supervisor.py FOLDER MACHINE systemd-nspawn …

It is started by path and stands alone (standard library only, nothing of higuera imported), so
that it starts fast and outlives the command that started it. It ends when the guest powers off,
when FOLDER/stop exists, or when nspawn keeps failing. When it is killed, the kernel kills
nspawn; the guest itself runs on, and whoever boots the VPS next ends it first.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

REBOOT = 133  # what systemd-nspawn --keep-unit exits with when the guest asked for a reboot
RETRIES = 5

CGROUPS = Path("/sys/fs/cgroup")


def cgroup_roots() -> list[Path]:
    """Return the control group hierarchies that tell systemd instances apart."""
    if (CGROUPS / "cgroup.procs").exists():
        return [CGROUPS]
    return [path for path in (CGROUPS / "systemd", CGROUPS / "unified") if path.is_dir()]


def enter_cgroup(machine: str) -> None:
    """Move this process into control groups of the VPS's own.

    systemd-nspawn --keep-unit puts every guest into `payload` below the group it was started
    in: two guests started from the same group would share it and count and kill each other's
    services. Where systemd runs this machine, nspawn asks it for a scope instead.
    """
    if Path("/run/systemd/system").exists():
        return
    for root in cgroup_roots():
        try:
            (root / machine).mkdir(exist_ok=True)
            (root / machine / "cgroup.procs").write_text(f"{os.getpid()}\n")
        except OSError as error:
            print(f"supervisor: no control group of its own in {root}: {error}", flush=True)


def start_time(pid: int) -> int:
    """Return when the process started, in clock ticks since boot (proc(5), field 22)."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def guest_init(root: Path) -> int | None:
    """Return the pid of PID 1 of the guest whose file system is mounted at `root`.

    Told by that file system, which is no other process's root, and by being the first of its
    PID namespace. It outlives a systemd-nspawn that is killed.
    """
    try:
        device = root.stat().st_dev
        if device == root.parent.stat().st_dev:
            return None  # nothing is mounted there
    except OSError:
        return None
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "root").stat().st_dev != device:
                continue
            status = (entry / "status").read_text()
        except OSError:
            continue  # it has just ended, or is a kernel thread
        pids = next((line.split()[1:] for line in status.splitlines() if "NSpid:" in line), [])
        if len(pids) == 2 and pids[1] == "1":
            return int(entry.name)
    return None


def end_guest(root: Path) -> None:
    """Kill a guest that its systemd-nspawn left behind, and wait until it is gone (3 s)."""
    for _ in range(150):
        init = guest_init(root)
        if init is None:
            return
        os.kill(init, signal.SIGKILL)
        time.sleep(0.02)


def record(folder: Path, nspawn: int) -> None:
    """Write down who supervises and which nspawn runs, for `higuera sandbox` to find."""
    note = {
        "supervisor": [os.getpid(), start_time(os.getpid())],
        "nspawn": [nspawn, start_time(nspawn)],
    }
    fresh = folder / ".supervisor.json"
    fresh.write_text(json.dumps(note))
    fresh.replace(folder / "supervisor.json")


def boot(folder: Path, nspawn: list[str]) -> int:
    """Run the guest until it goes down and return nspawn's exit code."""
    argv = ["setpriv", "--pdeathsig", "KILL", *nspawn]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as process:
        record(folder, process.pid)
        return process.wait()


def main(folder: Path, machine: str, nspawn: list[str]) -> int:
    """Keep the VPS booted and return the last exit code of nspawn."""
    enter_cgroup(machine)
    failures = 0
    while True:
        code = boot(folder, nspawn)
        print(f"supervisor: nspawn exited {code}", flush=True)
        if (folder / "stop").exists() or code == 0:
            return code
        end_guest(folder / "root")
        failures = 0 if code == REBOOT else failures + 1
        if failures > RETRIES:
            return code
        if failures:
            # After a reboot the kernel may still be removing the old network interface.
            time.sleep(0.3)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))

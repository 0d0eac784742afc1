"""The host's side: one script for one round trip, and what its lines say."""

import json
from dataclasses import dataclass, field
from importlib.resources import files
from shlex import quote
from typing import Any

from higuera.database.target import questions_of
from higuera.facts.machine import COMMAND as MACHINE
from higuera.facts.packages import OTHER_CLOCK
from higuera.facts.script import rows, tagged
from higuera.spec.load import Deployment
from higuera.spec.packages import TIMESYNCD, packages_of

# Their versions are told; that they are missing is no fault.
TOLD = ("systemd", "postgresql")
CLOCK = "echo clock $(date +%s.%N)\n"


@dataclass(frozen=True)
class AptLock:
    """Who holds a lock of apt or dpkg."""

    file: str
    process: int
    age: int
    """Seconds since that process started."""
    command: str


@dataclass(frozen=True)
class Listener:
    """A TCP port that somebody listens on."""

    port: int
    process: int
    unit: str
    """Of systemd, by its control group; `-` where that is not known."""
    name: str


@dataclass(frozen=True)
class HostState:
    """The answers of a host. What it could not tell is empty."""

    is_root: bool = False
    space: dict[str, tuple[int, int]] = field(default_factory=dict)
    """KiB in all and free, by folder."""
    inodes: dict[str, tuple[int, int]] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    """KiB, by the names of /proc/meminfo."""
    addresses: frozenset[str] = frozenset()
    packages: dict[str, str] = field(default_factory=dict)
    """Version by name, of those that are installed and configured."""
    unfinished: tuple[str, ...] = ()
    """Packages that dpkg did not finish with; `dpkg`: it was itself interrupted."""
    apt_locks: tuple[AptLock, ...] = ()
    apt_runs: tuple[str, ...] = ()
    reboot: str | None = None
    """The packages that ask for a reboot; None: none is asked for."""
    listeners: tuple[Listener, ...] = ()
    certificates: dict[str, int | None] = field(default_factory=dict)
    """Seconds since 1970 at which it expires, by file; None: it cannot be read."""
    runtimes: frozenset[str] = frozenset()
    clients: tuple[int, ...] = ()
    """Major versions of PostgreSQL's programs."""
    tool: str = ""
    """SHA-256 of the on-host tool; empty: the app was never deployed."""
    status: dict[str, Any] | None = None
    """The keys of `higuera status --json`."""
    nginx: str = ""
    """What systemd says of it, as `active enabled`."""
    failed_units: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()
    database: tuple[str, ...] = ()
    """What psql printed, or why it could not."""
    dumps: int = 0
    """KiB free where dumps go."""


def script(deployment: Deployment) -> str:
    """One POSIX script: clock, machine, all of host.sh with what rights there are, clock."""
    stack = deployment.stack
    serves = f"! {OTHER_CLOCK} || echo package {TIMESYNCD} other\n"  # nothing to be installed
    body = serves + files(__package__).joinpath("host.sh").read_text()
    given = {
        "app": stack.app,
        "tool": stack.paths.tool,
        "state": stack.paths.state,
        "packages": " ".join([*packages_of(stack, deployment.environment), *TOLD]),
        "question": questions_of(stack).get("target", "").strip(),
    }
    values = "".join(f"{name}={quote(value)}\n" for name, value in given.items())
    run = f"sh -c {quote(values + body)} 2>/dev/null"
    may = '[ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null'
    return f"{CLOCK}{MACHINE.strip()}\nif {may}; then sudo -n {run}; else {run}; fi\n{CLOCK}"


def parse_host(lines: list[str]) -> HostState:
    """From what the script prints; lines of another shape are passed over."""
    found = tagged(lines)

    def pairs(tag: str) -> dict[str, tuple[int, int]]:
        return {name: (int(a), int(b)) for name, a, b in rows(found, tag, 3) if _all_int(a, b)}

    return HostState(
        is_root="root" in found["rights"],
        space=pairs("space"),
        inodes=pairs("inodes"),
        memory={name: int(kib) for name, kib in rows(found, "memory", 2) if _all_int(kib)},
        addresses=frozenset(" ".join(found["addresses"]).split()),
        packages={row[0]: row[1] for row in rows(found, "package", 2)},
        unfinished=tuple(name for (name,) in rows(found, "unfinished", 1)),
        apt_locks=tuple(
            AptLock(file, int(process), int(age), command.strip())
            for file, process, age, command in rows(found, "aptlock", 4)
            if _all_int(process, age)
        ),
        apt_runs=tuple(name for (name,) in rows(found, "aptrun", 1)),
        reboot=found["reboot"][0].strip() if found["reboot"] else None,
        listeners=tuple(
            Listener(int(port), int(process), unit, name)
            for port, process, unit, name in rows(found, "listens", 4)
            if _all_int(port, process)
        ),
        certificates={
            file: int(ends) if _all_int(ends) else None
            for ends, file in rows(found, "certificate", 2)
        },
        runtimes=frozenset(name for (name,) in rows(found, "runtime", 1)),
        clients=tuple(sorted(int(major) for major in found["pgclient"] if _all_int(major))),
        tool="".join(found["tool"][:1]),
        status=_status(found["status"]),
        nginx="".join(found["nginx"][:1]).strip(),
        failed_units=tuple(name for (name,) in rows(found, "failedunit", 1)),
        migrations=tuple(name for (name,) in rows(found, "migrates", 1)),
        database=tuple(found["database"]),
        dumps=next((int(kib) for kib in found["dumps"] if _all_int(kib)), 0),
    )


def clocks(lines: list[str]) -> list[float]:
    """The host's clock at the script's start and at its end, in seconds since 1970."""
    told = (line.removeprefix("clock ") for line in lines if line.startswith("clock "))
    return [float(text) for text in told if text.replace(".", "", 1).isdecimal()]


def _all_int(*texts: str) -> bool:
    return all(text.isascii() and text.isdecimal() for text in texts)


def _status(texts: list[str]) -> dict[str, Any] | None:
    try:
        found = json.loads(texts[0])
    except (ValueError, IndexError):
        return None
    return found if isinstance(found, dict) else None

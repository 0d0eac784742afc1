"""What makes the files of `render/hardening.py` hold: for the operation that writes them."""

from collections.abc import Iterator
from shlex import quote

from higuera.facts.files import HostFiles
from higuera.facts.script import words
from higuera.operations.diff import rights
from higuera.plan.model import Effect
from higuera.render.files import SYSTEMD, File
from higuera.render.hardening import (
    LOGS_TIMER,
    MANAGER,
    MOUNTS,
    SWAP,
    SWAP_FILE,
    SWAP_TOOL,
    SYSCTL,
    UPGRADES,
    sysctl_values,
)

SWAPPING = "higuera-swap.service"
# The units that belong to a file; they have to be enabled, and to run or have run.
UNITS = {
    MOUNTS: ("higuera-mounts.service",),
    SWAP: (SWAPPING,),
    UPGRADES: ("apt-daily.timer", "apt-daily-upgrade.timer"),
    LOGS_TIMER: ("logrotate.timer",),
}
OUR_UNITS = (MOUNTS, SWAP)
# What has to run again when one of the files changed.
RESTARTS = {
    MOUNTS: "higuera-mounts.service",
    SWAP: SWAPPING,
    SWAP_TOOL: SWAPPING,
    LOGS_TIMER: "logrotate.timer",
}
# What a plan calls the program that the units of a file run.
PROGRAMS = {
    MOUNTS: "higuera-mounts",
    SWAP: "swap",
    UPGRADES: "unattended-upgrades",
    LOGS_TIMER: "logrotate",
}
# The kernel is asked, not the file alone: a value may have been set by hand. `sysctl:` differs;
# `fixed:` differs, and this host (a container) may not set it. Not with `read`, which in dash takes
# a byte at a time: of most of these files the kernel gives no more than the first.
PROBE = """grep -sH '' {files} | tr '\\t' ' ' | grep -vxF {wanted} |
    while IFS=: read -r file now; do
        [ -w "$file" ] && echo "sysctl:${{file#/proc/sys/}}" || echo "fixed:${{file#/proc/sys/}}"
    done"""
# Once the deploy is over: an upgrade restarts what it replaces, sshd for one.
FIRST_UPGRADE = (
    "systemctl is-active --quiet higuera-first-upgrade.timer || systemd-run --quiet "
    "--collect --unit=higuera-first-upgrade --on-active=5min "
    "/bin/systemctl --no-block start apt-daily-upgrade.service"
)


def units_of(files: list[File]) -> list[str]:
    """The units whose state has to be known."""
    paths = [file.path for file in files]
    return [unit for path, units in UNITS.items() if path in paths for unit in units]


def probe_of(files: list[File]) -> str:
    """Shell that prints which values the kernel does not have; empty where none is wanted."""
    values = {}
    for file in files:
        if file.path == SYSCTL:
            values = sysctl_values(file.text)
    if not values:
        return ""
    wanted = " ".join(f"-e {quote(f'/proc/sys/{key}:{value}')}" for key, value in values.items())
    return PROBE.format(files=words(f"/proc/sys/{key}" for key in values), wanted=wanted)


def checks_of(stale: list[File]) -> list[str]:
    """Shell that looks at new files before they replace the old ones."""
    # A mistake there would stop every apt on the host, this deploy's next one too.
    return [
        f'APT_CONFIG="$stage/{number}" apt-config dump >/dev/null'
        for number, file in enumerate(stale)
        if file.path == UPGRADES
    ]


def commands_of(files: list[File], stale: list[File], there: HostFiles) -> list[str]:
    """Shell that makes them hold, now and after a reboot; nothing where they do."""
    changed = [file.path for file in stale]
    commands = []
    if MANAGER in changed or any(path.startswith(f"{SYSTEMD}/") for path in changed):
        commands.append("systemctl daemon-reload")
    if SYSCTL in changed or _values(there):
        commands.append(f"/lib/systemd/systemd-sysctl {SYSCTL}")
    units = {unit: there.units.get(unit, "") for unit in units_of(files)}
    if off := [unit for unit, state in units.items() if not state.endswith(" enabled")]:
        commands.append(f"systemctl --quiet unmask {words(off)}")
        commands.append(f"systemctl --quiet enable {words(off)}")
    again = [RESTARTS[path] for path in changed if path in RESTARTS]
    again += [unit for unit, state in units.items() if not _is_on(unit, state)]
    if now := [unit for unit in dict.fromkeys(again) if unit != SWAPPING]:
        commands.append(f"systemctl restart {words(now)}")
    if SWAPPING in again:  # a disk takes some seconds to write the file, and nothing waits for it
        commands.append(f"systemctl --no-block restart {SWAPPING}")
    if UPGRADES in changed and UPGRADES not in there.files:
        commands.append(FIRST_UPGRADE)
    return commands


def removal_of(absent: list[str], there: HostFiles) -> list[str]:
    """Shell that takes away what groups have left that are turned off by now."""
    left = [path for path in absent if path in there.files]
    commands = [
        f"systemctl --quiet disable --now {words(UNITS[path])}"
        for path in left
        if path in OUR_UNITS
    ]
    if left:
        swapped = [SWAP_FILE, f"{SWAP_FILE}.new"] if SWAP in left else []
        commands.append(f"rm -f {words([*left, *swapped])}")
        commands.append("systemctl daemon-reload")
    if LOGS_TIMER in left:  # as often as Debian has it
        commands.append(f"systemctl restart {RESTARTS[LOGS_TIMER]}")
    return commands


def effects(
    files: list[File], stale: list[File], left: list[str], there: HostFiles
) -> Iterator[tuple[str, Effect, str]]:
    """What a plan says of the programs of these files: name, what becomes of it, why.

    + left: paths of files that are there, of groups that are turned off by now
    """
    wanted, changed = [file.path for file in files], [file.path for file in stale]
    if SYSCTL in wanted:
        yield "sysctl", *_kernel_effect(SYSCTL in changed, _values(there))
    for path, name in PROGRAMS.items():
        if path in wanted:
            yield name, *_effect(path, changed, there)
        elif path in OUR_UNITS and path in left:
            yield name, "stops", "the settings have it off"
        elif path == LOGS_TIMER and path in left:
            yield name, "restarts", "it is as often as Debian has it"


def _kernel_effect(is_changed: bool, values: list[str]) -> tuple[Effect, str]:
    if is_changed:
        return "reloads", "its file changes"
    if values:
        return "reloads", f"these values do not hold: {', '.join(values)}"
    return "stays", "its values hold"


def _effect(path: str, changed: list[str], there: HostFiles) -> tuple[Effect, str]:
    states = {unit: there.units.get(unit, "") for unit in UNITS[path]}
    if path == UPGRADES and path not in there.files:
        return "starts", "the first ones come five minutes after the deploy"
    if not all(_is_on(unit, state) for unit, state in states.items()):
        return "starts", "it is not on, or not after a reboot"
    if any(RESTARTS.get(each) in states for each in changed):
        return "restarts", "its files change"
    return "stays", "it is on"


def undone(files: list[File], stale: list[File], there: HostFiles) -> list[str]:
    """What somebody undid by hand, in words; what comes with a new file is no such thing."""
    changed = [file.path for file in stale]
    told = []
    if (values := _values(there)) and SYSCTL not in changed:
        told.append(f"values of the kernel are not those of {SYSCTL}: {', '.join(values)}")
    for unit in units_of([file for file in files if file.path not in changed]):
        state = there.units.get(unit, "")
        if not _is_on(unit, state):
            told.append(f"{unit} should be on, and is {state or 'not known'}")
    for file in stale:
        known = there.files.get(file.path)
        if known is not None and known.sha256 == file.sha256:
            told.append(rights(file, there))
    return told


def _values(there: HostFiles) -> list[str]:
    """The values that the kernel does not have, and that this host may set."""
    mark = "sysctl:"
    return [word.removeprefix(mark) for word in there.answer.split() if word.startswith(mark)]


def fixed(there: HostFiles) -> int:
    """How many values only the machine around this container could set."""
    return sum(word.startswith("fixed:") for word in there.answer.split())


def _is_on(unit: str, state: str) -> bool:
    """Of the swap: its condition keeps it off in a container, and a disk takes a while over it."""
    is_waiting = unit == SWAPPING and state in ("inactive enabled", "activating enabled")
    return state == "active enabled" or is_waiting

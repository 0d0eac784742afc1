"""What a machine has to be for a deploy: the rules of the preflight and of `higuera doctor`."""

from higuera.facts.machine import MachineState

SUPPORTED = {"debian": ("12",)}
# What a runtime, two releases of each service and the packages take.
NEEDED_KIB = 1_500_000
# Seconds that a deploy should have for itself.
UNDISTURBED = 15 * 60


def system_problem(machine: MachineState) -> str | None:
    """Which system it runs, where that is none that Higuera deploys to."""
    if machine.version in SUPPORTED.get(machine.system, ()):
        return None
    return f"runs {machine.system} {machine.version}; Higuera deploys to Debian 12"


def systemd_problem(machine: MachineState) -> str | None:
    """Whether it is a whole VPS."""
    if machine.has_systemd:
        return None
    return "does not run systemd (a container?); Higuera needs a whole VPS"


def sudo_problem(machine: MachineState) -> str | None:
    """Whether its login user may be root without being asked."""
    if machine.may_be_root:
        return None
    return (
        f"sudo wants a password from {machine.user}; let it sudo without one "
        f"(/etc/sudoers.d: {machine.user} ALL=(ALL) NOPASSWD: ALL) or deploy as root"
    )


def disk_problem(machine: MachineState) -> str | None:
    """Whether there is room for a deploy."""
    if machine.free_kib >= NEEDED_KIB:
        return None
    return f"has {machine.free_kib // 1024} MiB of disk free and needs {NEEDED_KIB // 1024}"


def shutdown_problem(machine: MachineState) -> str | None:
    """Whether it would reboot in the middle of a deploy."""
    left = machine.shutdown_in
    if left is None or left > UNDISTURBED:
        return None
    return (
        f"reboots or shuts down in {max(left, 0) // 60} minutes (after an upgrade, or `shutdown`); "
        "deploy after that, or put it off there: sudo shutdown -c"
    )


def problems(machine: MachineState) -> list[str]:
    """All that stops a deploy, the plainest first."""
    rules = (system_problem, systemd_problem, sudo_problem, disk_problem, shutdown_problem)
    return [problem for rule in rules if (problem := rule(machine)) is not None]

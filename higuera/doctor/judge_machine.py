"""The machine: system, rights, room, memory, ports, apt."""

from higuera.build.toolchain import ARCHITECTURES
from higuera.doctor.facts import Facts
from higuera.doctor.report import Verdict, failed, ok, warning
from higuera.facts.preflight import (
    NEEDED_KIB,
    disk_problem,
    shutdown_problem,
    sudo_problem,
    system_problem,
    systemd_problem,
)

TMP_LEAST = 50_000  # KiB; apt and nginx's check write there
INODES_LEAST = 20_000  # a release of node_modules
SCARCE = 0.1  # of a file system, from which on it is worth a look
MEMORY_WANTED = 256 * 1024  # KiB, for a second colour of each service
APT_WAITS = 120  # seconds that a deploy waits for apt's lock


def system(facts: Facts) -> Verdict:
    """Debian 12 on a processor that Node comes for."""
    machine = facts.the_machine
    if problem := system_problem(machine):
        return failed(problem, "take a VPS with Debian 12")
    if machine.machine not in ARCHITECTURES:
        return failed(
            f"there is no Node for {machine.machine}", f"one of: {', '.join(sorted(ARCHITECTURES))}"
        )
    return ok(f"{machine.system.capitalize()} {machine.version}, {machine.machine}")


def systemd(facts: Facts) -> Verdict:
    """A whole VPS, and no container."""
    problem = systemd_problem(facts.the_machine)
    return failed(problem, "deploy to a VPS that boots systemd") if problem else ok("runs systemd")


def sudo(facts: Facts) -> Verdict:
    """Root, or a user who may be root without being asked."""
    machine = facts.the_machine
    if problem := sudo_problem(machine):
        what, _, advice = problem.partition("; ")
        return failed(what, advice)
    how = "root" if machine.is_root else f"{machine.user}, who may sudo without a password"
    return ok(f"logs in as {how}")


def disk(facts: Facts) -> Verdict:
    """Room where a deploy writes."""
    space = facts.there.space
    shown = ", ".join(f"{name} {free // 1024}" for name, (_, free) in space.items())
    found = f"MiB free: {shown}"
    advice = "see there: df -h; journalctl --vacuum-size=200M; apt-get clean"
    if problem := disk_problem(facts.the_machine):
        return failed(f"{problem} ({found})", advice)
    least = {"/tmp": TMP_LEAST}  # noqa: S108 - it is looked at, not written
    short = [name for name, (_, free) in space.items() if free < least.get(name, NEEDED_KIB)]
    if short:
        return failed(f"too little on {', '.join(short)} ({found})", advice)
    if any(free < size * SCARCE for size, free in space.values()):
        return warning(found, advice)
    return ok(found)


def inodes(facts: Facts) -> Verdict:
    """How many files can still be made: a full table fails as a full disk does."""
    counted = {name: pair for name, pair in facts.there.inodes.items() if pair[0]}
    if not counted:
        return ok("these file systems do not count them")
    shown = ", ".join(f"{name} {free}" for name, (_, free) in counted.items())
    advice = "see there: df -i; du --inodes -x -d 3 / | sort -n | tail"
    short = [name for name, (_, free) in counted.items() if free < INODES_LEAST]
    if any(name != "/tmp" or counted[name][1] < 100 for name in short):  # noqa: S108
        return failed(f"too few on {', '.join(short)} (free: {shown})", advice)
    if short or any(free < size * SCARCE for size, free in counted.values()):
        return warning(f"free: {shown}", advice)
    return ok(f"free: {shown}")


def memory(facts: Facts) -> Verdict:
    """Enough for two colours of each service at once."""
    told = facts.there.memory
    left = told.get("MemAvailable", 0) + told.get("SwapFree", 0)
    found = f"{left // 1024} MiB available of {told.get('MemTotal', 0) // 1024}, swap included"
    if left < MEMORY_WANTED:
        return warning(found, "a candidate runs beside what serves: add memory or swap")
    return ok(found)


def reboot(facts: Facts) -> Verdict:
    """Whether an update waits for one, or one is under way."""
    if problem := shutdown_problem(facts.the_machine):
        what, _, advice = problem.partition("; ")
        return failed(what, advice)
    asks = facts.there.reboot
    if asks is None:
        return ok("none is needed")
    return warning(
        f"one is needed ({asks or 'unnamed packages'})", "reboot at a quiet hour; services return"
    )


def apt(facts: Facts) -> Verdict:
    """Who holds a lock of apt or dpkg, and whether a deploy would have to wait for that."""
    locks = {lock.process: lock for lock in facts.there.apt_locks}
    if not locks:
        return ok("nobody holds its lock")
    found = "; ".join(
        f"held by {lock.command} (process {lock.process}, started {_ago(lock.age)} ago)"
        for lock in locks.values()
    )
    missing = facts.missing_packages
    if missing and any(lock.age > APT_WAITS for lock in locks.values()):
        return failed(
            f"{found}, and {', '.join(missing)} have to be installed",
            f"wait for its end, or end it; a deploy waits for {APT_WAITS} s and then fails",
        )
    return warning(found, "wait for its end" if missing else "a deploy needs no package now")


def dpkg(facts: Facts) -> Verdict:
    """What an interrupted apt left half done."""
    left = facts.there.unfinished
    if not left:
        return ok("nothing is half installed")
    found = f"half done: {', '.join(left)}"
    advice = "dpkg --configure -a there"
    return failed(found, advice) if facts.missing_packages else warning(found, advice)


def upgrades(facts: Facts) -> Verdict:
    """Whether Debian is upgrading itself right now."""
    if running := facts.there.apt_runs:
        return warning(
            f"{', '.join(running)} is at work, and may restart services", "deploy when it is done"
        )
    return ok("none runs")


def _ago(seconds: int) -> str:
    return f"{seconds} s" if seconds < APT_WAITS else f"{seconds // 60} min"

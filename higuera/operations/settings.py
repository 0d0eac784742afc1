"""Host settings: firewall, journald, time, hardening. One operation, since they share one fact."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from higuera.facts.files import Files
from higuera.operations import clock, firewall, hardening
from higuera.operations.diff import readable, show_diff, warn
from higuera.operations.files import write
from higuera.operations.notes import affects, prepares
from higuera.render.files import File
from higuera.render.host import JOURNALD


@operation()
def applied(
    files: list[File], absent: list[str] | None = None, keeps_time: bool = True
) -> Generator[StringCommand, None, None]:
    """Write the settings of a host and make them hold, now and after a reboot.

    + files: some of the firewall's, journald's and those that harden; without the first what an
      earlier deploy made of a firewall is taken away
    + absent: paths of files that have to be gone, with their units
    + keeps_time: whether the clock is kept right, by whichever program is there for it

    **Example:**

    .. code:: python

        settings.applied(name="Settings", files=[journald_file(stack), firewall_file([22])])
    """
    gone, suspects = absent or [], firewall.suspects(files)
    probes = [firewall.probe_of(files), hardening.probe_of(files)]
    probes += [clock.PROBE] if keeps_time else []
    there = host.get_fact(
        Files,
        paths=[*(file.path for file in files), *gone, *suspects],
        units=[*([clock.UNIT] if keeps_time else []), firewall.RULES, *hardening.units_of(files)],
        contents=[*readable(host, files), *suspects],
        probe="; ".join(filter(None, probes)),
    )
    stale = there.stale(files) + firewall.emptied(files, there)
    show_diff(host, stale, there)
    checks = hardening.checks_of(stale) + firewall.checks_of(stale)
    after = clock.commands_of(there) if keeps_time else []
    after += firewall.commands_of(files, stale, there)
    told = [*firewall.told(files, stale, there), *hardening.undone(files, stale, there)]
    told += clock.told(there) if keeps_time else []
    for what in told:
        warn(host, what)
    after += hardening.commands_of(files, stale, there)
    after += hardening.removal_of(gone, there)
    unwanted = [path for path in gone if path in there.files]
    prepares(host, "file", "remove", unwanted)
    if JOURNALD in [*(file.path for file in stale), *unwanted]:
        affects(host, "journald", "restarts", "its limits change")
        after.append("systemctl restart systemd-journald.service")
    elif JOURNALD in [file.path for file in files]:
        affects(host, "journald", "stays", "its limits hold")
    if effect := firewall.effect(files, stale, there):
        affects(host, "firewall", *effect)
    if keeps_time:
        affects(host, "timesyncd", *clock.effect(there))
    for program in hardening.effects(files, stale, unwanted, there):
        affects(host, *program)
    if not stale and not after:
        host.noop("settings hold")
        return
    if left := hardening.fixed(there):
        host.log(f"{left} values of the kernel are for the machine around this container to set")
    yield write(stale, check="\n".join(checks), after="\n".join(after))

"""Host settings: firewall, journald, time, hardening. One operation, since they share one fact."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from higuera.facts.files import Files
from higuera.operations import hardening
from higuera.operations.diff import readable, show_diff, warn
from higuera.operations.files import write
from higuera.render.files import File
from higuera.render.host import FIREWALL, JOURNALD

TIME = "systemd-timesyncd.service"
RULES = "nftables.service"
# Whether the kernel holds just the rules of the file: these are loaded once more, in a network
# namespace of their own, and both are listed without counters and what dynamic sets hold.
LIST = "nft --stateless --terse list table inet higuera 2>/dev/null"
LOADED = (
    f"is=$({LIST}) && should=$(unshare --net sh -c 'nft -f {FIREWALL} && {LIST}') && "
    '[ "$is" = "$should" ] && echo loaded'
)


@operation()
def applied(
    files: list[File], absent: list[str] | None = None
) -> Generator[StringCommand, None, None]:
    """Write the settings of a host and make them hold, now and after a reboot.

    + files: some of the firewall's, journald's and those that harden; without the first no
      firewall is touched
    + absent: paths of files that have to be gone, with their units

    **Example:**

    .. code:: python

        settings.applied(name="Settings", files=[journald_file(stack), firewall_file([22])])
    """
    gone = absent or []
    there = host.get_fact(
        Files,
        paths=[*(file.path for file in files), *gone],
        units=[TIME, RULES, *hardening.units_of(files)],
        contents=readable(host, files),
        probe="; ".join(filter(None, [LOADED, hardening.probe_of(files)])),
    )
    stale = there.stale(files)
    show_diff(host, stale, there)
    checks, after = hardening.checks_of(stale), []
    paths, changed = [file.path for file in files], [file.path for file in stale]
    if JOURNALD in changed:
        after.append("systemctl restart systemd-journald.service")
    if not there.units.get(TIME, "").endswith("enabled"):
        after.append(f"systemctl --quiet enable --now {TIME}")
    if FIREWALL in paths:
        if FIREWALL in changed:
            checks.append(f'nft -c -f "$stage/{changed.index(FIREWALL)}"')
        if FIREWALL in changed or "loaded" not in there.answer.split():
            after.append(f"nft -f {FIREWALL}")
        if there.units.get(RULES) != "active enabled":
            after.append(f"systemctl --quiet enable --now {RULES}")
        if FIREWALL not in changed and "loaded" not in there.answer.split():
            warn(host, f"the firewall does not hold the rules of {FIREWALL}")
    for what in hardening.undone(files, stale, there):
        warn(host, what)
    after += hardening.commands_of(files, stale, there)
    after += hardening.removal_of(gone, there)
    if not stale and not after:
        host.noop("settings hold")
        return
    if left := hardening.fixed(there):
        host.log(f"{left} values of the kernel are for the machine around this container to set")
    yield write(stale, check="\n".join(checks), after="\n".join(after))

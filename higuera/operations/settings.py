"""Host settings: firewall, journald, time. One operation, since they share one fact."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from higuera.facts.files import Files
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
def applied(files: list[File]) -> Generator[StringCommand, None, None]:
    """Write the settings of a host and make them hold, now and after a reboot.

    + files: some of the firewall's and journald's; without the first no firewall is touched

    **Example:**

    .. code:: python

        settings.applied(name="Settings", files=[journald_file(stack), firewall_file([22])])
    """
    there = host.get_fact(
        Files,
        paths=[file.path for file in files],
        units=[TIME, RULES],
        contents=readable(host, files),
        probe=LOADED,
    )
    stale = there.stale(files)
    show_diff(host, stale, there)
    checks, after = [], []
    if JOURNALD in [file.path for file in stale]:
        after.append("systemctl restart systemd-journald.service")
    if not there.units.get(TIME, "").endswith("enabled"):
        after.append(f"systemctl --quiet enable --now {TIME}")
    if FIREWALL in [file.path for file in files]:
        stale_paths = [file.path for file in stale]
        if FIREWALL in stale_paths:
            checks.append(f'nft -c -f "$stage/{stale_paths.index(FIREWALL)}"')
        if FIREWALL in stale_paths or there.answer != "loaded":
            after.append(f"nft -f {FIREWALL}")
        if there.units.get(RULES) != "active enabled":
            after.append(f"systemctl --quiet enable --now {RULES}")
        if FIREWALL not in stale_paths and there.answer != "loaded":
            warn(host, f"the firewall does not hold the rules of {FIREWALL}")
    if not stale and not after:
        host.noop("settings hold")
        return
    yield write(stale, check="\n".join(checks), after="\n".join(after))

"""Who keeps the clock right: systemd-timesyncd, where no other program does."""

from higuera.facts.files import HostFiles
from higuera.facts.packages import OTHER_CLOCK
from higuera.plan.model import Effect
from higuera.spec.packages import TIMESYNCD

UNIT = f"{TIMESYNCD}.service"
OTHER, AROUND = "clock:other", "clock:around"
# A container has the clock of the machine around it, so systemd starts nothing there to set it.
PROBE = f"{OTHER_CLOCK} && echo {OTHER}; systemd-detect-virt --quiet --container && echo {AROUND}"


def commands_of(there: HostFiles) -> list[str]:
    """Shell that has the clock kept right, now and after a reboot; nothing where it is."""
    if _is_kept(there):
        return []
    return [f"systemctl --quiet unmask {UNIT}", f"systemctl --quiet enable --now {UNIT}"]


def effect(there: HostFiles) -> tuple[Effect, str]:
    """What a plan says of it."""
    state = there.units.get(UNIT, "")
    if not _is_kept(there):
        return "starts", f"it is {state}" if " " in state else "nothing keeps the clock right"
    known = there.answer.split()
    if OTHER in known:
        return "stays", "another program keeps the clock right"
    return "stays", "the machine around does it" if AROUND in known else "it keeps the clock right"


def told(there: HostFiles) -> list[str]:
    """Whether somebody turned it off by hand; that it is not installed yet is no such thing."""
    state = there.units.get(UNIT, "")
    return [] if _is_kept(there) or " " not in state else [f"{UNIT} should be on, and is {state}"]


def _is_kept(there: HostFiles) -> bool:
    state, known = there.units.get(UNIT), there.answer.split()
    is_around = AROUND in known and state == "inactive enabled"
    return OTHER in known or is_around or state == "active enabled"

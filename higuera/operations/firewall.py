"""The firewall's rules, in the kernel and at each boot; or none of them once it is turned off."""

from higuera.facts.files import HostFiles
from higuera.plan.model import Effect
from higuera.render.files import File
from higuera.render.host import FIREWALL, firewall_left

RULES = "nftables.service"
TABLE = "table inet higuera"
# Whether the kernel holds just the rules of the file: these are loaded once more, in a network
# namespace of their own, and both are listed without counters and what dynamic sets hold.
LIST = f"nft --stateless --terse list {TABLE} 2>/dev/null"
LOADED = (
    f"is=$({LIST}) && should=$(unshare --net sh -c 'nft -f {FIREWALL} && {LIST}') && "
    '[ "$is" = "$should" ] && echo loaded'
)
# Whether the kernel still holds what an earlier deploy loaded.
LEFT = f"nft list {TABLE} >/dev/null 2>&1 && echo left"


def probe_of(files: list[File]) -> str:
    """Shell that prints `loaded`; or `left`, where no firewall is wanted."""
    return LOADED if _is_wanted(files) else LEFT


def suspects(files: list[File]) -> list[str]:
    """The file of which the text has to be known: where none is wanted, it may hold our rules."""
    return [] if _is_wanted(files) else [FIREWALL]


def emptied(files: list[File], there: HostFiles) -> list[File]:
    """The file that takes the place of our rules where no firewall is wanted."""
    if _is_wanted(files) or FIREWALL not in there.files:
        return []
    lines = (there.files[FIREWALL].text or "").splitlines()
    return [firewall_left()] if any(line.startswith(TABLE) for line in lines) else []


def checks_of(stale: list[File]) -> list[str]:
    """Shell that looks at new rules before they replace the old ones."""
    return [
        f'nft -c -f "$stage/{number}"' for number, file in enumerate(stale) if file.path == FIREWALL
    ]


def commands_of(files: list[File], stale: list[File], there: HostFiles) -> list[str]:
    """Shell that makes it hold, now and after a reboot; nothing where it does."""
    if not _is_wanted(files):
        # Only our table: nftables.service, when it stops, would flush those of others too.
        return [f"nft delete {TABLE}"] if "left" in _words(there) else []
    commands = []
    if FIREWALL in [file.path for file in stale] or not _is_loaded(there):
        commands.append(f"nft -f {FIREWALL}")
    if there.units.get(RULES) != "active enabled":
        commands.append(f"systemctl --quiet enable --now {RULES}")
    return commands


def effect(files: list[File], stale: list[File], there: HostFiles) -> tuple[Effect, str] | None:
    """What a plan says of it; None where there is none and none was."""
    if not _is_wanted(files):
        return ("stops", "settings.firewall is off") if "left" in _words(there) else None
    if FIREWALL in [file.path for file in stale] or not _is_loaded(there):
        return "reloads", "the kernel does not hold its rules yet"
    return "stays", "its rules hold"


def told(files: list[File], stale: list[File], there: HostFiles) -> list[str]:
    """What its owner should know: somebody undid it by hand, or it is about to go."""
    if not _is_wanted(files):
        if "left" in _words(there) or FIREWALL in [file.path for file in stale]:
            return ["settings.firewall is off: the rules go, whatever listens can be reached"]
    elif FIREWALL not in [file.path for file in stale] and not _is_loaded(there):
        return [f"the firewall does not hold the rules of {FIREWALL}"]
    return []


def _is_wanted(files: list[File]) -> bool:
    return FIREWALL in [file.path for file in files]


def _is_loaded(there: HostFiles) -> bool:
    return "loaded" in _words(there)


def _words(there: HostFiles) -> list[str]:
    return there.answer.split()

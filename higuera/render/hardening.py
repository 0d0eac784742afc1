"""Files that harden a host and keep it up to date, a group of `settings.hardening` each."""

from collections.abc import Iterator
from pathlib import Path

from higuera.render.files import File
from higuera.render.template import render
from higuera.spec.hardening import Upgrades
from higuera.spec.stack import Settings, Stack

# After 99-sysctl.conf, which is Debian's way to /etc/sysctl.conf and what a provider wrote there.
SYSCTL = "/etc/sysctl.d/99-zz-higuera.conf"
MODULES = "/etc/modprobe.d/higuera.conf"
LIMITS = "/etc/security/limits.d/90-higuera.conf"
COREDUMP = "/etc/systemd/coredump.conf.d/higuera.conf"
MANAGER = "/etc/systemd/system.conf.d/higuera.conf"
LOGINS = "/etc/login.defs"
PROFILE = "/etc/profile.d/higuera.sh"
BANNERS = ("/etc/issue", "/etc/issue.net")
MOUNTS = "/etc/systemd/system/higuera-mounts.service"
# After the files of Debian (20, 50), before those of whoever wants to have the last word.
UPGRADES = "/etc/apt/apt.conf.d/60higuera"
SWAP = "/etc/systemd/system/higuera-swap.service"
SWAP_TOOL = "/usr/local/lib/higuera/swap"
SWAP_FILE = "/var/lib/higuera/swap"
LOGS = "/etc/logrotate.d/nginx"
LOGS_TIMER = "/etc/systemd/system/logrotate.timer.d/higuera.conf"
OUR_FILES = (
    *(SYSCTL, MODULES, LIMITS, COREDUMP, MANAGER, PROFILE, MOUNTS, UPGRADES, SWAP, SWAP_TOOL),
    LOGS_TIMER,
)

# What `swap: auto` does: in MiB how much, and in KiB how much memory is enough without.
AUTO_SWAP = 1024
ENOUGH_MEMORY = 2_000_000
# In MiB, by the letter of a size.
UNITS = {"M": 1, "G": 1024}

# Protocols, buses and file systems that had holes and that no web server uses; not udf, which Azure
# hands a new machine its settings on, nor squashfs (snap) and vfat (EFI).
NEVER_LOADED = (
    *("dccp", "sctp", "rds", "tipc", "ax25", "netrom", "x25", "appletalk", "can", "atm"),
    *("cramfs", "freevxfs", "hfs", "hfsplus", "jffs2"),
    *("usb-storage", "firewire-core", "firewire-ohci", "firewire-sbp2", "thunderbolt"),
)


def hardening_files(stack: Stack, project: Path | None = None) -> list[File]:
    """What the stack wants of them."""
    settings = stack.settings
    return [
        *_kernel_files(settings, project),
        *_login_files(settings, project),
        *_upgrade_files(settings, project),
        *_swap_files(settings, project),
        *_log_files(settings, project),
    ]


def _kernel_files(settings: Settings, project: Path | None) -> Iterator[File]:
    hardening = settings.hardening
    if hardening.kernel or hardening.core_dumps:
        yield File(SYSCTL, render("host/sysctl.conf.j2", project, hardening=hardening))
    if hardening.modules:
        yield File(MODULES, render("host/modprobe.conf.j2", project, modules=NEVER_LOADED))
    if hardening.core_dumps:
        yield File(LIMITS, render("host/limits.conf.j2", project))
        yield File(COREDUMP, render("host/coredump.conf.j2", project))
        yield File(MANAGER, render("host/system.conf.j2", project))
    if hardening.mounts:
        yield File(MOUNTS, render("host/mounts.service.j2", project))


def _login_files(settings: Settings, project: Path | None) -> Iterator[File]:
    hardening = settings.hardening
    if hardening.logins:
        yield File(LOGINS, render("host/login.defs.j2", project))
    if hardening.logins or hardening.core_dumps:
        yield File(PROFILE, render("host/profile.sh.j2", project, hardening=hardening))
    if hardening.banner:
        text = render("host/issue.j2", project)
        yield from (File(path, text) for path in BANNERS)


def _upgrade_files(settings: Settings, project: Path | None) -> Iterator[File]:
    if isinstance(settings.upgrades, Upgrades):
        text = render("host/upgrades.conf.j2", project, upgrades=settings.upgrades)
        yield File(UPGRADES, text)


def _swap_files(settings: Settings, project: Path | None) -> Iterator[File]:
    if settings.swap is False:
        return
    is_auto = settings.swap == "auto"
    mib = AUTO_SWAP if is_auto else int(settings.swap[:-1]) * UNITS[settings.swap[-1]]
    yield File(SWAP, render("host/swap.service.j2", project, file=SWAP_FILE, tool=SWAP_TOOL))
    yield File(
        SWAP_TOOL,
        render(
            "host/swap.sh.j2",
            project,
            file=SWAP_FILE,
            mib=mib,
            is_auto=is_auto,
            enough=ENOUGH_MEMORY,
        ),
        mode="0755",
    )


def _log_files(settings: Settings, project: Path | None) -> Iterator[File]:
    if settings.logs is False:
        return
    yield File(LOGS, render("host/logrotate.j2", project, logs=settings.logs))
    yield File(LOGS_TIMER, render("host/logrotate-timer.conf.j2", project))


def sysctl_values(text: str) -> dict[str, str]:
    """Value by path below /proc/sys, of a file for sysctl.d(5)."""
    found = {}
    for line in text.splitlines():
        key, is_set, value = line.partition("=")
        if is_set and not line.startswith(("#", ";")):
            found[key.strip().lstrip("-").replace(".", "/")] = value.strip()
    return found

"""What is written into a guest: once into the shared base, and into each VPS for who it is.

Pure: paths and texts. The base imitates a freshly rented VPS; what differs from one, and why, is
said beside each file.
"""

import ipaddress
from collections.abc import Iterable

from higuera.sandbox.model import Config

INCLUDE = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "python3-minimal",
    "sudo",
    "ca-certificates",
    "iproute2",
    "ifupdown",
    "procps",
    # what a provider's image of Debian has as well
    "logrotate",
    "unattended-upgrades",
)

# 99: a drop-in of the deploy under test sorts before it, and sshd keeps the first value it reads.
# VERBOSE writes the `Starting session` lines that tests count.
SSHD = """\
PermitRootLogin prohibit-password
LogLevel VERBOSE
MaxSessions 50
MaxStartups 100
"""

# apt-get keeps downloaded packages by default, apt does not; the sandbox collects them. Enable "0":
# upgrades would take the dpkg lock at a random moment of a test; their timers run all the same.
APT = """\
APT::Periodic::Enable "0";
APT::Keep-Downloaded-Packages "true";
Binary::apt::APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none";
"""

# As new as a provider's image would be; nothing is started here, on another machine's kernel.
UPGRADE = """\
set -eu
trap 'rm -f /usr/sbin/policy-rc.d; umount /proc' EXIT
mount -t proc proc /proc
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
rm -f /etc/apt/sources.list
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y dist-upgrade >/dev/null
"""

# Without /var/log/journal the journal stays in memory. Package lists are removed because a VPS has
# stale ones. What holds up a reboot while upgrades run has nothing to wait for here.
CUSTOMISE = """\
set -eu
useradd --create-home --shell /bin/bash deploy
useradd --create-home --shell /bin/bash --groups sudo nosudo
ln -sfn /usr/share/zoneinfo/Etc/UTC /etc/localtime
systemctl mask --quiet unattended-upgrades.service
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
rm -rf /var/log/journal
apt-get clean
find /var/lib/apt/lists -type f -delete
: > /etc/machine-id
"""

USERS = {"root": "root", "deploy": "home/deploy", "nosudo": "home/nosudo"}


def base_files(sources: str, proxy: str) -> dict[str, tuple[str, int]]:
    """Return path, text and mode of the files that all guests share."""
    files = {
        "etc/ssh/sshd_config.d/99-sandbox.conf": (SSHD, 0o644),
        "etc/apt/apt.conf.d/90sandbox": (APT, 0o644),
        "etc/apt/sources.list.d/debian.sources": (sources, 0o644),
        "etc/sudoers.d/deploy": ("deploy ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440),
    }
    if proxy:
        files["etc/apt/apt.conf.d/91sandbox-proxy"] = (proxy, 0o644)
    return files


def identity_files(config: Config, resolv_conf: str) -> dict[str, str]:
    """Return path and text of the files that make a guest this VPS and no other."""
    return {
        "etc/hostname": f"{config.name}\n",
        "etc/hosts": hosts(config),
        "etc/machine-id": f"{config.machine_id}\n",
        "etc/network/interfaces": interfaces(config),
        "etc/resolv.conf": resolv_conf,
    }


def resolver(candidates: Iterable[str]) -> str:
    """Return the first resolv.conf that works in a guest: one that names no loopback server.

    systemd-resolved's /etc/resolv.conf names 127.0.0.53, which in a guest is the guest.
    """
    texts = list(candidates)
    for text in texts:
        servers = [line.split()[1] for line in text.splitlines() if line.startswith("nameserver ")]
        if servers and not any(ipaddress.ip_address(s.split("%")[0]).is_loopback for s in servers):
            return text
    return texts[0] if texts else ""


def hosts(config: Config) -> str:
    """Return the guest's /etc/hosts."""
    return (
        "127.0.0.1 localhost\n"
        f"127.0.1.1 {config.name}\n"
        "::1 localhost ip6-localhost ip6-loopback\n"
        "ff02::1 ip6-allnodes\n"
        "ff02::2 ip6-allrouters\n"
    )


def interfaces(config: Config) -> str:
    """Return the guest's /etc/network/interfaces. It skips duplicate address detection (1 s)."""
    return (
        "auto lo host0\n"
        "iface lo inet loopback\n"
        "iface host0 inet static\n"
        f"    address {config.address}/{config.prefix}\n"
        f"    gateway {config.gateway}\n"
        "iface host0 inet6 static\n"
        f"    address {config.address6}/64\n"
        "    dad-attempts 0\n"
        "    accept_ra 0\n"
    )


def known_hosts(config: Config, public_keys: Iterable[str]) -> str:
    """Return the known_hosts lines for the guest's public host keys."""
    names = f"{config.address},{config.address6},{config.name}"
    return "".join(f"{names} {' '.join(key.split()[:2])}\n" for key in public_keys)

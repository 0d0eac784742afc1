"""Files that belong to the host rather than to one service: firewall and journald."""

from collections.abc import Sequence
from pathlib import Path

from higuera.render.files import File
from higuera.render.hardening import hardening_files
from higuera.render.template import render
from higuera.spec.ssh import Ssh
from higuera.spec.stack import Stack

FIREWALL = "/etc/nftables.conf"
JOURNALD = "/etc/systemd/journald.conf.d/higuera.conf"
# What takes the place of our rules once the firewall is off: Debian has it executable, and
# nftables.service reads it at boot.
LEFT = """#!/usr/sbin/nft -f
# Higuera's rules stood here until settings.firewall was turned off. What comes here now is yours.
"""


def settings_files(
    stack: Stack, ssh_ports: Sequence[int], project: Path | None = None
) -> list[File]:
    """What of the host's settings the stack wants."""
    settings = stack.settings
    files = [journald_file(stack, project), *hardening_files(stack, project)]
    return [*files, firewall_file(ssh_ports, project, settings.ssh)] if settings.firewall else files


def journald_file(stack: Stack, project: Path | None = None) -> File:
    """How much disk the journal may take."""
    return File(JOURNALD, render("host/journald.conf.j2", project, settings=stack.settings))


def firewall_file(
    ssh_ports: Sequence[int], project: Path | None = None, ssh: Ssh | None = None
) -> File:
    """Default-deny inbound. The ports on which sshd really listens always stay open."""
    values = {"ssh_ports": list(ssh_ports), "ssh": ssh or Ssh()}
    return File(FIREWALL, render("host/nftables.conf.j2", project, **values), mode="0640")


def firewall_left() -> File:
    """The same file without a rule: what a firewall leaves behind that is turned off."""
    return File(FIREWALL, LEFT, mode="0755")

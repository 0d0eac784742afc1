"""Files that belong to the host rather than to one service: firewall, journald, PostgreSQL."""

from collections.abc import Sequence
from pathlib import Path

from higuera.render.files import SYSTEMD, File
from higuera.render.hardening import OUR_FILES, hardening_files
from higuera.render.template import render
from higuera.spec.nginx import Nginx
from higuera.spec.ssh import Ssh
from higuera.spec.stack import Stack

FIREWALL = "/etc/nftables.conf"
JOURNALD = "/etc/systemd/journald.conf.d/higuera.conf"
POSTGRESQL = f"{SYSTEMD}/postgresql@.service.d/higuera.conf"
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
    files = hardening_files(stack, project)
    if settings.journal_limit:
        files.insert(0, journald_file(stack, project))
    if stack.database is not None and stack.database.provision == "local":
        files.append(File(POSTGRESQL, render("host/postgresql.conf.j2", project)))
    if settings.firewall:
        files.append(firewall_file(ssh_ports, project, settings.ssh, stack.nginx))
    return files


def unwanted(files: list[File]) -> list[str]:
    """What is turned off, or of this host no more, may have left: files that are ours alone.

    Debian's own (login.defs, issue, logrotate.d/nginx) stay as they are.
    """
    wanted = {file.path for file in files}
    return [path for path in (*OUR_FILES, JOURNALD, POSTGRESQL) if path not in wanted]


def journald_file(stack: Stack, project: Path | None = None) -> File:
    """How much disk the journal may take."""
    return File(JOURNALD, render("host/journald.conf.j2", project, settings=stack.settings))


def firewall_file(
    ssh_ports: Sequence[int],
    project: Path | None = None,
    ssh: Ssh | None = None,
    nginx: Nginx | None = None,
) -> File:
    """Default-deny inbound. The ports on which sshd really listens always stay open."""
    values = {"ssh_ports": list(ssh_ports), "ssh": ssh or Ssh(), "nginx": nginx or Nginx()}
    return File(FIREWALL, render("host/nftables.conf.j2", project, **values), mode="0640")


def firewall_left() -> File:
    """The same file without a rule: what a firewall leaves behind that is turned off."""
    return File(FIREWALL, LEFT, mode="0755")

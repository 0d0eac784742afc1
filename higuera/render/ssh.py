"""What sshd reads first, and the on-host tool that puts it there without locking anybody out."""

from pathlib import Path

from higuera.render.files import File
from higuera.render.template import render
from higuera.spec.ssh import Ssh

SSHD = "/etc/ssh/sshd_config.d/00-higuera.conf"
TOOL = "/usr/local/sbin/higuera-sshd"
BOOT = "/etc/systemd/system/higuera-sshd.service"


def ssh_files(ssh: Ssh, closes_root: bool, project: Path | None = None) -> list[File]:
    """The configuration, the tool, the unit that looks after a reboot.

    + closes_root: whether another user deploys, whoever runs this one
    """
    return [
        sshd_file(ssh, closes_root, project),
        File(TOOL, render("host/sshd.sh.j2", project, tool=TOOL, conf=SSHD), mode="0755"),
        File(BOOT, render("systemd/sshd-boot.j2", project, tool=TOOL)),
    ]


def sshd_file(ssh: Ssh, closes_root: bool, project: Path | None = None) -> File:
    """Read before every other drop-in, and sshd keeps the first value that it reads."""
    closes_root = closes_root and ssh.root == "auto"
    text = render("host/sshd.conf.j2", project, ssh=ssh, closes_root=closes_root)
    return File(SSHD, text)

"""Which lines of somebody else overrule ours, for whom, and what a deploy takes out of them."""

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from higuera.render.ssh import SSHD, TOOL, ssh_files
from higuera.spec.ssh import Ssh

FAKES = {
    "getent": "printf '%s\\n' deploy:x:1:1:::/bin/bash root:x:0:0:::/bin/sh bob:x:2:2:::/bin/bash "
    "web:x:3:3:::/usr/sbin/nologin",
    "systemctl": "exit 1",
    "systemd-run": ":",
}
DEBIAN = "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"


@dataclass
class Machine:
    """The tool, with a folder for a root."""

    root: Path

    def conf(self, text: str, name: str = "sshd_config") -> Path:
        path = self.root / "etc/ssh" / name
        path.write_text(text.replace("/etc/ssh", f"{self.root}/etc/ssh"))
        return path

    def said(self, *arguments: str | Path) -> str:
        done = subprocess.run(
            [self.root / "tool", *arguments],
            env={"PATH": f"{self.root}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        return (done.stdout + done.stderr).strip()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Our file is in place, and nothing of anybody else."""
    (tmp_path / "etc/ssh/sshd_config.d").mkdir(parents=True)
    (tmp_path / "run").mkdir()
    made = {file.path: file.text for file in ssh_files(Ssh(), closes_root=True)}
    tool = made[TOOL]
    for path in ("/etc/ssh", "/run/higuera", "/var/lib/higuera"):
        tool = tool.replace(path, f"{tmp_path}{path}")
    fake = (Path(__file__).parent / "fake_sshd.py").read_text().partition("\n")[2]
    fake = fake.replace("MAIN", f"{tmp_path}/etc/ssh/sshd_config")
    programs = {name: f"#!/bin/sh\n{body}\n" for name, body in FAKES.items()}
    for name, text in {**programs, "tool": tool, "sshd": f"#!{sys.executable}\n{fake}"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    machine = Machine(tmp_path)
    machine.conf(DEBIAN)
    machine.conf(made[SSHD], SSHD.removeprefix("/etc/ssh/"))
    return machine


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "holds"),
        ("PasswordAuthentication yes", "holds"),  # ours is read first
        ("Match User root\n PermitRootLogin yes", "permitrootlogin yes"),
        (
            "Match User deploy\n AllowTcpForwarding no",
            "allowtcpforwarding no",
        ),  # the deploy needs it
        ("Match User root\n AllowTcpForwarding no", "holds"),  # less than we give
        ("Match User bob\n PasswordAuthentication yes", "passwordauthentication yes"),
        ("Match User bob\n X11Forwarding yes", "holds"),  # no way in
        ("Match User web\n PermitTTY yes", "holds"),
        ('Match Address 10.0.0.0/8\n\tPasswordAuthentication="yes"', "passwordauthentication yes"),
        ("Match Group x\nChallengeResponseAuthentication yes", "kbdinteractiveauthentication yes"),
        ("Match Host *.example\n PermitRootLogin yes", "permitrootlogin yes"),
        (
            "Match Address 10.0.0.0/8\n PermitRootLogin without-password",
            "permitrootlogin without-password",
        ),
        ("Match Group sftponly\n AllowTcpForwarding no", "holds"),
        ("Match LocalPort 2222\n X11Forwarding yes", "holds"),
    ],
)
def test_what_overrules(machine: Machine, lines: str, said: str) -> None:
    machine.conf(f"{DEBIAN}{lines}\n")
    assert machine.said("check", "deploy", "root") == said


def test_a_way_in_that_is_not_closed_is_not_told(machine: Machine) -> None:
    machine.conf("MaxAuthTries 4\n", SSHD.removeprefix("/etc/ssh/"))
    machine.conf(f"{DEBIAN}Match User bob\n PasswordAuthentication yes\n")
    assert machine.said("check", "deploy", "root") == "holds"


def test_only_what_overrules_is_taken_out(machine: Machine) -> None:
    lines = """X11Forwarding yes
LoginGraceTime 90
Match User bob
    passwordauthentication=yes
    X11Forwarding no
Match Group sftponly
    PasswordAuthentication no
    AllowTcpForwarding no
    MaxAuthTries 3
Match Address 10.0.0.0/8
    PermitRootLogin yes
"""
    main = machine.conf(f"{DEBIAN}{lines}")
    first = machine.conf(
        "AllowTcpForwarding yes\nPasswordAuthentication no\n", "sshd_config.d/00-a.conf"
    )
    before, wanted = main.read_text(), machine.root / "wanted"
    wanted.write_text((machine.root / SSHD.lstrip("/")).read_text())
    assert machine.said("try", "60", wanted, "deploy", "root") == ""
    out = "# taken out by Higuera (settings.ssh): "
    expected = before
    for line in ("    passwordauthentication=yes", "    PermitRootLogin yes"):
        expected = expected.replace(line, out + line)
    assert main.read_text() == expected
    assert first.read_text() == f"{out}AllowTcpForwarding yes\nPasswordAuthentication no\n"
    assert "another change waits" in machine.said("confirm", "0" * 64)
    assert "waits for its proof" in machine.said("check", "deploy", "root")
    assert machine.said("confirm", hashlib.sha256(wanted.read_bytes()).hexdigest()) == ""
    assert machine.said("check", "deploy", "root") == "holds"


def test_what_the_deploy_needs_is_not_taken_from_others(machine: Machine) -> None:
    """Which of the Match blocks it is that fits the user is for the owner to see."""
    main = machine.conf(f"{DEBIAN}Match User deploy\n AllowTcpForwarding no\n")
    before, wanted = main.read_text(), machine.root / "wanted"
    wanted.write_text((machine.root / SSHD.lstrip("/")).read_text())
    said = machine.said("try", "60", wanted, "deploy", "root")
    assert "nothing was changed" in said and "allowtcpforwarding no" in said
    assert main.read_text() == before

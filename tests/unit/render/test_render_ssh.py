"""What sshd is told, key by key of `settings.ssh`; its tool is clean POSIX shell."""

import sys
from pathlib import Path

import pytest
from render_stacks import forms
from test_render_host import said

from higuera.errors import RenderError
from higuera.render.host import firewall_file
from higuera.render.ssh import BOOT, SSHD, TOOL, ssh_files, sshd_file
from higuera.spec.environment import Environment
from higuera.spec.ssh import Ssh

SHELLCHECK = Path(sys.executable).parent / "shellcheck"


def settings(ssh: Ssh, closes_root: bool = True) -> dict[str, list[str]]:
    """The lines of the configuration: keyword and its values."""
    found: dict[str, list[str]] = {}
    for line in sshd_file(ssh, closes_root).text.splitlines():
        if line and not line.startswith("#"):
            keyword, value = line.split(" ", 1)
            found.setdefault(keyword, []).append(value)
    return found


def test_nothing_is_said_twice_but_host_keys() -> None:
    said_twice = {name for name, values in settings(Ssh()).items() if len(values) > 1}
    assert said_twice == {"HostKey"}


@pytest.mark.parametrize(
    ("given", "closes_root", "keyword", "value"),
    [
        ({}, True, "PermitRootLogin", ["no"]),
        ({"root": "key"}, True, "PermitRootLogin", ["prohibit-password"]),
        ({}, False, "PermitRootLogin", ["prohibit-password"]),
        ({}, True, "PasswordAuthentication", ["no"]),
        ({}, True, "KbdInteractiveAuthentication", ["no"]),
        ({"passwords": True}, True, "PasswordAuthentication", None),
        ({"passwords": True}, True, "KbdInteractiveAuthentication", None),
        ({"tries": 6}, True, "MaxAuthTries", ["6"]),
        ({"login_grace": 90}, True, "LoginGraceTime", ["90"]),
        # the smoke checks of a candidate go through a tunnel
        ({}, True, "AllowTcpForwarding", ["local"]),
        ({"algorithms": "debian"}, True, "KexAlgorithms", None),
        ({"algorithms": "debian"}, True, "HostKey", None),
    ],
)
def test_each_key(given: dict[str, object], closes_root: bool, keyword: str, value: object) -> None:
    assert settings(Ssh.model_validate(given), closes_root).get(keyword) == value


def test_unfinished_logins_of_one_address_keep_nobody_else_out() -> None:
    told = settings(Ssh())
    (by_chance, _, _) = told["MaxStartups"][0].split(":")
    assert int(told["PerSourceMaxStartups"][0]) < int(by_chance)


def test_what_paramiko_can_do_is_allowed() -> None:
    """The deploy itself comes with paramiko."""
    from paramiko import Transport

    told, options = settings(Ssh()), Transport
    for keyword, known in (
        ("KexAlgorithms", options._preferred_kex),  # type: ignore[attr-defined]
        ("Ciphers", options._preferred_ciphers),  # type: ignore[attr-defined]
        ("MACs", options._preferred_macs),  # type: ignore[attr-defined]
        ("HostKeyAlgorithms", options._preferred_keys),  # type: ignore[attr-defined]
    ):
        assert set(told[keyword][0].split(",")) & set(known), keyword


def test_not_hardened_says_nothing() -> None:
    assert settings(Ssh(harden=False)) == {}


def test_a_project_may_override_it(tmp_path: Path) -> None:
    override = tmp_path / "templates" / "host" / "sshd.conf.j2"
    override.parent.mkdir(parents=True)
    override.write_text("Port {{ ssh.port }}\n")
    with pytest.raises(RenderError, match=r"sshd\.conf\.j2:1: .*port"):
        sshd_file(Ssh(), True, tmp_path)


def test_tool_is_clean_shell_and_knows_its_commands(tmp_path: Path) -> None:
    files = {file.path: file for file in ssh_files(Ssh(), True)}
    assert list(files) == [SSHD, TOOL, BOOT]
    tool = tmp_path / "higuera-sshd"
    tool.write_text(files[TOOL].text)
    tool.chmod(int(files[TOOL].mode, 8))
    assert said(SHELLCHECK, "-s", "sh", "-f", "gcc", tool) == ""
    usage = said(tool, "help")
    assert usage.startswith("usage: higuera-sshd COMMAND")
    for arguments in ([], ["nonsense"], ["check"], ["try", "60", "file"], ["confirm"]):
        assert said(tool, *arguments) == f"{usage}exit 2"


@pytest.mark.parametrize(("connections", "limited"), [(120, True), (0, False)])
def test_the_firewall_limits_new_connections(connections: int, limited: bool) -> None:
    text = firewall_file([22], None, Ssh(connections=connections)).text
    assert (f"over {connections}/minute burst {connections // 4} packets" in text) == limited
    assert ("@ssh_sources6" in text) == ("@ssh_sources " in text) == limited


def test_defaults_are_those_of_the_stack() -> None:
    assert forms().settings.ssh == Ssh()


@pytest.mark.parametrize(
    ("host", "closes"),
    [({}, False), ({"user": "root"}, False), ({"user": "ana"}, True)],
)
def test_root_is_closed_by_the_environment_file_alone(host: dict[str, str], closes: bool) -> None:
    """Whoever runs the deploy, and whatever his ssh configuration says: the file is the same."""
    environment = Environment.model_validate({"host": {"address": "192.0.2.1", **host}})
    assert environment.host.has_other_than_root == closes

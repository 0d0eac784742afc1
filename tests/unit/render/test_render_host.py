"""The tool is clean POSIX shell, nftables takes the firewall, and templates are found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from render_stacks import ENVIRONMENT, STACKS, forms

from higuera.errors import RenderError
from higuera.render.files import File
from higuera.render.host import firewall_file, firewall_left, journald_file
from higuera.render.template import render
from higuera.render.units import tool_file
from higuera.spec.environment import Environment
from higuera.spec.nginx import Nginx

SHELLCHECK = Path(sys.executable).parent / "shellcheck"


def said(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr + (f"exit {done.returncode}" if done.returncode else "")


@pytest.fixture(params=list(STACKS))
def tool(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tool_file(STACKS[request.param](), ENVIRONMENT)
    path = tmp_path / Path(file.path).name
    path.write_text(file.text)
    path.chmod(int(file.mode, 8))
    return path


def test_tool_is_clean_shell(tool: Path) -> None:
    assert said(SHELLCHECK, "-s", "sh", "-f", "gcc", tool) == ""
    assert said("sh", "-n", tool) == ""
    assert said("bash", "--posix", "-n", tool) == ""


def test_shellcheck_sees_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("#!/bin/sh\nrm $1\n")
    assert "SC2086" in said(SHELLCHECK, "-s", "sh", "-f", "gcc", path)


def test_tool_knows_its_commands(tool: Path) -> None:
    usage = said(tool, "help")
    assert usage.startswith(f"usage: {tool.name} COMMAND")
    assert "exit" not in usage.splitlines()[-1]
    for arguments in ([], ["nonsense"], ["switch"], ["start", "web"], ["status", "x"]):
        assert said(tool, *arguments) == f"{usage}exit 2"


def test_tool_asks_for_the_first_domain() -> None:
    named = Environment.model_validate({"host": "a", "domains": ["a.example.com", "b.example.com"]})
    assert "'Host: a.example.com'" in tool_file(forms(), named).text
    assert "'Host: localhost'" in tool_file(forms(), ENVIRONMENT).text


FIREWALLS = [firewall_file(ports) for ports in ([22], [22, 2222, 65535], [80])]
UNBOUND = firewall_file([22], nginx=Nginx(tcp_connections=False))


@pytest.mark.parametrize("file", [*FIREWALLS, UNBOUND, firewall_left()])
def test_nftables_takes_the_firewall(tmp_path: Path, file: File) -> None:
    path = tmp_path / "nftables.conf"
    path.write_text(file.text)
    assert said("unshare", "--net", nft(), "-c", "-f", path) == ""
    assert ("ct count over 512" in file.text) == (file in FIREWALLS)


def test_firewall_in_force(tmp_path: Path) -> None:
    """Loaded for real, twice, in a network of its own: other tables stay, ports are as said."""
    path = tmp_path / "nftables.conf"
    path.write_text(firewall_file([22, 2222]).text)
    script = (
        'nft=$1; "$nft" add table ip docker && "$nft" -f "$2" && "$nft" -f "$2" && '
        '"$nft" list ruleset'
    )
    rules = said("unshare", "--net", "sh", "-ec", script, "sh", nft(), path)
    assert "table ip docker" in rules
    assert rules.count("tcp dport { 22, 80, 443, 2222 } accept") == 1
    assert "policy drop;" in rules
    # what renews the host's own addresses answers a question that was asked of everybody
    assert "ip6 saddr fe80::/10 icmpv6 type mld-listener-query accept" in rules
    assert "ip6 saddr fe80::/10 udp dport 546 accept" in rules
    assert "udp sport 67 udp dport 68 accept" in rules


def nft() -> str:
    program = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin")
    if program is None:
        pytest.fail("nft is needed: apt-get install nftables")
    return program


def test_firewall_is_for_root_alone() -> None:
    assert firewall_file([22]).mode == "0640"


def test_journald_limit() -> None:
    assert "SystemMaxUse=500M\nRuntimeMaxUse=500M\n" in journald_file(forms()).text


def test_project_overrides_a_template(tmp_path: Path) -> None:
    override = tmp_path / "templates" / "host" / "journald.conf.j2"
    override.parent.mkdir(parents=True)
    override.write_text("ours {{ settings.journal_limit }}\n")
    assert journald_file(forms(), tmp_path).text == "ours 500M\n"
    assert journald_file(forms()).text != "ours 500M\n"
    assert firewall_file([22], tmp_path) == firewall_file([22])


def test_unknown_name_in_a_template_is_an_error(tmp_path: Path) -> None:
    override = tmp_path / "templates" / "host" / "journald.conf.j2"
    override.parent.mkdir(parents=True)
    override.write_text("{{ settings.nonsense }}")
    with pytest.raises(RenderError, match="nonsense"):
        render("host/journald.conf.j2", tmp_path, settings=forms().settings)

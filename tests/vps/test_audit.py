"""A hardened host and its auditors, as one story on one VPS: scored, broken by hand, mended."""

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PREFIX
from harness import HIGUERA, Project, until

from higuera import sandbox
from higuera.audit.report import AuditReport, Finding

# One story on one VPS: all of it runs on one worker, in order.
pytestmark = pytest.mark.xdist_group("audit")

NAME = "mini.test"


@pytest.fixture(scope="module")
def host(mini_base: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Without TLS, as the demo is."""
    name = f"{PREFIX}-audit"
    project = mini_base.copy(tmp_path_factory.mktemp("audit") / "project", name)
    try:
        sandbox.up(name, layer=mini_base.vps)
        yield project
    finally:
        sandbox.down(name)


def everything(host: Project) -> str:
    """All files of the host but those that a running one writes by itself."""
    own = "/proc /sys /dev /run /tmp /var/tmp /var/log /root/.cache /var/lib/logrotate"
    own += " /var/lib/systemd/timers /var/backups"
    skip = " -o ".join(f"-path {folder}" for folder in own.split())
    return host.shell(
        f"find / \\( {skip} -o -name random-seed \\) -prune -o \\( -type f -o -type l \\) "
        "-printf '%p %m %u %s %T@ %l\\n' | sort"
    )


def test_1_the_auditors_tell_a_hole_and_leave_nothing(host: Project) -> None:
    # Debian's Redis is on loopback, as the stack file says; this one is for everybody.
    host.shell("apt-get -qq update && apt-get -qq install redis-server >/dev/null 2>&1")
    assert {line.split()[3] for line in host.shell("ss -Hltn | grep :6379").splitlines()} == {
        "127.0.0.1:6379",
        "[::1]:6379",
    }
    assert host.shell("redis-cli config set bind 0.0.0.0") == "OK"
    before = everything(host)
    done = host.run(HIGUERA, "audit", "--json")
    report = AuditReport.model_validate_json(done.stdout)
    assert (done.returncode, done.stderr, report.exit_status) == (2, "", 2)
    assert everything(host) == before
    assert host.shell("ls -A /run /tmp /var/tmp | grep -iE 'audit|lynis' || true") == ""
    checks = {check.name: check for check in report.checks}
    assert checks["ports"].status == "below"
    assert checks["ports"].details == ["redis-server listens on tcp 6379 for everybody"]
    with pytest.raises(TimeoutError):  # the firewall does not let it
        socket.create_connection((host.host.address, 6379), timeout=1)
    hardened(checks["lynis"])
    units = {name for name in checks if name.startswith("unit ")}
    assert {"unit nginx", "unit mini-web-blue", "unit mini-backend-blue"} <= units
    below = [name for name, check in checks.items() if check.status == "below"]
    assert (below, checks["tls"].status) == (["ports"], "not applicable"), checks


def hardened(lynis: Finding) -> None:
    assert lynis.value is not None and lynis.value >= 80, lynis
    assert "0 warnings" in lynis.found


def test_2_every_target_is_met_with_the_certificate_of_a_private_authority(host: Project) -> None:
    host.shell("apt-get -qq purge redis-server >/dev/null")
    signed(host.folder / "inventory")
    host.environment(
        f'host: "@sandbox/{host.vps}"\nsecrets: generate\ndomains: [{NAME}]\n'
        "tls: {mode: files, certificate: leaf.pem, key: MINI_KEY, ca: ca.pem}\n"
    )
    host.extra["MINI_KEY"] = (host.folder / "inventory" / "leaf.key").read_text()
    host.deployed()
    done = host.run(HIGUERA, "audit", "--json")
    report = AuditReport.model_validate_json(done.stdout)
    assert done.returncode == 0, done.stdout
    assert {check.status for check in report.checks} == {"met"}
    hardened(next(check for check in report.checks if check.name == "lynis"))
    assert f"tls {NAME}" in [check.name for check in report.checks]


def signed(folder: Path) -> None:
    """Make an authority (ca.pem) and a pair that it signed (leaf.pem, leaf.key)."""
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-days", "30"]
    ca = [
        "-subj",
        "/CN=authority",
        "-addext",
        "keyUsage=critical,keyCertSign",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    ]
    leaf = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    leaf += ["-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.pem", "-CAkey", "ca.key"]
    for pair in (ca, [*leaf, "-keyout", "leaf.key", "-out", "leaf.pem"]):
        subprocess.run([*words, *pair], cwd=folder, check=True, capture_output=True)


HOLES = {
    "kernel": ("echo 1 >/proc/sys/net/ipv4/conf/all/log_martians; "
               "echo 1 >/proc/sys/net/ipv4/conf/all/accept_redirects"),
    "upgrades": "systemctl mask --now --quiet apt-daily-upgrade.timer",
    "cores": "rm /etc/security/limits.d/90-higuera.conf; chmod 0666 /etc/login.defs",
}  # fmt: skip


@pytest.mark.parametrize("hole", HOLES)
def test_3_what_was_set_by_hand_is_told_and_put_right(host: Project, hole: str) -> None:
    host.shell(HOLES[hole])
    assert host.plan() == ["Firewall, journal, time"]
    host.deployed()
    said = host.shell(
        "cat /proc/sys/net/ipv4/conf/all/accept_redirects; systemctl is-active "
        "apt-daily-upgrade.timer; stat -c %a /etc/login.defs /etc/security/limits.d/*"
    )
    assert said.split() == ["0", "active", "644", "644"]


def test_4_it_holds_after_a_reboot_and_nothing_changes(host: Project) -> None:
    host.reboot()
    page = "curl -so /dev/null -w '%{http_code}' http://127.0.0.1/"
    until(lambda: host.shell(page) == "200", "the page is served again")
    assert host.plan() == []
    mounts = host.shell("cat /proc/self/mounts").splitlines()
    for folder in ("/tmp", "/var/tmp", "/home", "/var/log"):
        (options,) = (line.split()[3] for line in mounts if line.split()[1] == folder)
        assert {"nosuid", "nodev"} <= set(options.split(",")), folder
    assert host.shell("systemctl show -p LimitCORE --value mini-web-blue nginx").split() == [
        "0",
        "0",
    ]
    assert host.shell("su -s /bin/sh -c 'ulimit -H -c' deploy") == "0"
    assert host.shell("systemctl --failed --plain --no-legend") == ""
    rehearsed = host.shell("unattended-upgrade --dry-run --verbose 2>&1")
    assert re.findall(r"Allowed origins are: (.*)", rehearsed) == [
        "origin=Debian,codename=bookworm-security,label=Debian-Security"
    ]


def test_5_a_group_that_is_turned_off_takes_its_files_away(host: Project) -> None:
    off = "hardening: {modules: false, mounts: false}, logs: false, journal_limit: false"
    host.edit("inventory/stack.yml", "settings: {", f"settings: {{{off}, ")
    often = "systemctl show -p TimersCalendar --value logrotate.timer"
    assert "*-*-* *:00:00" in host.shell(often)
    host.deployed()
    assert "*-*-* 00:00:00" in host.shell(often)
    gone = "/etc/modprobe.d/higuera.conf /etc/systemd/system/higuera-mounts.service "
    gone += "/etc/systemd/system/logrotate.timer.d/* /etc/systemd/journald.conf.d/*"
    assert host.shell(f"ls {gone} 2>/dev/null || true") == ""
    assert host.plan() == []


def test_6_a_relaxed_service_may_make_itself_a_sandbox(host: Project) -> None:
    """As Chromium does: a user namespace, and a root folder of its own inside."""
    page = "curl -s http://127.0.0.1/"
    say = "require('child_process').spawnSync('unshare', ['-Ur', '--root=/', 'true']).status"
    host.edit("app/web/server.js", "Mini one</h1>'", f"Mini sandbox</h1>' + {say}")
    host.deployed()
    assert host.shell(page).endswith("1")
    host.edit(
        "inventory/stack.yml",
        "port: 3000",
        "port: 3000\n    relaxed: [RestrictNamespaces, SystemCallFilter]",
    )
    host.deployed()
    assert host.shell(page).endswith("0")


def test_7_another_clock_stays_while_somebody_uses_it(host: Project) -> None:
    host.shell("apt-get -qq update && apt-get -qq install -y chrony >/dev/null")
    assert host.plan() == []
    assert "to be installed" not in host.run(HIGUERA, "doctor").stdout
    host.shell("systemctl --quiet disable --now chrony")
    assert "to be installed: systemd-timesyncd" in host.run(HIGUERA, "doctor").stdout
    assert host.plan() == ["Packages", "Firewall, journal, time"]
    host.deployed()
    assert host.plan() == []
    assert host.shell("systemctl is-enabled systemd-timesyncd") == "enabled"

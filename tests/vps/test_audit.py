"""A hardened host and its auditors, as one story on one VPS: scored, broken by hand, mended."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import PREFIX
from harness import HIGUERA, Project, until

from higuera import sandbox
from higuera.audit.report import AuditReport

# One story on one VPS: all of it runs on one worker, in order.
pytestmark = pytest.mark.xdist_group("audit")

LYNIS = "lynis"


@pytest.fixture(scope="module")
def host(mini_base: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    name = f"{PREFIX}-audit"
    project = mini_base.copy(tmp_path_factory.mktemp("audit") / "project", name)
    try:
        sandbox.up(name, layer=mini_base.vps)
        yield project
    finally:
        sandbox.down(name)


def audited(host: Project) -> tuple[int, dict[str, Any]]:
    """Its exit status, and the findings by name."""
    done = host.run(HIGUERA, "audit", "--json")
    report = AuditReport.model_validate_json(done.stdout)
    assert done.returncode == report.exit_status
    return done.returncode, {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def everything(host: Project) -> str:
    """All files of the host but those that a running one writes by itself."""
    own = "/proc /sys /dev /run /tmp /var/tmp /var/log /root/.cache"
    skip = " -o ".join(f"-path {folder}" for folder in own.split())
    return host.ssh(
        f"find / \\( {skip} -o -name random-seed \\) -prune -o \\( -type f -o -type l \\) "
        "-printf '%p %m %u %s %T@ %l\\n' | sort"
    )


def memory(host: Project) -> str:
    """What lies in /run and /tmp, by name."""
    return host.ssh("ls -A /run /tmp /var/tmp | grep -iE 'audit|lynis' || true")


@contextmanager
def broken(host: Project, how: str) -> Iterator[None]:
    """By hand; the next deploy puts it right."""
    host.ssh(how)
    assert host.plan() == ["Firewall, journal, time"]
    yield
    host.deployed()
    assert host.plan() == []


def test_1_the_auditors_are_content_and_leave_nothing(host: Project) -> None:
    before = everything(host)
    started = time.monotonic()
    _, checks = audited(host)
    assert time.monotonic() - started < 90
    assert everything(host) == before
    assert memory(host) == ""
    assert checks[LYNIS]["status"] == "met", checks[LYNIS]
    assert checks[LYNIS]["value"] >= 80
    assert checks["ports"]["status"] == "met", checks["ports"]
    for name in ("ssh-audit", "gixy", "unit nginx", "unit mini-web-blue"):
        assert checks[name]["value"] is not None, checks[name]


def test_2_what_was_set_by_hand_is_told_and_put_right(host: Project) -> None:
    loose = "/proc/sys/net/ipv4/conf/all/accept_redirects"
    with broken(host, f"echo 1 >{loose}"):
        pass
    assert host.ssh(f"cat {loose}") == "0"
    with broken(host, "systemctl disable --now --quiet apt-daily-upgrade.timer"):
        pass
    assert host.ssh("systemctl is-active apt-daily-upgrade.timer") == "active"
    with broken(host, "rm /etc/security/limits.d/90-higuera.conf; mount -o remount,suid /var/tmp"):
        pass
    with broken(host, "systemctl stop higuera-mounts; chmod 0666 /etc/login.defs"):
        pass
    assert "nosuid,nodev" in host.ssh("grep ' /var/tmp ' /proc/self/mounts")
    assert host.ssh("sh -c 'ulimit -c' </dev/null; systemctl show -p LimitCORE mini-web-blue")


def test_3_a_hole_is_a_missed_target(host: Project) -> None:
    host.ssh("systemd-run --quiet --unit=hole systemd-socket-activate -l 0.0.0.0:5432 /bin/cat")
    until(lambda: ":5432 " in host.ssh("ss -Hltn"), "somebody listens", 10)
    done = host.run(HIGUERA, "audit")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "listens on tcp 5432 for everybody" in done.stdout
    assert "a target is missed: " in done.stdout.splitlines()[-1]

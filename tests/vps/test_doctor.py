"""`higuera doctor` as one story on one VPS: bare, broken in many ways, deployed, broken again."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import PREFIX
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from harness import HIGUERA, Project, until

from higuera import sandbox

# One story on one VPS: all of it runs on one worker, in order.
pytestmark = pytest.mark.xdist_group("doctor")

SECRET = "canary-first"
OWNER = '{"actor": "bob@ci", "since": "2026-01-01T00:00:00Z", "what": "deploy of ab12cd3"}'


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    name = f"{PREFIX}-doctor"
    project = Project.mini(tmp_path_factory.mktemp("doctor") / "project", name)
    try:
        sandbox.up(name)
        yield project
    finally:
        if name in [vps.name for vps in sandbox.listing()]:
            sandbox.down(name)


def visit(project: Project) -> tuple[int, dict[str, dict[str, Any]]]:
    """Its exit status, and its findings by name; no secret in any of it."""
    done = project.run(HIGUERA, "doctor", "--json")
    assert SECRET not in done.stdout + done.stderr
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["deployable"] == (done.returncode == 0)
    return done.returncode, {check["name"]: check for check in report["checks"]}


def finds(project: Project, name: str, status: str, *words: str) -> dict[str, dict[str, Any]]:
    """One thing is broken: the check of that name says so, and the exit status fits."""
    code, checks = visit(project)
    found = checks[name]
    assert found["status"] == status, found
    for word in words:
        assert word in f"{found['found']} {found['advice']}", found
    failing = [check for check in checks.values() if check["status"] == "failed"]
    assert [check["name"] for check in failing] == ([name] if status == "failed" else [])
    assert code == (1 if status == "failed" else 0)
    return checks


def is_held(project: Project, lock: str) -> bool:
    return project.shell(f"flock --nonblock {lock} true || echo held") == "held"


@contextmanager
def broken(project: Project, how: str, again: str) -> Iterator[None]:
    project.shell(how)
    try:
        yield
    finally:
        project.shell(again)


@contextmanager
def reached_by(project: Project, **host: Any) -> Iterator[None]:
    """The environment file says something else of the host."""
    project.environment(f"host: {json.dumps(host)}\nsecrets: generate\n")
    try:
        yield
    finally:
        project.environment()


def test_1_a_bare_vps_can_be_deployed_to(patient: Project) -> None:
    code, checks = visit(patient)
    assert code == 0, checks
    assert "failed" not in {check["status"] for check in checks.values()}
    for name in ("ssh", "clock", "system", "systemd", "sudo", "disk", "inodes", "apt lock", "dpkg"):
        assert checks[name]["status"] == "ok", checks[name]
    assert checks["port 80"]["found"] == "80 can be reached; nothing listens there yet"
    assert "to be installed" in checks["versions"]["found"]
    for name in ("lock", "cutover", "units", "database"):
        assert checks[name]["status"] == "not checked"
        assert checks[name]["found"] == "the app was never deployed here"
    plain = patient.run(HIGUERA, "doctor")
    assert plain.returncode == 0
    assert len(plain.stdout.splitlines()) == len(checks) + 1


def test_2_it_is_told_what_is_full(patient: Project) -> None:
    few = "mount -t tmpfs -o size=4G,nr_inodes=60 few /srv"
    with broken(patient, few, "umount /srv"):
        finds(patient, "inodes", "failed", "too few on /srv", "df -i")
    with broken(patient, "mount -t tmpfs -o size=1M full /srv", "umount /srv"):
        finds(patient, "disk", "failed", "disk free and needs", "/srv 1", "df -h")


def test_3_it_is_told_who_is_in_the_way(patient: Project) -> None:
    hold = "systemd-run --quiet --unit=hog flock /var/lib/dpkg/lock-frontend sleep 600"
    with broken(patient, hold, "systemctl stop hog"):
        until(lambda: is_held(patient, "/var/lib/dpkg/lock-frontend"), "the lock is held", 10)
        finds(patient, "apt lock", "warning", "flock /var/lib/dpkg/lock-frontend", "process ")
    sit = "systemd-run --quiet --unit=squatter systemd-socket-activate -l 127.0.0.1:3000 /bin/cat"
    with broken(patient, sit, "systemctl stop squatter"):
        until(lambda: ":3000 " in patient.shell("ss -Hltn"), "somebody listens", 10)
        finds(patient, "ports", "failed", "3000 for web (blue)", "squatter.service", "ss -ltnp")
    half = "touch /var/lib/dpkg/updates/0001"
    with broken(patient, half, "rm /var/lib/dpkg/updates/0001"):
        finds(patient, "dpkg", "failed", "dpkg --configure -a")
    with broken(patient, "touch /run/reboot-required", "rm /run/reboot-required"):
        finds(patient, "reboot", "warning", "reboot at a quiet hour")


def test_4_it_is_told_why_ssh_fails(patient: Project, tmp_path: Path) -> None:
    vps = patient.host
    known = {"address": vps.address, "user": "root", "key": str(vps.key)}
    with reached_by(patient, **known):
        finds(patient, "ssh", "warning", "host key is not known here (SHA256:")
    with reached_by(patient, **known, port=2):
        checks = finds(patient, "ssh", "failed", "nothing listens on that port", "host.port")
        assert checks["disk"] == {
            "name": "disk",
            "status": "not checked",
            "found": "ssh failed",
            "advice": "",
        }
    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    with reached_by(patient, **{**known, "key": str(key)}):
        code, checks = visit(patient)
        assert (code, checks["ssh"]["status"]) == (1, "failed")
    with reached_by(patient, address=f"@sandbox/{patient.vps}", user="nosudo"):
        checks = finds(patient, "sudo", "failed", "password from nosudo", "NOPASSWD")
        assert checks["ports"]["found"] == "sudo wants a password, and only root can see it"
        assert checks["disk"]["status"] == "ok"
    with reached_by(patient, address=f"@sandbox/{patient.vps}", user="deploy"):
        finds(patient, "sudo", "ok", "deploy, who may sudo")


def test_5_a_converged_vps_is_well_and_left_alone(patient: Project) -> None:
    patient.deployed()
    before = patient.snapshot()
    sessions = patient.executions()
    started = time.monotonic()
    code, checks = visit(patient)
    took = time.monotonic() - started
    assert code == 0
    assert patient.executions() - sessions == 1, "one round trip"
    assert patient.snapshot() == before
    for name in (
        "tool",
        "lock",
        "cutover",
        "migration",
        "units",
        "ports",
        "port 80",
        "versions",
        "nginx",
    ):
        assert checks[name]["status"] == "ok", checks[name]
    assert "node-22.23.3" in checks["versions"]["found"]
    assert took < 30, "about 2 s where nobody else uses the machine"


def test_6_what_is_open_on_a_converged_vps_is_told(patient: Project) -> None:
    hold = (
        f"echo '{OWNER}' >/run/higuera/mini.lock.owner; "
        "systemd-run --quiet --unit=deployer flock /run/higuera/mini.lock sleep 600"
    )
    with broken(patient, hold, "systemctl stop deployer; rm -f /run/higuera/mini.lock.owner"):
        until(lambda: is_held(patient, "/run/higuera/mini.lock"), "the lock is held", 10)
        finds(patient, "lock", "failed", "bob@ci", "deploy of ab12cd3")
    with broken(patient, "systemctl stop nginx", "systemctl start nginx"):
        checks = finds(patient, "port 80", "warning", "refuses", "systemctl status nginx")
        assert checks["nginx"]["found"].endswith(": inactive enabled")
        assert "nginx     does not run" in patient.run(HIGUERA, "status").stdout
    masked = "systemctl --quiet mask --now nginx"
    with broken(patient, masked, "systemctl --quiet unmask nginx && systemctl start nginx"):
        finds(patient, "nginx", "failed", "masked", "systemctl unmask nginx")
        assert json.loads(patient.run(HIGUERA, "status", "--json").stdout)["nginx"] == (
            "inactive masked"
        )
        assert patient.deploy("-y").returncode == 1
    with broken(patient, "echo '#' >>/usr/local/sbin/higuera-mini", "true"):
        finds(patient, "tool", "warning", "the next deploy replaces it")


def test_7_an_expired_certificate(patient: Project) -> None:
    patient.shell(
        "mkdir -p /etc/nginx/conf.d; echo 'ssl_certificate old.pem;' >/etc/nginx/conf.d/old.conf; "
        f"cat >/etc/nginx/old.pem <<'PEM'\n{expired_certificate()}PEM"
    )
    finds(patient, "certificates", "failed", "/etc/nginx/old.pem has expired", "renew")
    patient.shell("rm /etc/nginx/conf.d/old.conf /etc/nginx/old.pem")


def expired_certificate() -> str:
    """Self-signed, good until yesterday; the `openssl` of Debian 12 makes none of the past."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now - timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def test_8_sshd_is_stopped(patient: Project) -> None:
    patient.shell(
        "systemctl stop ssh.socket 2>/dev/null; systemctl --no-block stop ssh; true", check=False
    )
    until(lambda: visit(patient)[1]["ssh"]["status"] == "failed", "sshd is gone", 15)
    checks = finds(patient, "ssh", "failed", "refuses the connection", "start sshd there")
    assert checks["port 80"]["status"] == "ok", "what can be seen from here still is"
    assert checks["lock"]["found"] == "ssh failed"

"""Who gets in: sshd and the firewall as an auditor and a stranger see them, and no lock-out."""

import json
import shlex
import socket
import subprocess

import paramiko
import pytest
from aftermath import refused, struck
from harness import BIN, HIGUERA, Project, until
from knocking import knock, open_ports, outside

from higuera import sandbox
from higuera.sandbox import Vps
from higuera.sandbox.network import address6

PENDING = "/var/lib/higuera/sshd/before"
OURS = "/etc/ssh/sshd_config.d/00-higuera.conf"
LISTENER = (
    "systemd-run --quiet --collect --unit=by-hand python3 -c 'import socket; "
    's = socket.create_server(("::", 9999), family=socket.AF_INET6, dualstack_ipv6=True); '
    "[s.accept() for _ in iter(int, 1)]'"
)
KNOWN = "[22, 80, 9999]"
LISTENS = "ListenAddress 0.0.0.0:22\\nListenAddress [::]:22\\nListenAddress 0.0.0.0:2222\\n"
# A program that waits, once, in the middle of the change of sshd.
HOLD = f"""#!/bin/sh
name=$(basename "$0")
[ -d {PENDING} ] && pending=yes || pending=no
case "$pending $name $*" in
$(cat /run/hold 2>&-)) touch /run/held; while [ -e /run/hold ]; do sleep 0.1; done ;;
esac
PATH=/usr/sbin:/usr/bin:/sbin:/bin exec "$name" "$@"
"""
# Where: is a change pending, which command; and the value that is there in the end.
STEPS = [
    ("no sshd -t -f *", "3"),  # nothing was changed yet
    ("yes systemd-run *", "3"),  # what was there is kept
    ("yes systemctl reload *", "3"),  # the new configuration is there, and not read yet
    ("yes id -u", "3"),  # it is read, and the new login is under way
    ("no systemctl * stop higuera-sshd-*", "5"),  # proven and kept
]


def test_what_a_stranger_sees(mini: Project, other: Project) -> None:
    """Only what the firewall lets in; tests/vps/test_first_day.py knocks at all ports."""
    address, second = mini.host.address, address6(mini.host.address)
    mini.ssh(LISTENER)
    wide = outside(mini.ssh("ss -Hltn | awk '{print $4}'").split())
    assert any(listener.endswith(":9999") for listener in wide)
    for at in (address, second):
        assert open_ports(other, at, KNOWN) == [22, 80]
    # The same scan does see what a stopped firewall lets through; a plan tells, a deploy closes.
    mini.ssh("systemctl stop nftables")
    for at in (address, second):
        assert open_ports(other, at, KNOWN) == [22, 80, 9999]
    closed_again(mini, "Firewall, journal, time", "the firewall does not hold the rules")
    assert open_ports(other, address, KNOWN) == [22, 80]
    # Where sshd listens stays open, whichever file says so, and whoever may read that.
    mini.ssh(f"umask 077; printf {shlex.quote(LISTENS)} >/etc/ssh/sshd_config.d/90-own.conf")
    mini.ssh("systemctl restart ssh")
    mini.deployed()
    assert open_ports(other, address, "[22, 80, 2222]") == [22, 80, 2222]
    # Logins that one address begins and never ends turn nobody else away.
    hold = (
        "import socket, time; "
        f"lines = [socket.create_connection(({address!r}, 22)) for _ in range(20)]; time.sleep(60)"
    )
    other.shell(f"systemd-run --quiet --collect --unit=hold python3 -c {shlex.quote(hold)}")
    until(lambda: other.shell(f"ss -Htn dst {address} | wc -l") != "0", "they are begun", 10)
    assert [mini.ssh("echo in") for _ in range(8)] == ["in"] * 8
    other.shell("systemctl stop hold")
    # A flood from one address is limited, and nobody else waits for it.
    flood = knock(address, "[22] * 300")
    flooding = subprocess.Popen(
        sandbox.ssh_command(other.host, [flood]), stdout=subprocess.PIPE, text=True
    )
    entered = 0
    while flooding.poll() is None:
        assert mini.ssh("echo in") == "in"
        entered += 1
    assert entered > 0
    assert 0 < taken(flooding.communicate()[0]) < 40
    for at, port, least, most in ((second, 22, 1, 40), (address, 80, 200, 200)):
        assert least <= taken(other.ssh(knock(at, f"[{port}] * 200"))) <= most
    # Turned off by name: our rules go for good, somebody else's table stays.
    mini.ssh("nft add table inet other")
    mini.edit("inventory/stack.yml", "drain: 5}", "drain: 5, firewall: false}")
    closed_again(mini, "Firewall, journal, time", "settings.firewall is off")
    assert mini.ssh("nft list tables") == "table inet other"
    assert open_ports(other, address, "[22, 80, 9999]") == [22, 80, 9999]
    mini.ssh("systemctl restart nftables")
    assert mini.ssh("nft list tables; systemctl is-active nftables") == "active"


def taken(printed: str) -> int:
    """How many connections were taken."""
    return len(json.loads(printed))


def closed_again(project: Project, step: str, warning: str) -> None:
    """What was opened by hand is told by a plan, and the next deploy closes it, once."""
    done = project.run(HIGUERA, "plan", "--json")
    assert done.returncode == 2, done.stderr
    plan = json.loads(done.stdout)
    assert plan["steps"] == [step]
    assert warning in " ".join(plan["warnings"])
    project.deployed()
    assert project.plan() == []


def test_what_an_auditor_sees(mini: Project) -> None:
    address = mini.host.address
    audit = subprocess.run(
        [BIN / "ssh-audit", "--json", address], capture_output=True, text=True, check=False
    )
    found = json.loads(audit.stdout)
    notes = {
        (level, text)
        for kind in ("kex", "key", "enc", "mac")
        for algorithm in found[kind]
        for level, texts in algorithm["notes"].items()
        for text in texts
        if level != "info"
    }
    assert notes == {("warn", "does not provide protection against post-quantum attacks")}
    assert "DHEat" not in audit.stdout
    mini.ssh("echo 'root:Class6rack+simple' | chpasswd")
    assert methods(address) == ["publickey"]
    # The owner's own, less than we give: it stays.
    stays = "\nMatch Group sudo LocalPort 22\n  AllowTcpForwarding no\n"
    mini.ssh(f"printf {shlex.quote(stays)} >>/etc/ssh/sshd_config; systemctl reload ssh")
    assert mini.plan() == []
    # Holes made by hand, in front of our lines and for one user or network; reported, and closed.
    mini.ssh("useradd --shell /bin/sh bob")
    mini.ssh(
        "printf 'Match User bob\\n  KbdInteractiveAuthentication yes\\n' >>/etc/ssh/sshd_config"
    )
    mini.ssh("echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/00-a.conf")
    mini.ssh("printf 'Match User root\\n  PermitRootLogin yes\\n' >>/etc/ssh/sshd_config")
    mini.ssh("systemctl reload ssh")
    until(lambda: "password" in methods(address), "the hole is open")
    closed_again(
        mini,
        "SSH",
        "kbdinteractiveauthentication yes, passwordauthentication yes, permitrootlogin yes",
    )
    assert stays in mini.ssh("cat /etc/ssh/sshd_config")
    assert methods(address) == ["publickey"]
    mini.ssh(f"sed -i 's/^X11.*/X11Forwarding yes/' {OURS}")
    mini.ssh("nft insert rule inet higuera inbound tcp dport 1-65535 accept")
    assert mini.plan() == ["Firewall, journal, time", "SSH"]
    mini.deployed()
    before = mini.snapshot()
    mini.deployed()
    assert mini.snapshot() == before


def methods(address: str) -> list[str]:
    """What sshd offers to somebody whose key it does not know; nothing while it is away."""
    try:
        connection = socket.create_connection((address, 22), timeout=10)
    except ConnectionRefusedError:
        return []
    with paramiko.Transport(connection) as transport:
        transport.start_client(timeout=10)
        with pytest.raises(paramiko.BadAuthenticationType) as refusal:
            transport.auth_none("root")
    return sorted(refusal.value.allowed_types)


def test_a_killed_change_of_sshd_locks_nobody_out(mini: Project) -> None:
    """`kill -9` of the controller at each step; the host goes back, or keeps what was proven."""
    for program in ("sshd", "systemd-run", "systemctl", "id", "mv"):
        path = f"/usr/local/sbin/{program}"
        mini.ssh(f"cat >{path} <<'END'\n{HOLD}END\nchmod +x {path}")
    mini.edit("inventory/stack.yml", "drain: 5}", "drain: 5, ssh: {tries: 5}}")
    killed_at(mini, "yes id -u")
    mini.reboot()
    assert (pending(mini), tries(mini)) == (False, "3")
    # The tool itself is killed between two renames, and the machine goes down.
    mini.shell("printf 'Match User root\\n  PermitRootLogin yes\\n' >>/etc/ssh/sshd_config")
    configuration = "cat /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*"
    before = mini.shell(configuration)
    killed_at(mini, "yes mv *00-higuera.conf")
    mini.shell("pkill -KILL -f '[h]iguera-sshd try'")
    assert mini.shell(configuration) != before
    mini.reboot()
    assert (pending(mini), tries(mini)) == (False, "3")
    assert mini.shell(configuration) == before
    mini.edit("inventory/stack.yml", "tries: 5}", "tries: 5, confirm_deadline: 3}")
    for at, value in STEPS:
        killed_at(mini, at)
        mini.ssh("rm /run/hold")
        until(lambda: not pending(mini), f"after {at} the host has made up its mind", 15)
        assert (at, tries(mini)) == (at, value)
    mini.deployed()
    assert mini.plan() == []
    assert tries(mini) == "5"


def killed_at(project: Project, at: str) -> None:
    """Kill the controller while a command of the change is held; the host can be reached."""

    def strike(process: subprocess.Popen[str]) -> None:
        until(lambda: project.ssh("ls /run/held") != "", f"held at {at}", 20)
        process.kill()

    project.ssh(f"rm -f /run/held; echo {shlex.quote(at)} >/run/hold")
    struck(project, "SSH", strike)
    assert project.ssh("echo in") == "in"


def pending(project: Project) -> bool:
    """Whether a change is under way, or waits for its proof."""
    return project.ssh(f"pgrep -f '[h]iguera-sshd try'; ls -d {PENDING}", check=False) != ""


def tries(project: Project) -> str:
    return project.ssh("/usr/sbin/sshd -T | sed -n 's/^maxauthtries //p'")


def test_a_change_that_locks_out_is_taken_back(mini: Project) -> None:
    """What sshd does not take changes nothing; what nobody gets in with goes back at once."""
    template = mini.folder / "templates" / "host" / "sshd.conf.j2"
    template.parent.mkdir(parents=True)
    files = "find /etc/ssh -printf '%p %T@ %s\n' | sort"
    before = mini.ssh(files)
    template.write_text("KexAlgorithms nonsense\n")
    refused(mini, "Bad SSH2 KexAlgorithms", "nothing was changed")
    assert mini.ssh(files) == before
    template.write_text("AllowUsers nobody\n")
    refused(mini, "no new login as root gets in", "the old one is back")
    assert mini.ssh("sshd -T | grep -c '^allowusers' || true") == "0"
    template.unlink()
    assert mini.plan() == []
    # Turned off by name: sshd is as Debian has it.
    mini.ssh("echo 'root:Class6rack+simple' | chpasswd")
    mini.edit("inventory/stack.yml", "drain: 5}", "drain: 5, ssh: {harden: false}}")
    mini.deployed()
    assert "password" in methods(mini.host.address)
    assert mini.plan() == []


def test_a_new_deploy_user_is_made_and_proven_and_root_closed(mini: Project) -> None:
    host = mini.host
    mini.ssh("userdel --remove deploy; rm /etc/sudoers.d/deploy")
    access = f"{{address: {host.address}, user: deploy, bootstrap: root, key: {host.key}}}"
    mini.environment(f"host: {access}\nsecrets: generate\n")
    assert mini.run(HIGUERA, "doctor").returncode == 0
    assert mini.plan() == ["Deploy user", "Accounts and folders", "SSH"]
    mini.deployed()
    assert mini.plan() == []
    assert entered(host, "root").returncode == 255
    assert entered(host, "deploy").stdout == "0\n"


def entered(host: Vps, user: str) -> subprocess.CompletedProcess[str]:
    command = sandbox.ssh_command(host, ["sudo", "id", "-u"], user=user)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_postgresql_listens_on_loopback_alone(forms: Project) -> None:
    listeners = forms.ssh("ss -Hltn | awk '{print $4}'").split()
    assert any(listener.endswith(":5432") for listener in listeners)
    assert ports_outside(forms) == {"22", "80"}
    # Opened by hand, in the line that is read last.
    forms.ssh("echo \"listen_addresses = '*'\" >>/etc/postgresql/15/main/postgresql.conf")
    forms.ssh("systemctl restart postgresql")
    assert ports_outside(forms) == {"22", "80", "5432"}
    closed_again(forms, "Database", "PostgreSQL is to listen on *")
    assert ports_outside(forms) == {"22", "80"}


def ports_outside(project: Project) -> set[str]:
    """On which somebody listens for others than this host."""
    listeners = outside(project.ssh("ss -Hltn | awk '{print $4}'").split())
    return {listener.rpartition(":")[2] for listener in listeners}

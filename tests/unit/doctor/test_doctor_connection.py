"""The real ssh against a real server: what is said of each way in which it can fail."""

import socket
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import paramiko
import pytest
from doctor_facts import deployment_in
from doctor_sshd import Sshd, new_key

from higuera.doctor.checks import examine
from higuera.doctor.connection import connect
from higuera.doctor.facts import gather
from higuera.doctor.host import clocks, parse_host, script
from higuera.facts.machine import Machine
from higuera.spec.environment import Host

CANARY = "canary-doctor-71c0"
SCRIPT = "echo clock 1.5; echo rights user; echo clock 2.5"


class Way:
    """Keys and files of one user."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = new_key(folder / "id")
        self.other = new_key(folder / "other")
        self.host_key = paramiko.RSAKey.generate(2048)
        self.sshd = Sshd(self.host_key, self.key)
        self.known = self.sshd.known_hosts(folder / "known")

    def command(
        self,
        script: str = SCRIPT,
        key: str = "id",
        known: Path | None = None,
        port: int | None = None,
    ) -> list[str]:
        """As `ssh_command` makes one, with nothing of this machine's own configuration."""
        options = [
            *("ConnectTimeout=30", "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none"),
            f"UserKnownHostsFile={known or self.known}",
            "GlobalKnownHostsFile=/dev/null",
        ]
        words = [word for option in options for word in ("-o", option)]
        identity = ["-i", str(self.folder / key), "-p", str(port or self.sshd.port)]
        return ["ssh", "-F", "none", *words, *identity, "--", "ana@127.0.0.1", script]


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    way = Way(tmp_path_factory.mktemp("way"))
    yield way
    way.sshd.close()


def said(command: list[str]) -> str:
    problem = connect(command, "vps.test").problem
    assert problem is not None and problem.status == "failed"
    assert problem.found.startswith("vps.test: ")
    return f"{problem.found} → {problem.advice}"


def test_one_round_trip(way: Way) -> None:
    before = way.sshd.connections
    made = connect(way.command(), "vps.test")
    assert made.problem is None and made.is_known
    assert clocks(list(made.lines)) == [1.5, 2.5]
    assert way.sshd.connections == before + 1


def test_an_unknown_host_key_is_told_and_looked_past(way: Way, tmp_path: Path) -> None:
    known = tmp_path / "empty"
    known.touch()
    made = connect(way.command(known=known), "vps.test")
    assert made.problem is None and not made.is_known
    assert made.fingerprint == way.host_key.fingerprint
    assert known.read_text() == "", "a look changes nothing"


def test_a_changed_host_key(way: Way, tmp_path: Path) -> None:
    known = way.sshd.known_hosts(tmp_path / "known", way.other)
    told = said(way.command(known=known))
    assert "host key has changed" in told and way.host_key.fingerprint in told
    assert "ssh-keygen -R vps.test" in told


def test_a_wrong_key(way: Way) -> None:
    told = said(way.command(key="other"))
    assert "does not accept the key" in told and "Permission denied (publickey)" in told
    assert "authorized_keys" in told


def test_a_key_that_others_can_read(way: Way, tmp_path: Path) -> None:
    new_key(way.folder / "open")
    (way.folder / "open").chmod(0o644)
    assert "chmod 600" in said(way.command(key="open"))


def test_a_wrong_port(way: Way) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    told = said(way.command(port=port))
    assert "nothing listens on that port" in told and "correct host.port" in told


def test_a_port_where_no_sshd_is(way: Way) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=4) as mute:
        mute.settimeout(5)
        import threading

        def hang_up() -> None:
            mute.accept()[0].close()

        threading.Thread(target=hang_up, daemon=True).start()
        told = said(way.command(port=mute.getsockname()[1]))
    assert "ends the connection before a login" in told


def test_a_host_that_is_down(way: Way) -> None:
    """An address of TEST-NET-1 (RFC 5737), where nobody is."""
    command = [word.replace("127.0.0.1", "192.0.2.77") for word in way.command()]
    told = said([word.replace("ConnectTimeout=30", "ConnectTimeout=1") for word in command])
    assert "does not answer" in told and "is it up" in told


def test_a_name_that_does_not_resolve(way: Way) -> None:
    command = [word.replace("127.0.0.1", "vps.invalid") for word in way.command()]
    told = said(command)
    assert "does not resolve" in told and "host.address" in told


def test_an_account_without_a_shell(way: Way) -> None:
    told = said(way.command("echo This account is currently not available.; exit 1"))
    assert "runs no command (This account is currently not available.)" in told


def test_no_ssh_on_this_machine() -> None:
    made = connect(["/nowhere/ssh"], "vps.test")
    assert made.problem is not None and "openssh-client" in made.problem.advice


def test_a_key_file_that_is_not_there(way: Way, tmp_path: Path) -> None:
    """ssh would try others; the deploy stops there."""
    host = {"address": "127.0.0.1", "key": "~/nowhere/id"}
    deployment_in(tmp_path, host=host, domains=[])
    facts = gather(tmp_path / "inventory", "production", lambda host, text: way.command(text))
    (ssh,) = (check for check in examine(facts).checks if check.name == "ssh")
    assert ssh.status == "failed" and "~/nowhere/id" in ssh.found


def test_this_machine_through_it_all(
    way: Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole script as it is sent, and the report of a host with nothing of ours on it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"postgresql://forms:{CANARY}@127.0.0.1/forms")
    monkeypatch.setenv("SESSION_SECRET", CANARY)
    deployment_in(tmp_path, host="127.0.0.1", domains=[])
    sent: list[str] = []

    def ssh_command(host: Host, command: str) -> list[str]:
        sent.append(command)
        return way.command(command)

    before = way.sshd.connections
    report = examine(gather(tmp_path / "inventory", None, ssh_command))
    assert way.sshd.connections == before + 1
    found = {check.name: check for check in report.checks}
    told = (f"{check.name}: {check.found}" for check in report.checks)
    assert CANARY not in "\n".join([report.model_dump_json(), *sent, *told])
    assert found["secrets"].status == found["ssh"].status == found["clock"].status == "ok"
    assert found["clock"].found == "the clocks agree"
    assert "MiB free: / " in found["disk"].found
    assert found["tool"].found == found["lock"].found == "the app was never deployed here"
    assert found["source"].status == "warning", "a folder that is no repository"


def test_the_script_here(tmp_path: Path) -> None:
    """Under `sh`, with what this machine has: tagged lines alone, nothing on standard error."""
    import subprocess

    deployment = deployment_in(tmp_path)
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec sh -c {quote(script(deployment))}"],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    state, machine = parse_host(lines), Machine().process(lines)
    assert set(state.space) == set(state.inodes) == {"/", "/srv", "/var", "/tmp"}
    assert state.memory["MemTotal"] > 0 and state.is_root == machine.is_root
    assert len(clocks(lines)) == 2
    assert state.tool == "" and state.status is None

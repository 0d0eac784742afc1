"""The sandbox itself, on real VPSes: what other tests stand on."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import until

from higuera import sandbox
from higuera.errors import SandboxError
from higuera.sandbox import base, machine, network, paths

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a VPS needs root")

BIN = Path(sys.executable).parent
RUN = os.getpid() % 100_000


def remote(name: str, command: str, user: str = "root") -> subprocess.CompletedProcess[str]:
    """Run a command on the VPS."""
    argv = sandbox.ssh_command(sandbox.get(name), [command], user=user)
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)


def say(name: str, command: str, user: str = "root") -> str:
    """Return what a command on the VPS prints; it has to succeed."""
    done = remote(name, command, user)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def forget(name: str) -> None:
    if name in [vps.name for vps in sandbox.listing()]:
        sandbox.down(name)


@pytest.fixture(scope="module")
def shared() -> Iterator[str]:
    """A VPS for the tests that leave it as they found it."""
    name = f"t-sbx-{RUN}"
    sandbox.up(name)
    yield name
    forget(name)


@pytest.fixture
def own(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a VPS of the test's own, which the test boots."""
    name = f"t-sbx-{RUN}-own"
    yield name
    forget(name)


def test_it_is_a_whole_machine(shared: str) -> None:
    assert say(shared, "systemctl is-system-running --wait") == "running"
    assert say(shared, "systemctl --failed --no-legend") == ""
    assert say(shared, "cat /proc/1/comm") == "systemd"
    assert say(shared, "hostname") == shared
    assert say(shared, "date +%Z") == "UTC"
    assert sandbox.get(shared).address6 in say(shared, "ip -6 -brief address show host0")


def test_users_differ_in_what_sudo_lets_them_do(shared: str) -> None:
    assert say(shared, "sudo -n id -un", user="deploy") == "root"
    assert "password is required" in remote(shared, "sudo -n id", user="nosudo").stderr


def test_sshd_writes_the_lines_that_tests_count(shared: str) -> None:
    count = "journalctl --sync; journalctl -u ssh -o cat | grep -c 'Starting session'"
    first = int(say(shared, count))
    assert int(say(shared, count)) == first + 1


def test_up_of_one_that_runs_leaves_it_running(shared: str) -> None:
    before = machine.init_of(shared)
    assert sandbox.up(shared) == sandbox.get(shared)
    assert machine.init_of(shared) == before


def test_a_layer_is_not_changed_under_a_vps(shared: str) -> None:
    with pytest.raises(SandboxError, match="exists on the bare base"):
        sandbox.up(shared, layer="another")


def test_names_that_are_not_there_are_answered_with_those_that_are(shared: str) -> None:
    with pytest.raises(SandboxError, match=rf"no VPS named 'no-such' .*{shared}"):
        sandbox.down("no-such")
    with pytest.raises(SandboxError, match="no layer named 'no-such'"):
        sandbox.up("t-sbx-never", layer="no-such")


def test_packages_install_and_are_offered_to_the_next_vps(own: str) -> None:
    sandbox.up(own)
    say(own, "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq jq")
    assert say(own, "echo '{}' | jq -c .") == "{}"
    sandbox.reset(own)
    assert remote(own, "command -v jq").returncode != 0
    assert "jq_" in say(own, "ls /var/cache/apt/archives")


def test_a_reboot_from_inside_comes_back_as_it_was(own: str) -> None:
    sandbox.up(own)
    say(own, "touch /root/disk /run/memory")
    remote(own, "reboot")
    until(lambda: remote(own, "test ! -e /run/memory").returncode == 0, "the VPS rebooted", 20)
    say(own, "test -e /root/disk")
    assert sandbox.get(own).state == "running"


def test_a_power_off_from_inside_stays_off_until_up(own: str) -> None:
    sandbox.up(own)
    say(own, "touch /root/disk")
    remote(own, "poweroff")
    until(lambda: sandbox.get(own).state == "stopped", "the VPS powered off", 20)
    sandbox.up(own)
    say(own, "test -e /root/disk")


def test_reset_throws_away_and_stays_the_same_host(own: str) -> None:
    before = sandbox.up(own)
    hosts, machine_id = before.known_hosts.read_text(), say(own, "cat /etc/machine-id")
    say(own, "touch /root/disk")
    assert sandbox.reset(own) == before
    assert remote(own, "test -e /root/disk").returncode == 1
    assert before.known_hosts.read_text() == hosts
    assert say(own, "cat /etc/machine-id") == machine_id


@pytest.mark.parametrize("victim", ["supervisor", "nspawn"])
def test_a_killed_process_is_recovered_from(own: str, victim: str) -> None:
    sandbox.up(own)
    say(own, "touch /root/disk /run/memory; sync")
    process = {"supervisor": machine.supervisor_of, "nspawn": machine.nspawn_of}[victim](own)
    assert process is not None
    process.kill()
    assert process.gone_within(5)
    until(lambda: sandbox.up(own).state == "running", "it is up again", 20)
    until(lambda: remote(own, "test ! -e /run/memory").returncode == 0, "it booted afresh", 20)
    say(own, "test -e /root/disk")
    assert say(own, "systemctl is-system-running --wait") == "running"


def test_a_saved_layer_is_where_others_start(own: str) -> None:
    layer, second = f"t-sbx-{RUN}", f"t-sbx-{RUN}-two"
    first = sandbox.up(own)
    say(own, "echo saved >/root/disk && mkdir /srv/old")
    try:
        assert sandbox.save_layer(own, layer).layer == layer
        say(own, "mv /srv/old /srv/new")  # a folder of a lower layer, as on any disk
        other = sandbox.up(second, layer=layer)
        assert say(second, "cat /root/disk; ls /srv; hostname") == f"saved\nold\n{second}"
        assert other.address != first.address
        assert say(second, "cat /etc/machine-id") != say(own, "cat /etc/machine-id")
        assert other.known_hosts.read_text().split()[2] != first.known_hosts.read_text().split()[2]
        with pytest.raises(SandboxError, match=f"lies on layer {layer}"):
            sandbox.drop_layer(layer)
        with pytest.raises(SandboxError, match="exists; drop it first"):
            sandbox.save_layer(second, layer)
    finally:
        forget(second)
        forget(own)
        if layer in sandbox.layers():
            sandbox.drop_layer(layer)
    assert layer not in sandbox.layers()


def test_a_cut_cable_reaches_nothing_until_it_is_restored(own: str) -> None:
    sandbox.up(own)
    sandbox.network_cut(own)
    cut = sandbox.ssh_command(sandbox.get(own), ["true"])
    cut[cut.index("ConnectTimeout=10")] = "ConnectTimeout=1"
    assert subprocess.run(cut, capture_output=True, check=False).returncode == 255
    assert sandbox.get(own).state == "running"
    sandbox.network_restore(own)
    until(lambda: remote(own, "true").returncode == 0, "the VPS answers again", 10)


def test_vpses_boot_side_by_side_and_do_not_see_each_other() -> None:
    names = [f"t-sbx-{RUN}-long-x-{end}"[:21] for end in "ab"]
    threads = [threading.Thread(target=sandbox.up, args=(name,)) for name in names]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        cables = {machine.interface(name) for name in names}
        assert len(cables) == 2
        say(names[0], "systemd-run --unit=only-here sleep 60")
        assert remote(names[1], "pgrep -x sleep").returncode == 1
        assert say(names[1], "systemctl is-system-running --wait") == "running"
        say(names[0], f"getent ahosts deb.debian.org >/dev/null; ip route get {address(names[1])}")
    finally:
        for name in names:
            forget(name)


def address(name: str) -> str:
    return sandbox.get(name).address


def test_down_leaves_nothing_of_it(own: str) -> None:
    sandbox.up(own)
    cable = machine.interface(own)
    init, watcher = machine.init_of(own), machine.supervisor_of(own)
    assert init is not None and watcher is not None
    # Somebody's search of this machine's disks is in there just then.
    walker = subprocess.Popen(["sleep", "2"], cwd=paths.vps_dir(own) / "root")
    sandbox.down(own)
    walker.wait()
    assert not init.alive() and not watcher.alive()
    assert not paths.vps_dir(own).exists()
    assert str(paths.vps_dir(own)) not in Path("/proc/self/mountinfo").read_text()
    assert not Path("/sys/class/net", cable).exists()
    assert not list(Path("/sys/fs/cgroup").glob(f"*/{paths.machine_name(own)}"))
    assert own not in [vps.name for vps in sandbox.listing()]


def test_down_all_takes_the_network_along(
    shared: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = base.folder(base.current())
    monkeypatch.setenv("HIGUERA_SANDBOX_DIR", str(tmp_path))  # a sandbox of its own
    paths.base_dir().mkdir()
    base.folder(base.current()).symlink_to(real)
    sandbox.up("one")
    sandbox.up("two")
    assert Path("/sys/class/net", paths.bridge()).exists()
    assert sandbox.down_all(purge=True) == ["one", "two"]
    assert not Path("/sys/class/net", paths.bridge()).exists()
    assert paths.nft_table() not in network._tables()
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    assert real.is_dir()
    monkeypatch.undo()
    assert sandbox.get(shared).state == "running"


NETWORK_UP_AND_DOWN = """
from pathlib import Path
from higuera.sandbox import locks, network
network.FORWARD_NOTE = Path({note!r})
with locks.held("network"):
    network.ensure(), network.ensure()
    print(network.FORWARD.read_text().strip())
    network.remove(), network.remove()
    print(network.FORWARD.read_text().strip())
"""


def test_forwarding_is_put_back_as_it_was(tmp_path: Path) -> None:
    # In a network namespace, which has settings of its own: VPSes of others go on.
    prepare = 'mount -t sysfs sysfs /sys && echo 0 >/proc/sys/net/ipv4/ip_forward && exec "$@"'
    script = NETWORK_UP_AND_DOWN.format(note=str(tmp_path / "note"))
    done = subprocess.run(
        [
            *("unshare", "--net", "--mount", "sh", "-c", prepare, "sh"),
            *(sys.executable, "-c", script),
        ],
        env={**os.environ, "HIGUERA_SANDBOX_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["1", "0"], done.stderr
    assert not (tmp_path / "note").exists()


def higuera(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [str(BIN / "higuera"), "sandbox", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)


def test_the_command_line_lists_and_reaches(shared: str) -> None:
    listed = json.loads(higuera("list", "--json").stdout)
    mine = next(entry for entry in listed if entry["name"] == shared)
    assert list(mine) == ["name", "address", "user", "port", "key", "state"]
    assert mine["state"] == "running"
    assert Path(mine["key"]).stat().st_mode & 0o777 == 0o600
    assert higuera("ssh", shared, "exit 7").returncode == 7
    assert higuera("ssh", shared, "--", "hostname").stdout.strip() == shared
    assert higuera("ssh", "--user", "deploy", shared, "id", "-un").stdout.strip() == "deploy"


def test_the_command_line_fails_in_one_sentence() -> None:
    done = higuera("down", "no-such")
    assert done.returncode == 1
    assert "no VPS named 'no-such'" in done.stderr
    assert "Traceback" not in done.stderr
    assert higuera("down").returncode == 2


def pyinfra(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [str(BIN / "pyinfra"), *words]
    return subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL
    )


def test_pyinfra_boots_what_it_connects_to_and_nothing_before(own: str) -> None:
    assert pyinfra(f"@sandbox/{own}", "debug-inventory").returncode == 0
    assert own not in [vps.name for vps in sandbox.listing()]
    done = pyinfra("-y", f"@sandbox/{own}", "exec", "--", "hostname")
    assert done.returncode == 0, done.stderr
    assert f"booting {own}" in done.stderr
    assert "known_hosts" not in done.stderr  # the host key is known from the start
    done = pyinfra("-y", "--data", "ssh_user=deploy", f"@sandbox/{own}", "exec", "--", "id -un")
    assert "deploy" in done.stdout + done.stderr


def test_a_vps_without_a_name_is_a_sentence() -> None:
    done = pyinfra("@sandbox/", "exec", "--", "true")
    assert done.returncode == 1
    assert "needs a name" in done.stderr
    assert "Traceback" not in done.stderr

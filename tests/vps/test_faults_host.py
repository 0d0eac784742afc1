"""A host in trouble: reboots, a full disk, a taken port, what was broken by hand, clocks."""

import random
import subprocess

import pytest
from aftermath import (
    converges,
    in_the_middle,
    next_page,
    one_release_serves,
    refused,
    settled,
    slow_where_asked,
    slowly,
    smoke_check,
    status,
    struck,
)
from harness import HIGUERA, Project, until

RELEASES = "/srv/mini/releases"
ABANDONED = ("deploy", "abandoned")


@pytest.fixture
def two(mini: Project) -> Project:
    """A VPS on which release two is live and release one stands by."""
    next_page(mini, "one", "two")
    mini.deployed()
    return mini


def test_a_reboot_in_the_middle(mini: Project) -> None:
    """At each step the host comes back on what was confirmed, and the controller ends with 1."""
    slow_where_asked(mini)
    live = "one"
    for step in ("Build", "Upload", "Units", "Candidates", "Candidate smoke", "Cutover"):
        release = f"after {step}"
        next_page(mini, live, release)

        def reboot(process: subprocess.Popen[str], step: str = step, word: str = release) -> None:
            in_the_middle(mini, step, word)
            mini.reboot()

        with slowly(mini, step):
            code, printed = struck(mini, step, reboot)
        assert code == 1, printed
        until(lambda: mini.get("/api/version").status_code == 200, "the API is served again")
        until(lambda: mini.get("/").status_code == 200, "the page is served again")
        settled(mini, live, ABANDONED, home=False)
        mini.deployed()
        one_release_serves(mini, release)
        live = release
    assert mini.plan() == []


def test_a_port_that_is_taken(mini: Project) -> None:
    """By whom is said: the program, its process and its unit."""
    listen = "require('net').createServer().listen(3100, '127.0.0.1')"
    node = "/opt/higuera/runtimes/node-22.23.3/bin/node"
    mini.shell(f'systemd-run --quiet --unit=squatter {node} -e "{listen}"')
    until(lambda: mini.shell("ss -Hltn sport = :3100") != "", "the port is taken")
    pid = mini.shell("systemctl show -p MainPID --value squatter")
    next_page(mini, "one", "two")
    refused(mini, "3100", "node", pid, "squatter.service")
    settled(mini, "one", ("candidates", "failed"))
    assert mini.shell("systemctl is-active squatter") == "active", "it is not ours to stop"
    mini.shell("systemctl stop squatter")
    converges(mini, "two")


@pytest.mark.parametrize("folder", ["/var/lib/higuera/incoming-root", RELEASES])
def test_a_full_disk(mini: Project, folder: str) -> None:
    """Where uploads arrive, and where they are unpacked: a failed one leaves no litter there."""
    mini.shell(
        f"mount -t tmpfs -o size=200k none /mnt && cp -a {folder}/. /mnt/ && "
        f"mount --bind /mnt {folder} && umount /mnt"
    )
    before = mini.shell(f"find {folder} -mindepth 1 | sort")
    (mini.folder / "app" / "web" / "ballast").write_bytes(random.Random(1).randbytes(300_000))
    next_page(mini, "one", "two")
    refused(mini, "upload" if "incoming" in folder else "No space left on device")
    settled(mini, "one", ("upload", "failed"))
    assert mini.shell(f"find {folder} -mindepth 1 | sort") == before
    mini.shell(f"mount -o remount,size=10m {folder}")
    converges(mini, "two")


def test_an_upload_cut_short(mini: Project) -> None:
    """Something on the host truncates what arrives; nothing of it is unpacked."""
    mini.shell(
        "systemd-run --quiet --unit=moth sh -c 'cd /var/lib/higuera/incoming-root && "
        "while :; do truncate -c -s 300 * 2>/dev/null; done'"
    )
    next_page(mini, "one", "two")
    refused(mini, "upload")
    mini.shell("systemctl stop moth")
    settled(mini, "one", ("upload", "failed"))
    converges(mini, "two")


def test_a_stale_lock(mini: Project) -> None:
    """A lock file and the name of its owner, and no process: there is nothing to clean up."""
    owner = '{"actor": "gone@nowhere", "since": "2020-01-01T00:00:00Z", "what": "x", "pid": "1"}'
    mini.shell(f"echo '{owner}' >/run/higuera/mini.lock.owner; : >>/run/higuera/mini.lock")
    assert status(mini)["lock"] is None
    assert "nobody holds the lock" in mini.run(HIGUERA, "lock", "status").stdout
    assert mini.plan() == []
    next_page(mini, "one", "two")
    converges(mini, "two")


def test_nginx_broken_by_hand(mini: Project) -> None:
    """A stray file that nginx does not read is no obstacle; our own is put right, nginx started."""
    mini.shell("echo 'nonsense;' >/etc/nginx/conf.d/stray.conf")
    next_page(mini, "one", "two")
    converges(mini, "two")
    mini.shell("echo 'nonsense;' >>/etc/nginx/higuera/mini.conf; systemctl restart nginx || true")
    assert mini.shell("systemctl is-active nginx", check=False) == "failed"
    assert "nginx" in mini.plan()
    converges(mini, "two")
    mini.shell("echo 'nonsense;' >/etc/nginx/higuera/stray.conf")
    mini.shell("echo '# by hand' >>/etc/nginx/higuera/mini.conf")
    refused(mini, 'unknown directive "nonsense"', "higuera/stray.conf")
    settled(mini, "two", ("nginx", "failed"))
    mini.shell("rm /etc/nginx/higuera/stray.conf")
    converges(mini, "two")


def test_the_previous_release_deleted_by_hand(two: Project) -> None:
    """A rollback says what it cannot do; the next deploys work."""
    one = two.shell("basename $(readlink /srv/mini/traffic/previous/release)")
    two.shell(
        "mount -t tmpfs -o size=1M full /srv/mini && "
        "! head -c 1M /dev/zero 2>&1 >/srv/mini/full | grep -v 'No space left'"
    )
    by_hand = two.shell("higuera-mini rollback 2>&1; echo $?; umount /srv/mini").splitlines()
    assert "the disk of /srv/mini is full (0 KiB" in by_hand[0] and by_hand[1:] == ["1"]
    two.shell(f"rm -rf {RELEASES}/{one}")
    for command in (["--yes"], ["--yes", "--to", one]):
        done = two.run(HIGUERA, "rollback", *command)
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
    assert f"release {one} is not here" in done.stderr + done.stdout
    by_hand = two.shell("higuera-mini rollback 2>&1; echo $?", check=False).splitlines()
    assert "there is no release to go back to" in by_hand[0] and by_hand[-1] == "1"
    by_hand = two.shell("higuera-mini revert 2>&1; echo $?", check=False).splitlines()
    assert "is gone" in by_hand[0] and by_hand[-1] == "1"
    one_release_serves(two, "two")
    next_page(two, "two", "three")
    converges(two, "three")
    done = two.run(HIGUERA, "rollback", "--yes")
    assert done.returncode == 0, done.stderr
    one_release_serves(two, "two")


def test_the_previous_release_deleted_between_the_flip_and_a_failing_check(mini: Project) -> None:
    """There is no way back: the new release stays, nothing is armed, and all of it is said."""
    go = mini.folder / "go"
    smoke_check(
        mini,
        "outside",
        "    if target.connect_to is None:\n"
        f"        while not Path({str(go)!r}).exists():\n"
        "            time.sleep(0.1)\n"
        '        raise AssertionError("broken outside")',
    )
    next_page(mini, "one", "two")

    def delete(process: subprocess.Popen[str]) -> None:
        until(lambda: "Mini two" in mini.get("/").text, "the flip", 10)
        mini.shell("rm -rf $(readlink -f /srv/mini/traffic/previous/release)")
        go.touch()

    code, printed = struck(mini, "Cutover", delete)
    assert code == 1, printed
    assert "broken outside" in printed and "its release is gone" in printed
    settled(mini, "two", ("cutover", "failed"))
    (mini.folder / "smoke" / "outside.py").unlink()
    next_page(mini, "two", "three")
    mini.deployed()
    assert "Mini three<" in mini.get("/").text
    assert mini.plan() == []


SHIFTED = """
import datetime, time
real, real_time = datetime.datetime, time.time
class Shifted(real):
    @classmethod
    def now(cls, tz=None):
        return real.now(tz) + datetime.timedelta(seconds={shift})
datetime.datetime = Shifted
time.time = lambda: real_time() + {shift}
"""


def test_a_controller_an_hour_behind(two: Project) -> None:
    """Its release sorts before those that went live before it; the order of events still counts."""
    with_clock(two, -3600)
    one, second = releases(two)
    next_page(two, "two", "three")
    converges(two, "three")
    third = str(status(two)["live"]["release"])
    assert third < one < second
    assert releases(two) == [one, second, third]
    done = two.run(HIGUERA, "rollback", "--yes")
    assert done.returncode == 0, done.stderr
    one_release_serves(two, "two")
    done = two.run(HIGUERA, "rollback", "--yes")
    assert done.returncode == 0, done.stderr
    one_release_serves(two, "one")
    # What serves and what stands by; the third was rolled back from, however new it is.
    two.shell("higuera-mini prune 2")
    assert set(releases(two)) == {one, second}
    converges(two, "three")


def test_a_controller_an_hour_ahead_writes_a_truthful_note(mini: Project) -> None:
    with_clock(mini, 3600)
    smoke_check(mini, "outside", '    assert target.connect_to is not None, "broken outside"')
    next_page(mini, "one", "two")
    refused(mini, "broken outside", "plan 0001 is live again")
    settled(mini, "one", ("cutover", "failed"))
    (note,) = (mini.folder / "docs" / "incidents").glob("INCIDENT-*-mini.md")
    text = note.read_text()
    assert "switch: ok" in text and "revert: reverted" in text and "cutover: failed" in text
    assert "\n0 requests since then" not in text
    (mini.folder / "smoke" / "outside.py").unlink()
    converges(mini, "two")


def with_clock(project: Project, shift: int) -> None:
    """From now on the controller's clock is so many seconds off."""
    folder = project.folder / "clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SHIFTED.format(shift=shift))
    project.extra["PYTHONPATH"] = str(folder)


def releases(project: Project) -> list[str]:
    """Confirmed releases, in the order in which they went live."""
    listed = project.run(HIGUERA, "releases").stdout.splitlines()
    return [line.split()[0] for line in reversed(listed) if "never" not in line]

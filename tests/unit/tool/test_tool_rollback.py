"""target, back and rollback: only to what was good, strictly backwards, warm slots first."""

from pathlib import Path

import pytest
from tool_host import SERVICES, History, ToolHost, history_of


@pytest.fixture
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.getbasetemp())


@pytest.fixture
def host(history: History) -> ToolHost:
    """r1 to r4, of which r3 (blue) and r4 (green, live) have slots."""
    return history.after(4)


def prepared(host: ToolHost) -> list[str]:
    """The slots that were given another release since."""
    return [call.split()[-1] for call in host.calls() if call.startswith("systemctl restart")]


class TestTarget:
    def test_is_the_last_good_one(self, host: ToolHost) -> None:
        assert host.run("target") == "r3"

    def test_is_never_an_aborted_one(self, host: ToolHost) -> None:
        (host.releases / "r3/confirmed").unlink()
        assert host.run("target") == "r2"

    def test_is_before_the_live_one(self, host: ToolHost) -> None:
        host.release("r5", confirmed="0005")
        host.release("r6")
        assert host.run("target") == "r3"

    def test_there_may_be_none(self, history: History) -> None:
        host = history.after(1)
        assert host.run("target") == ""
        for command in ("back", "rollback"):
            done = host.try_to(command)
            assert (done.returncode, done.stdout) == (1, "")
            assert "there is no release to go back to" in done.stderr


class TestBack:
    def test_reuses_the_warm_slots_and_moves_nothing(self, host: ToolHost) -> None:
        done = host.try_to("back")
        assert (done.returncode, done.stdout) == (0, "0005\n")
        assert done.stderr == "backend-blue is healthy\nweb-blue is healthy\n"
        assert prepared(host) == []
        assert (host.live, host.armed) == ("0004", None)

    def test_prepares_the_idle_slots_for_an_older_one(self, host: ToolHost) -> None:
        done = host.try_to("back", "r1")
        assert (done.returncode, done.stdout) == (0, "0005\n")
        assert prepared(host) == ["forms-backend-blue.socket", "forms-web-blue.socket"]
        for service in SERVICES:
            assert (host.slots / f"{service}-green").readlink() == Path(f"../releases/r4/{service}")
            assert (host.slots / f"{service}-blue").readlink() == Path(f"../releases/r1/{service}")

    def test_keeps_the_live_slot_of_a_service_that_did_not_change(self, host: ToolHost) -> None:
        same = (host.releases / "r4/backend.content").read_text()
        (host.releases / "r1/backend.content").write_text(same)
        done = host.try_to("back", "r1")
        assert done.stderr == "web-blue is healthy\n"
        slots = {s: (host.plans / "0005/services" / s).readlink().name for s in SERVICES}
        assert slots == {"backend": "backend-green", "web": "web-blue"}
        assert prepared(host) == ["forms-web-blue.socket"]

    def test_same_content_from_another_release_is_warm(self, host: ToolHost) -> None:
        for service in SERVICES:
            same = (host.releases / f"r3/{service}.content").read_text()
            (host.releases / f"r1/{service}.content").write_text(same)
        host.run("switch", host.try_to("back", "r1").stdout.strip())
        assert prepared(host) == []
        assert (host.traffic / "live/release").resolve().name == "r1"

    def test_without_content_nothing_is_warm(self, host: ToolHost) -> None:
        for file in host.releases.glob("*/*.content"):
            file.unlink()
        assert host.try_to("back").returncode == 0
        assert prepared(host) == ["forms-backend-blue.socket", "forms-web-blue.socket"]

    def test_a_release_that_does_not_start_moves_nothing(self, host: ToolHost) -> None:
        (host.stubs / "show").write_text("ActiveState=failed\nNRestarts=0\n")
        host.fail("curl")
        done = host.try_to("rollback")
        assert (done.returncode, done.stdout) == (1, "")
        assert "did not become healthy: it exited" in done.stderr
        assert (host.live, host.armed, host.previous) == ("0004", None, "0003")


@pytest.mark.parametrize("command", ["back", "rollback"])
@pytest.mark.parametrize("release", ["r9", "r5", ".", "..", "r1/.", "../releases/r1", "-r", "r4"])
def test_refused_with_exit_1_and_nothing_changed(
    host: ToolHost, command: str, release: str
) -> None:
    host.release("r5")  # uploaded, never confirmed
    before = host.tree()
    done = host.try_to(command, release)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(("higuera-forms: release ", "higuera-forms: there is no release"))
    assert (host.tree(), host.calls()) == (before, [])


@pytest.mark.parametrize(
    ("there", "told"),
    [("0 4096 900 800", "(0 KiB and 800 files are free on "), ("99999 4096 900 9", "and 9 files")],
)
@pytest.mark.parametrize("command", ["back", "rollback"])
def test_refused_where_the_disk_is_full(
    host: ToolHost, command: str, there: str, told: str
) -> None:
    host.stub("stat", f'[ "$1" = -f ] && echo {there} || exec /usr/bin/stat "$@"')
    before = host.tree()
    done = host.try_to(command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"higuera-forms: the disk of {host.home} is full ")
    assert told in done.stderr and "higuera-forms prune 2" in done.stderr
    assert (host.tree(), host.calls()) == (before, [])


class TestRollback:
    def test_stays(self, host: ToolHost) -> None:
        done = host.try_to("rollback")
        assert done.returncode == 0
        assert done.stdout.splitlines() == [
            "plan 0005 is live, plan 0004 stands by",
            "everything that nginx serves is healthy",
            "plan 0005 is confirmed",
        ]
        assert (host.live, host.serves("api"), host.serves("root")) == (
            "0005",
            "backend r3",
            "web r3",
        )
        assert (host.armed, host.timer) == (None, None)

    def test_is_armed_until_it_is_checked(self, host: ToolHost) -> None:
        seen = host.root / "seen"
        hook = f"cat {host.traffic}/unconfirmed >>{seen} 2>/dev/null || echo none >>{seen}"
        (host.stubs / "curl-hook").write_text(hook)
        host.try_to("rollback")
        # Each of two slots is asked twice before the cutover, nginx twice after it; then the
        # incident note asks each service once.
        assert seen.read_text().split() == ["none"] * 4 + ["0004"] * 2 + ["none"] * 2
        deadline = f"--on-active={host.stack.settings.confirm_deadline}"
        assert any(deadline in call for call in host.calls())

    def test_again_goes_strictly_backwards_to_the_end(self, host: ToolHost) -> None:
        (host.releases / "r2/confirmed").unlink()
        served = []
        while host.try_to("rollback").returncode == 0:
            served.append((host.serves("api"), host.serves("root")))
        assert served == [("backend r3", "web r3"), ("backend r1", "web r1")]
        assert host.run("target") == ""
        assert host.live == "0006"

    def test_to_a_newer_one_when_asked(self, host: ToolHost) -> None:
        host.try_to("rollback", "r1")
        assert host.try_to("rollback", "r4").returncode == 0
        assert host.serves("api") == "backend r4"

    def test_what_fails_its_checks_is_taken_back(self, host: ToolHost) -> None:
        nginx = "case \"$*\" in *Host:*) echo 'curl: (22) 502' >&2; exit 22 ;; esac\n"
        stub = host.stubs / "bin/curl"
        stub.write_text(stub.read_text().replace("for word in", f"{nginx}for word in", 1))
        done = host.try_to("rollback")
        assert done.returncode == 1
        assert done.stdout.splitlines()[-1] == "plan 0004 is live again"
        assert done.stderr.splitlines()[-1] == (
            "higuera-forms: the release that was rolled back to fails its checks; plan 0004 serves"
        )
        assert (host.live, host.serves("api")) == ("0004", "backend r4")
        assert (host.armed, host.timer) == (None, None)
        results = [
            line["result"] for line in host.journal() if line["step"] in ("switch", "revert")
        ]
        assert results[-2:] == ["ok", "reverted"]


def test_releases_newest_first_and_which_is_live(host: ToolHost) -> None:
    for name in (
        "1-good",
        "2-live",
        "3-aborted",
        "5-aborted",
        ".new",
    ):  # what begins with no digit is half an upload
        host.release(name, confirmed="0001" if name == "1-good" else "")
    for service in SERVICES:
        host.run("prepare", service, "blue", "2-live")
    host.run("switch", host.run("plan", "2-live", "backend=blue", "web=blue"))
    host.run("confirm")
    rows = [line.split() for line in host.run("releases").splitlines()]
    assert [row[0] for row in rows] == [
        "5-aborted",  # what never proved itself comes first, by its id
        "3-aborted",
        "2-live",  # the rest by the plan that proved it
        "r4",
        "r3",
        "r2",
        *sorted(["1-good", "r1"], reverse=True),  # both by plan 0001
    ]
    assert [row[1:] for row in rows[:2]] == [["never", "confirmed"]] * 2
    assert [row[0] for row in rows if row[-1] == "live"] == ["2-live"]
    assert ["1-good", "2026-11-23T00:00:00Z"] in rows

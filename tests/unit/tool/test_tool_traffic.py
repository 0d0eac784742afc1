"""plan, switch, revert, confirm and status: what they move, what they write down."""

import subprocess
import threading
import time
from pathlib import Path

import pytest
from tool_host import BUCKETS, SERVICES, ToolHost


@pytest.fixture
def host(tmp_path: Path) -> ToolHost:
    return ToolHost.make(tmp_path)


@pytest.fixture
def twice(host: ToolHost) -> ToolHost:
    """r1 on blue was live, r2 on green is."""
    host.deploy("r1", "blue")
    host.deploy("r2", "green")
    host.calls()
    return host


class TestPlan:
    def test_a_plan_is_a_folder_a_route_with_all_buckets(self, host: ToolHost) -> None:
        host.deploy("r1", "blue")
        plan = host.plans / "0001"
        assert {path.name for path in plan.iterdir()} == {"api", "root", "services", "release"}
        for route, service in (("api", "backend"), ("root", "web")):
            links = {path.name: path.readlink() for path in (plan / route).iterdir()}
            assert links == {
                **{
                    f"{b}.sock": host.root / f"run/higuera/forms/{service}-blue.sock"
                    for b in BUCKETS
                },
                **{f"{b}.release": host.slots / f"{service}-blue" for b in BUCKETS},
            }
        assert (plan / "release").resolve() == host.releases / "r1"
        assert (plan.stat().st_mode & 0o777) == 0o755

    def test_a_plan_moves_nothing(self, twice: ToolHost) -> None:
        assert twice.run("plan", "r1", "backend=blue", "web=blue") == "0003"
        assert (twice.live, twice.previous) == ("0002", "0001")
        assert twice.calls() == []

    def test_colours_may_differ(self, host: ToolHost) -> None:
        host.deploy("r1", "blue")
        host.release("r2")
        host.run("prepare", "web", "green", "r2")
        host.run("switch", host.run("plan", "r2", "backend=blue", "web=green"))
        assert (host.serves("api"), host.serves("root")) == ("backend r1", "web r2")

    @pytest.mark.parametrize(
        ("last", "following"),
        [
            ("0007", "0008"),
            ("0008", "0009"),
            ("0009", "0010"),
            ("0018", "0019"),
            ("0099", "0100"),
            ("0108", "0109"),
            ("0999", "1000"),
            ("9999", "10000"),
        ],
    )
    def test_numbers_are_decimal(self, host: ToolHost, last: str, following: str) -> None:
        host.release("r1")
        for number in ("0001", last):
            (host.plans / number).mkdir(exist_ok=True)
        assert host.run("plan", "r1", "backend=blue", "web=blue") == following

    def test_numbers_go_on_after_ten_thousand(self, host: ToolHost) -> None:
        host.release("r1")
        for number in ("9999", "10000"):
            (host.plans / number).mkdir()
        assert host.run("plan", "r1", "backend=blue", "web=blue") == "10001"

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["nowhere", "backend=blue", "web=blue"], "there is no release nowhere"),
            (["r1", "backend=red", "web=blue"], "no slot backend-red"),
            (["r1", "mail=blue", "web=blue"], "no slot mail-blue"),
            (["r1", "backend=blue"], "the plan has no slot for web"),
            (["r1", "backend", "web"], "no slot backend-backend"),
        ],
    )
    def test_what_is_unknown_makes_no_plan(
        self, twice: ToolHost, words: list[str], sentence: str
    ) -> None:
        done = twice.try_to("plan", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"higuera-forms: {sentence}\n"
        numbered = {path.name for path in twice.plans.iterdir() if path.name[0] != "."}
        assert numbered == {"0001", "0002"}

    @pytest.mark.xfail(strict=True, reason="bug: a refused plan leaves plans/.new.XXXXXX behind")
    def test_a_refused_plan_leaves_nothing(self, twice: ToolHost) -> None:
        before = twice.tree()
        twice.try_to("plan", "r1", "backend=red", "web=blue")
        assert twice.tree() == before

    @pytest.mark.xfail(strict=True, reason="bug: an empty release is the folder of all releases")
    @pytest.mark.parametrize("release", ["", ".", "..", "r1/backend"])
    def test_only_a_release_is_a_release(self, twice: ToolHost, release: str) -> None:
        assert twice.try_to("plan", release, "backend=blue", "web=blue").returncode == 1


class TestSwitch:
    def test_the_first(self, host: ToolHost) -> None:
        host.deploy("r1", "blue")
        assert (host.live, host.previous) == ("0001", None)
        assert (host.serves("api"), host.serves("root", "19")) == ("backend r1", "web r1")

    def test_the_second_keeps_the_first_as_previous(self, twice: ToolHost) -> None:
        assert (twice.live, twice.previous) == ("0002", "0001")
        assert (twice.serves("api"), twice.serves("root")) == ("backend r2", "web r2")

    def test_what_is_live_stays_and_so_does_previous(self, twice: ToolHost) -> None:
        assert twice.run("switch", "0002") == "plan 0002 is live already"
        assert (twice.live, twice.previous) == ("0002", "0001")

    def test_links_are_relative(self, twice: ToolHost) -> None:
        for link in ("live", "previous"):
            assert not (twice.traffic / link).readlink().is_absolute()

    def test_boots_with_what_serves(self, twice: ToolHost) -> None:
        twice.enabled_units()
        twice.run("switch", "0001")
        assert set(twice.calls()) == {
            f"systemctl --quiet {verb} forms-{service}-{colour}.service"
            for verb, colour in (("enable", "blue"), ("disable", "green"))
            for service in SERVICES
        }

    @pytest.mark.parametrize("plan", ["0009", "9", "2", "nowhere", "../../releases/r1x"])
    def test_an_unknown_plan_moves_nothing(self, twice: ToolHost, plan: str) -> None:
        before = twice.tree()
        done = twice.try_to("switch", plan)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"higuera-forms: there is no plan {plan}\n"
        assert twice.tree() == before

    @pytest.mark.xfail(strict=True, reason="bug: any folder counts as a plan; live points at it")
    @pytest.mark.parametrize("plan", ["", ".", "..", "../../releases/r1", "0001/api"])
    def test_only_a_plan_is_a_plan(self, twice: ToolHost, plan: str) -> None:
        twice.try_to("switch", plan)
        assert twice.live == "0002"

    @pytest.mark.xfail(strict=True, reason="bug: a plan whose release was pruned can go live")
    def test_a_plan_without_its_release_does_not_go_live(self, twice: ToolHost) -> None:
        (twice.plans / "0001" / "release").unlink()
        (twice.plans / "0001" / "release").symlink_to(twice.releases / "pruned")
        assert twice.try_to("switch", "0001").returncode == 1
        assert twice.live == "0002"

    def test_a_failing_systemctl_is_told_and_traffic_stays_readable(self, twice: ToolHost) -> None:
        twice.enabled_units()
        twice.fail("systemctl-enable", "no bus\n")
        done = twice.try_to("switch", "0001")
        assert (done.returncode, "no bus" in done.stderr) == (1, True)
        assert (twice.live, twice.previous) == ("0001", "0002")


class TestRevert:
    def test_goes_back(self, twice: ToolHost) -> None:
        assert twice.run("revert") == "plan 0001 is live again"
        assert (twice.live, twice.serves("api")) == ("0001", "backend r1")

    def test_boots_with_what_serves(self, twice: ToolHost) -> None:
        twice.enabled_units()
        twice.run("revert")
        assert "systemctl --quiet enable forms-web-blue.service" in twice.calls()

    def test_nothing_to_go_back_to(self, host: ToolHost) -> None:
        host.deploy("r1", "blue")
        before = host.tree()
        done = host.try_to("revert")
        assert done.returncode == 1
        assert done.stderr == "higuera-forms: there is no previous plan to go back to\n"
        assert host.tree() == before

    def test_a_previous_plan_that_is_gone(self, twice: ToolHost) -> None:
        (twice.plans / "0001").rename(twice.plans / "gone")
        before = twice.tree()
        done = twice.try_to("revert")
        assert done.returncode == 1
        assert done.stderr == "higuera-forms: the previous plan 0001 is gone\n"
        assert twice.tree() == before

    def test_deploy_after_revert_can_be_reverted(self, twice: ToolHost) -> None:
        twice.run("revert")
        twice.deploy("r3", "green")
        assert (twice.live, twice.previous, twice.serves("api")) == ("0003", "0001", "backend r3")
        twice.run("revert")
        assert (twice.live, twice.serves("api")) == ("0001", "backend r1")

    @pytest.mark.xfail(
        strict=True,
        reason="bug: preparing the idle slot changes what the previous plan serves",
    )
    def test_never_serves_a_candidate(self, twice: ToolHost) -> None:
        twice.release("r3")
        for service in SERVICES:
            twice.run("prepare", service, "blue", "r3")  # and its health check fails
        twice.try_to("revert")
        assert twice.serves("api") in ("backend r1", "backend r2")

    @pytest.mark.xfail(strict=True, reason="bug: a revert that moves nothing exits 0")
    def test_a_second_revert_does_not_claim_to_have_moved(self, twice: ToolHost) -> None:
        twice.run("revert")
        assert twice.try_to("revert").returncode == 1


class TestConfirm:
    def test_marks_the_live_release_alone(self, host: ToolHost) -> None:
        host.deploy("r1", "blue")
        host.deploy("r2", "green", confirm=False)
        (host.releases / "r1/confirmed").unlink()
        host.run("confirm")
        assert (host.releases / "r2/confirmed").read_text().endswith("Z\n")
        assert not (host.releases / "r1/confirmed").exists()
        assert not (host.releases / "r2/confirmed.new").exists()

    def test_nothing_is_live(self, host: ToolHost) -> None:
        done = host.try_to("confirm")
        assert (done.returncode, done.stderr) == (1, "higuera-forms: nothing is live\n")


class TestStatus:
    def test_nothing_is_live(self, host: ToolHost) -> None:
        assert host.run("status") == "nothing is live"

    def test_says_what_serves_and_what_stands_by(self, twice: ToolHost) -> None:
        lines = twice.run("status").splitlines()
        assert lines[0].startswith("live      plan 0002, release r2, since 20")
        assert lines[1] == "previous  plan 0001"
        assert [line.split() for line in lines[2:4]] == [
            ["backend", "backend-green", "active"],
            ["web", "web-green", "active"],
        ]

    def test_says_what_is_down_and_exits_0(self, twice: ToolHost) -> None:
        twice.fail("systemctl-is-active", "")
        assert "web  web-green" in twice.run("status")


class TestReaders:
    """nginx opens these paths a thousand times a second: they are always there, and whole."""

    def test_live_is_there_through_two_hundred_switches(self, twice: ToolHost) -> None:
        seen: set[str] = set()
        trouble: list[str] = []
        stop = threading.Event()
        reads = 0

        def read() -> None:
            nonlocal reads
            while not stop.is_set():
                try:
                    seen.add(twice.serves("api", "07"))
                    seen.add(str((twice.traffic / "live/root/19.sock").readlink().name))
                    (twice.traffic / "live").stat()
                except OSError as error:
                    trouble.append(repr(error))
                reads += 1

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(200):
            twice.run("switch", f"000{number % 2 + 1}")
        stop.set()
        for reader in readers:
            reader.join()
        assert trouble == []
        assert seen == {"backend r1", "backend r2", "web-blue.sock", "web-green.sock"}
        assert reads > 200

    def test_a_kill_at_any_moment_leaves_a_live_plan(self, twice: ToolHost) -> None:
        for number in range(40):
            process = subprocess.Popen(
                ["sh", twice.root / "tool", "switch", f"000{number % 2 + 1}"],
                env=twice.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(number * 0.0005)
            process.kill()
            process.wait()
            assert twice.serves("api") in ("backend r1", "backend r2")
            assert twice.previous in ("0001", "0002")
        twice.run("switch", "0001")
        twice.run("switch", "0002")
        assert (twice.live, twice.previous) == ("0002", "0001")

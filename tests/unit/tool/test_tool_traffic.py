"""plan, switch, revert, confirm and status: what they move, what they write down."""

import re
import subprocess
import threading
import time
from pathlib import Path

import pytest
from tool_host import BUCKETS, SERVICES, History, ToolHost, history_of

NO_PREVIOUS = "plan {} is live, and there is no previous plan to go back to"


@pytest.fixture
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.getbasetemp())


@pytest.fixture
def host(tmp_path: Path) -> ToolHost:
    return ToolHost.make(tmp_path)


@pytest.fixture
def once(history: History) -> ToolHost:
    """r1 on blue is live."""
    return history.after(1)


@pytest.fixture
def twice(history: History) -> ToolHost:
    """r1 on blue was live, r2 on green is."""
    return history.after(2)


def prepared(host: ToolHost) -> None:
    """r1 in its slots on blue, and no plan yet."""
    host.release("r1")
    for service in SERVICES:
        host.run("prepare", service, "blue", "r1")


class TestPlan:
    def test_a_plan_is_a_folder_a_route_with_all_buckets(self, host: ToolHost) -> None:
        host.deploy("r1", "blue")
        plan = host.plans / "0001"
        parts = {"api", "root", "services", "runs", "release"}
        assert {path.name for path in plan.iterdir()} == parts
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

    def test_a_plan_says_which_slots_it_means_and_what_they_run(self, twice: ToolHost) -> None:
        for number, release, colour in (("0001", "r1", "blue"), ("0002", "r2", "green")):
            for service in SERVICES:
                plan = twice.plans / number
                slot = twice.slots / f"{service}-{colour}"
                assert (plan / "services" / service).readlink() == slot
                assert (
                    str((plan / "runs" / service).readlink()) == f"../releases/{release}/{service}"
                )
                assert (plan / "runs" / service).readlink() == slot.readlink()

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
        prepared(host)
        for number in ("0001", last):
            (host.plans / number).mkdir(exist_ok=True)
        assert host.run("plan", "r1", "backend=blue", "web=blue") == following

    def test_numbers_go_on_after_ten_thousand(self, host: ToolHost) -> None:
        prepared(host)
        for number in ("9999", "10000"):
            (host.plans / number).mkdir()
        assert host.run("plan", "r1", "backend=blue", "web=blue") == "10001"

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["nowhere", "backend=blue", "web=blue"], "there is no release nowhere"),
            (["r1", "backend=red", "web=blue"], "there is no slot red of a service backend"),
            (["r1", "mail=blue", "web=blue"], "there is no slot blue of a service mail"),
            (["r1", "backend=blue"], "the plan has no slot for web"),
            (["r1", "backend", "web"], "there is no slot backend of a service backend"),
        ],
    )
    def test_what_is_unknown_makes_no_plan(
        self, twice: ToolHost, words: list[str], sentence: str
    ) -> None:
        before = twice.tree()
        done = twice.try_to("plan", *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"higuera-forms: {sentence}\n"
        assert twice.tree() == before

    def test_a_refused_plan_leaves_nothing(self, twice: ToolHost) -> None:
        before = twice.tree()
        twice.try_to("plan", "r1", "backend=red", "web=blue")
        assert twice.tree() == before

    def test_a_slot_that_was_never_prepared_makes_no_plan(self, once: ToolHost) -> None:
        before = once.tree()
        done = once.try_to("plan", "r1", "backend=green", "web=blue")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.splitlines()[0] == "higuera-forms: slot backend-green is empty"
        assert once.tree() == before

    @pytest.mark.parametrize("release", ["", ".", "..", "r1/backend"])
    def test_only_a_release_is_a_release(self, twice: ToolHost, release: str) -> None:
        before = twice.tree()
        done = twice.try_to("plan", release, "backend=blue", "web=blue")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"higuera-forms: there is no release {release}\n"
        assert twice.tree() == before

    def test_a_release_without_its_manifest_is_none(self, once: ToolHost) -> None:
        (once.releases / "r1/manifest.json").unlink()
        done = once.try_to("plan", "r1", "backend=blue", "web=blue")
        assert (done.returncode, done.stderr) == (1, "higuera-forms: there is no release r1\n")


def refused(host: ToolHost, sentence: str, *words: str) -> None:
    """The tool says so, exits 1, and neither a link nor a unit moved."""
    before = host.tree()
    done = host.try_to(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"higuera-forms: {sentence}\n"
    assert (host.tree(), host.calls()) == (before, [])


def give_away(host: ToolHost, service: str) -> None:
    """Prepare r3 in the idle blue slot."""
    if not (host.releases / "r3").exists():
        host.release("r3")
    host.run("prepare", service, "blue", "r3")
    host.calls()


def stale(plan: str, slot: str) -> str:
    """What the tool says of a plan that can no longer go live."""
    return f"plan {plan} cannot go live: its slot {slot} was given to another release since"


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

    def test_asks_nothing_of_systemd_where_all_overlaps(self, twice: ToolHost) -> None:
        """What is live is started at boot by the tool, so no unit is enabled here."""
        twice.run("switch", "0001")
        assert twice.calls() == []

    @pytest.mark.parametrize("plan", ["0009", "9", "2"])
    def test_an_unknown_plan_moves_nothing(self, twice: ToolHost, plan: str) -> None:
        refused(twice, f"there is no plan {plan}, or its release is gone", "switch", plan)

    @pytest.mark.parametrize(
        "plan",
        ["", ".", "..", "../../releases/r1", "../../releases/r1x", "0001/api", "nowhere", "-1"],
    )
    def test_only_a_plan_is_a_plan(self, twice: ToolHost, plan: str) -> None:
        sentence = f"a plan is a number, such as 0041, and not '{plan}'"
        refused(twice, sentence, "switch", plan)

    def test_a_plan_without_its_release_does_not_go_live(self, twice: ToolHost) -> None:
        (twice.plans / "0001" / "release").unlink()
        (twice.plans / "0001" / "release").symlink_to(twice.releases / "pruned")
        refused(twice, "there is no plan 0001, or its release is gone", "switch", "0001")

    @pytest.mark.parametrize("service", SERVICES)
    def test_a_stale_plan_does_not_go_live(self, twice: ToolHost, service: str) -> None:
        give_away(twice, service)
        refused(twice, stale("0001", f"{service}-blue"), "switch", "0001")

    def test_a_plan_without_services_does_not_go_live(self, twice: ToolHost) -> None:
        for service in SERVICES:
            (twice.plans / "0001/services" / service).unlink()
        refused(twice, "plan 0001 has no services", "switch", "0001")

    def test_a_slot_prepared_with_the_same_release_is_not_stale(self, twice: ToolHost) -> None:
        twice.run("prepare", "web", "blue", "r1")
        assert twice.run("switch", "0001") == "plan 0001 is live, plan 0002 stands by"


class TestRevert:
    def test_goes_back(self, twice: ToolHost) -> None:
        assert twice.run("revert") == "plan 0001 is live again"
        assert (twice.live, twice.serves("api")) == ("0001", "backend r1")

    def test_by_hand_leaves_a_note(self, twice: ToolHost) -> None:
        twice.run("revert")
        (note,) = (twice.root / "var/lib/higuera/forms/incidents").iterdir()
        assert "**What happened:** plan 0002 was taken back by hand" in note.read_text()

    def test_of_the_plan_that_is_live(self, twice: ToolHost) -> None:
        """The one who names it writes the note."""
        assert twice.run("revert", "0002") == "plan 0001 is live again"
        assert not (twice.root / "var/lib/higuera/forms/incidents").exists()

    @pytest.mark.parametrize("plan", ["0001", "0009", "2", "x"])
    def test_of_a_plan_that_is_not_live_moves_nothing(self, twice: ToolHost, plan: str) -> None:
        """The timer was faster, or somebody took it back by hand: that is no failure."""
        before, journal = twice.tree(), twice.journal()
        assert twice.run("revert", plan) == f"plan 0002 is live, and not plan {plan}"
        assert (twice.tree(), twice.journal(), twice.calls()) == (before, journal, [])

    def test_nothing_to_go_back_to(self, host: ToolHost) -> None:
        host.deploy("r1", "blue")
        before = host.tree()
        done = host.try_to("revert")
        assert done.returncode == 1
        assert done.stderr == "higuera-forms: " + NO_PREVIOUS.format("0001") + "\n"
        assert host.tree() == before

    def test_a_previous_plan_that_is_gone(self, twice: ToolHost) -> None:
        (twice.plans / "0001").rename(twice.plans / "gone")
        before = twice.tree()
        done = twice.try_to("revert")
        assert done.returncode == 1
        assert done.stderr == "higuera-forms: there is no plan 0001, or its release is gone\n"
        assert twice.tree() == before

    def test_deploy_after_revert_can_be_reverted(self, twice: ToolHost) -> None:
        twice.run("revert")
        twice.deploy("r3", "green")
        assert (twice.live, twice.previous, twice.serves("api")) == ("0003", "0001", "backend r3")
        twice.run("revert")
        assert (twice.live, twice.serves("api")) == ("0001", "backend r1")

    @pytest.mark.parametrize("services", [SERVICES, ("backend",), ("web",)])
    def test_never_serves_a_candidate(self, twice: ToolHost, services: tuple[str, ...]) -> None:
        for service in services:
            give_away(twice, service)  # and its health check fails
        refused(twice, stale("0001", f"{services[0]}-blue"), "revert")
        assert (twice.serves("api"), twice.serves("root")) == ("backend r2", "web r2")

    def test_a_second_revert_does_not_claim_to_have_moved(self, twice: ToolHost) -> None:
        twice.run("revert")
        twice.calls()
        assert twice.previous is None
        refused(twice, NO_PREVIOUS.format("0001"), "revert")


class TestConfirm:
    def test_marks_the_live_release_alone(self, host: ToolHost) -> None:
        host.deploy("r1", "blue")
        host.deploy("r2", "green", confirm=False)
        (host.releases / "r1/confirmed").unlink()
        host.run("confirm")
        assert re.fullmatch(r"\S+Z 0002\n", (host.releases / "r2/confirmed").read_text())
        assert not (host.releases / "r1/confirmed").exists()
        assert not (host.releases / "r2/confirmed.new").exists()

    def test_nothing_is_live(self, host: ToolHost) -> None:
        done = host.try_to("confirm")
        assert (done.returncode, done.stderr) == (1, "higuera-forms: nothing is live\n")

    @pytest.mark.parametrize("plan", ["0001", "r2", "2", "."])
    def test_a_plan_that_is_not_live(self, twice: ToolHost, plan: str) -> None:
        twice.switch_armed("0001")
        twice.switch_armed("0002")
        sentence = f"plan {plan} is not live, plan 0002 is: nothing to confirm"
        refused(twice, sentence, "confirm", plan)
        assert (twice.armed, twice.timer is None) == ("0001", False)


class TestStatus:
    def test_nothing_is_live(self, host: ToolHost) -> None:
        assert host.run("status") == "nothing is live"

    def test_says_what_serves_and_what_stands_by(self, twice: ToolHost) -> None:
        lines = twice.run("status").splitlines()
        assert lines[0].startswith("live      plan 0002, release r2, since 20")
        assert lines[1] == "previous  plan 0001, release r1"
        assert [line.split() for line in lines[2:]] == [
            ["backend", "backend-green", "active,", "healthy"],
            ["web", "web-green", "active,", "healthy"],
        ]

    def test_says_what_is_down_and_exits_0(self, twice: ToolHost) -> None:
        twice.fail("systemctl-is-active", "")
        twice.fail("curl", "")
        assert "web  web-green  , unhealthy" in twice.run("status")


class TestReaders:
    """nginx opens these paths a thousand times a second: they are always there, and whole."""

    def test_live_is_there_through_forty_switches(self, twice: ToolHost) -> None:
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
        # From a shell: Python would wait for its readers at every step.
        loop = 'for _ in $(seq 20); do sh "$0" switch 0001 && sh "$0" switch 0002 || exit; done'
        try:
            done = subprocess.run(
                ["sh", "-c", loop, twice.root / "tool"],
                env=twice.environment,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            stop.set()
            for reader in readers:
                reader.join()
        assert (done.returncode, done.stderr, done.stdout.count("is live, plan")) == (0, "", 40)
        assert trouble == []
        assert seen == {"backend r1", "backend r2", "web-blue.sock", "web-green.sock"}
        assert reads > 400

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

"""switch, revert, confirm and status: what they move, what they write down."""

import re
from pathlib import Path

import pytest
from tool_host import SERVICES, History, ToolHost, history_of

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


def refused(host: ToolHost, sentence: str, *words: str) -> None:
    """The tool says so, exits 1, and neither a link nor a unit moved."""
    before = host.tree()
    done = host.try_to(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"higuera-forms: {sentence}\n"
    assert (host.tree(), host.calls()) == (before, [])


def changes(host: ToolHost) -> list[str]:
    """What was asked of systemd that starts or stops something."""
    looks = {"is-active", "is-enabled", "show", "list-units"}
    calls = [call for call in host.calls() if call.startswith("systemctl ")]
    return [call for call in calls if not looks & set(call.split())]


def no_way_back(host: ToolHost, sentence: str) -> None:
    """A revert says so, exits 1, journals it, and moves nothing that serves."""
    before = host.tree()
    host.calls()
    done = host.try_to("revert")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"higuera-forms: {sentence}",
        "higuera-forms: plan 0002 stays live: there is no way back from it",
    ]
    assert host.tree() == before
    assert not [call for call in changes(host) if "-green" in call]
    (line,) = [line for line in host.journal() if line["step"] == "revert"]
    assert (line["result"], line["release"]) == ("failed", "r2")
    assert line["detail"] == f"plan 0002 stays: higuera-forms: {sentence}"


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
        assert twice.incidents() == ["plan 0002 was taken back by hand; plan 0001 serves"]

    def test_of_the_plan_that_is_live(self, twice: ToolHost) -> None:
        """The one who names it writes the note."""
        assert twice.run("revert", "0002") == "plan 0001 is live again"
        assert twice.incidents() == []

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
        no_way_back(twice, "there is no plan 0001, or its release is gone")

    def test_deploy_after_revert_can_be_reverted(self, twice: ToolHost) -> None:
        twice.run("revert")
        twice.deploy("r3", "green")
        assert (twice.live, twice.previous, twice.serves("api")) == ("0003", "0001", "backend r3")
        twice.run("revert")
        assert (twice.live, twice.serves("api")) == ("0001", "backend r1")

    @pytest.mark.parametrize("words", [["revert"], ["revert", "0002"]])
    def test_stops_what_it_left_and_nothing_that_proved_itself(
        self, twice: ToolHost, words: list[str]
    ) -> None:
        twice.deploy("r3", "blue", confirm=False)
        twice.run("switch", "0002", "60")
        twice.calls()
        give_away(twice, "web")
        (twice.traffic / "unconfirmed").unlink()
        (twice.traffic / "previous").unlink()
        assert twice.try_to(*words).returncode == 1
        stopped = {call.split()[-1] for call in changes(twice) if " stop " in call}
        assert stopped == {"forms-backend-blue.service", "forms-web-blue.service"}

    @pytest.mark.parametrize("services", [SERVICES, ("backend",), ("web",)])
    def test_never_serves_a_candidate(self, twice: ToolHost, services: tuple[str, ...]) -> None:
        for service in services:
            give_away(twice, service)  # and its health check fails
        no_way_back(twice, stale("0001", f"{services[0]}-blue"))
        assert (twice.serves("api"), twice.serves("root")) == ("backend r2", "web r2")

    def test_a_second_revert_does_not_claim_to_have_moved(self, twice: ToolHost) -> None:
        twice.run("revert")
        twice.calls()
        assert twice.previous is None
        before = twice.tree()
        done = twice.try_to("revert")
        sentence = NO_PREVIOUS.format("0001")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"higuera-forms: {sentence}\n"
        assert (twice.tree(), changes(twice)) == (before, [])

    def test_what_did_not_happen_is_not_noted_as_if_it_had(self, twice: ToolHost) -> None:
        (twice.traffic / "previous").unlink()
        assert twice.try_to("revert").returncode == 1
        told = "\n".join(twice.incidents())
        assert "was taken back" not in told
        assert "unproven" not in told  # r2 was confirmed


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

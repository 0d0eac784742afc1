"""What a host does by itself: clears up after who is gone, tells who comes, stops what is old."""

import os
import re
from pathlib import Path

import pytest
from swap_host import swap_history_of, units_called
from tool_host import History, ToolHost, forms_stack, history_of

from higuera.spec.stack import Stack

TELLERS = [["status"], ["releases"], ["journal"], ["lock", "status"]]
SETTLERS = {
    "settle": "whoever should have confirmed is gone",
    "deadman": "nobody confirmed in time",
    "boot": "the host was rebooted before anybody confirmed",
}


@pytest.fixture
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.getbasetemp())


@pytest.fixture
def twice(history: History) -> ToolHost:
    """r1 on blue was live, r2 on green is."""
    return history.after(2)


def stopped(host: ToolHost) -> list[str]:
    return [call.split()[-1] for call in units_called(host) if call.startswith("stop ")]


class TestAbandoned:
    def test_stops_only_candidates_that_were_never_confirmed(self, twice: ToolHost) -> None:
        twice.release("r3")
        twice.run("prepare", "web", "blue", "r3")
        twice.calls()
        twice.deploying()
        assert twice.run("abandoned") == ""
        # backend-blue has r1, which was confirmed: it is warm for a rollback.
        assert stopped(twice) == ["forms-web-blue"]
        assert (twice.live, twice.previous) == ("0002", "0001")

    def test_does_nothing_where_nobody_deploys(self, twice: ToolHost) -> None:
        twice.deploy("r3", "blue", confirm=False)
        (twice.traffic / "unconfirmed").write_text("0002\n")
        twice.calls()
        before, journal = twice.tree(), twice.journal()
        assert twice.run("abandoned") == ""
        assert (twice.tree(), twice.journal(), twice.calls()) == (before, journal, [])
        assert twice.incidents() == []

    def test_is_done_once(self, twice: ToolHost) -> None:
        file = twice.deploying()
        twice.run("abandoned")
        assert not file.exists()
        journal = twice.journal()
        twice.run("abandoned")
        assert twice.journal() == journal

    def test_takes_the_flip_back_first(self, twice: ToolHost) -> None:
        twice.deploy("r3", "blue", confirm=False)
        (twice.traffic / "unconfirmed").write_text("0002\n")
        twice.calls()
        twice.deploying()
        assert twice.run("abandoned") == "plan 0002 is live again"
        assert (twice.live, twice.armed) == ("0002", None)
        assert stopped(twice) == ["forms-backend-blue", "forms-web-blue"]
        reason = "the one who deployed is gone; plan 0002 serves"
        assert twice.run("notice").endswith(f": plan 0003 (r3) was not confirmed: {reason}")

    def test_never_stops_what_serves(self, twice: ToolHost) -> None:
        """Not even where it cannot go back."""
        twice.deploy("r3", "blue", confirm=False)
        (twice.traffic / "unconfirmed").write_text("0009\n")
        twice.calls()
        twice.deploying()
        done = twice.try_to("abandoned")
        assert (done.returncode, "there is no plan 0009" in done.stderr) == (0, True)
        assert (stopped(twice), twice.live, twice.armed) == ([], "0003", None)
        assert twice.run("notice").endswith(
            "plan 0003 (r3) was not confirmed: the one who deployed is gone; "
            "plan 0003 stays, unproven: there was no way back"
        )

    def test_is_journalled_in_the_name_of_who_is_gone(self, twice: ToolHost) -> None:
        twice.deploying(actor="ana@laptop")
        twice.try_to("abandoned", HIGUERA_ACTOR="the next one")
        sentence = "a deploy was abandoned: the one who deployed is gone"
        assert twice.incidents() == [sentence]
        deploy, incident = twice.journal()[-2:]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", deploy["end"])
        assert (deploy["step"], deploy["result"]) == ("deploy", "abandoned")
        assert (incident["step"], incident["detail"]) == ("incident", sentence)
        assert (deploy["actor"], incident["actor"]) == ("ana@laptop", "ana@laptop")

    @pytest.mark.parametrize(("since", "told"), [(1_600_000_000, True), (4_000_000_000, False)])
    def test_the_note_begins_with_the_deploy(self, twice: ToolHost, since: int, told: bool) -> None:
        os.utime(twice.deploying(), (since, since))
        twice.run("abandoned")
        (note,) = (twice.root / "var/lib/higuera/forms/incidents").iterdir()
        assert ("switch: ok r2" in note.read_text()) == told

    def test_before_anything_was_deployed(self, history: History) -> None:
        host = history.after(0)
        host.release("r1")
        host.run("prepare", "web", "blue", "r1")
        host.calls()
        host.deploying()
        host.run("abandoned")
        assert stopped(host) == ["forms-web-blue"]

    def test_what_is_down_is_not_stopped(self, twice: ToolHost) -> None:
        twice.release("r3")
        twice.run("prepare", "web", "blue", "r3")
        twice.hook('case "$*" in "is-active "*) echo inactive; exit 3 ;; esac')
        twice.calls()
        twice.deploying()
        twice.run("abandoned")
        assert stopped(twice) == []


class TestWhatIsLeft:
    """Of an abandoned deploy: a command that its connection no longer hears."""

    @pytest.mark.parametrize(
        "words",
        [
            ["prepare", "web", "blue", "r1"],
            ["start", "web", "blue"],
            ["switch", "0001", "60"],
            ["confirm"],
            ["revert"],
            ["status"],
        ],
    )
    @pytest.mark.parametrize("deploy", [None, "d2"])
    def test_does_nothing(self, twice: ToolHost, words: list[str], deploy: str | None) -> None:
        if deploy is not None:
            twice.deploying(deploy=deploy)
        before = twice.tree()
        done = twice.try_to(*words, HIGUERA_DEPLOY="d1")
        told = "higuera-forms: the deploy that asked for this was abandoned\n"
        assert (done.returncode, done.stderr, done.stdout) == (1, told, "")
        assert (twice.tree(), twice.calls()) == (before, [])

    def test_a_deploy_that_goes_on_is_served(self, twice: ToolHost) -> None:
        twice.deploying(deploy="d1")
        assert twice.try_to("start", "web", "blue", HIGUERA_DEPLOY="d1").returncode == 0
        assert twice.try_to("switch", "0001", HIGUERA_DEPLOY="d1").returncode == 0
        assert twice.live == "0001"

    @pytest.mark.parametrize("answers", ["exit 7", "true"])
    def test_a_candidate_that_starts_is_stopped(self, twice: ToolHost, answers: str) -> None:
        """Whether it answers or not by the time that nobody waits for it any more."""
        file = twice.deploying(deploy="d1")
        twice.stub("curl", f"rm -f {file}; {answers}")
        done = twice.try_to("start", "web", "blue", HIGUERA_DEPLOY="d1")
        assert done.returncode == 1
        why = "forms-web-blue did not become healthy: the deploy that asked for this was abandoned"
        assert done.stderr.startswith(why)
        assert stopped(twice) == ["forms-web-blue"]

    def test_what_waited_to_move_traffic_moves_nothing(self, twice: ToolHost) -> None:
        file = twice.deploying(deploy="d1")
        twice.stub("flock", f"rm -f {file}")
        done = twice.try_to("switch", "0001", HIGUERA_DEPLOY="d1")
        assert (done.returncode, twice.live) == (1, "0002")
        assert done.stderr.endswith("was abandoned: nothing was moved\n")

    def test_a_connection_that_waits_in_its_socket_starts_nothing(self, twice: ToolHost) -> None:
        twice.run("stop", "web", "blue")
        called = [call for call in twice.calls() if ".socket" in call]
        assert called == [
            "systemctl --quiet stop forms-web-blue.socket forms-web-blue-proxy.service "
            "forms-web-blue.service",
            "systemctl --quiet start forms-web-blue.socket",
        ]


class TestNotice:
    @pytest.mark.parametrize(("settler", "why"), SETTLERS.items())
    def test_everybody_is_told_until_a_release_is_confirmed(
        self, twice: ToolHost, settler: str, why: str
    ) -> None:
        twice.switch_armed("0001")
        twice.run(settler)
        sentence = f": plan 0001 (r1) was not confirmed: {why}; plan 0002 serves\n"
        for words in TELLERS * 2:
            done = twice.try_to(*words)
            assert (done.returncode, done.stderr[20:]) == (0, sentence), words
        assert twice.run("notice") + "\n" == done.stderr
        assert twice.incidents() == [sentence.removeprefix(": ").strip()]
        twice.deploy("r3", "blue")
        for words in [*TELLERS, ["notice"]]:
            assert twice.try_to(*words).stderr == ""
        assert twice.run("notice") == ""

    def test_status_tells_programs_too(self, twice: ToolHost) -> None:
        twice.switch_armed("0001")
        twice.run("deadman")
        done = twice.try_to("status", "--json")
        assert done.stderr == ""
        assert '"notice": "20' in done.stdout and "nobody confirmed in time" in done.stdout

    def test_a_revert_by_hand_is_no_news(self, twice: ToolHost) -> None:
        twice.run("revert")
        assert twice.run("notice") == ""

    def test_nothing_to_settle_is_no_news(self, twice: ToolHost) -> None:
        for settler in SETTLERS:
            assert twice.run(settler) == ""
        assert (twice.run("notice"), twice.incidents()) == ("", [])


class TestRetire:
    def test_stops_what_does_not_serve_and_only_that(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        host = swap_history_of(tmp_path_factory.getbasetemp()).after(2)
        host.run("retire")
        assert stopped(host) == ["forms-backend-blue", "forms-web-blue", "forms-worker-blue"]

    @pytest.mark.parametrize("state", ["inactive", "failed", "unknown"])
    def test_again_there_is_nothing_to_stop(self, twice: ToolHost, state: str) -> None:
        twice.hook(f'case "$*" in "is-active "*) echo {state}; exit 3 ;; esac')
        assert twice.run("retire") == ""
        assert stopped(twice) == []

    @pytest.mark.parametrize("state", ["activating", "deactivating", "reloading"])
    def test_what_is_on_its_way_is_stopped_too(self, twice: ToolHost, state: str) -> None:
        twice.hook(f'case "$*" in "is-active "*) echo {state}; exit 3 ;; esac')
        twice.run("retire")
        assert stopped(twice) == ["forms-backend-blue", "forms-web-blue"]

    def test_lets_it_finish_first(self, tmp_path: Path) -> None:
        data = forms_stack().model_dump()
        data["settings"]["drain"] = 1
        host = ToolHost.make(tmp_path, Stack.model_validate(data))
        host.deploy("r1", "blue")
        host.deploy("r2", "green")
        host.stub("ss", 'case "$*" in *web-blue*) echo open; echo open ;; esac')
        host.calls()
        assert host.run("retire") == "web-blue finishes 2 connections"
        assert stopped(host) == ["forms-backend-blue", "forms-web-blue"]

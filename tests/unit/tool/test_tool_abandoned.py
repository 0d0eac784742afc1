"""What a host does by itself: clears up after who is gone, tells who comes, stops what is old."""

import os
import socket
from collections.abc import Iterator
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


def incidents(host: ToolHost) -> list[str]:
    """What happened, in the words of each note."""
    folder = host.root / "var/lib/higuera" / host.stack.app / "incidents"
    notes = [file.read_text().splitlines() for file in sorted(folder.glob("*.md"))]
    return [line for lines in notes for line in lines if line.startswith("**What happened:**")]


def stopped(host: ToolHost) -> list[str]:
    return [call.split()[-1] for call in units_called(host) if call.startswith("stop ")]


class TestAbandoned:
    def test_stops_only_candidates_that_were_never_confirmed(self, twice: ToolHost) -> None:
        twice.release("r3")
        twice.run("prepare", "web", "blue", "r3")
        twice.calls()
        assert twice.run("abandoned", "0") == ""
        # backend-blue has r1, which was confirmed: it is warm for a rollback.
        assert stopped(twice) == ["forms-web-blue"]
        assert (twice.live, twice.previous) == ("0002", "0001")

    def test_takes_the_flip_back_first(self, twice: ToolHost) -> None:
        twice.deploy("r3", "blue", confirm=False)
        (twice.traffic / "unconfirmed").write_text("0002\n")
        twice.calls()
        assert twice.run("abandoned", "0") == "plan 0002 is live again"
        assert (twice.live, twice.armed) == ("0002", None)
        assert stopped(twice) == ["forms-backend-blue", "forms-web-blue"]

    def test_never_stops_what_serves(self, twice: ToolHost) -> None:
        """Not even where it cannot go back."""
        twice.deploy("r3", "blue", confirm=False)
        (twice.traffic / "unconfirmed").write_text("0009\n")
        twice.calls()
        done = twice.try_to("abandoned", "0")
        assert (done.returncode, "there is no plan 0009" in done.stderr) == (0, True)
        assert (stopped(twice), twice.live) == ([], "0003")

    def test_leaves_a_note(self, twice: ToolHost) -> None:
        twice.try_to("abandoned", "0", HIGUERA_ACTOR="ana@laptop")
        sentence = "a deploy was abandoned: the one who deployed is gone"
        assert incidents(twice) == [f"**What happened:** {sentence}"]
        (line,) = [line for line in twice.journal() if line["step"] == "incident"]
        assert (line["actor"], line["detail"]) == ("ana@laptop", sentence)

    def test_before_anything_was_deployed(self, history: History) -> None:
        host = history.after(0)
        host.release("r1")
        host.run("prepare", "web", "blue", "r1")
        host.calls()
        host.run("abandoned", "0")
        assert stopped(host) == ["forms-web-blue"]


class TestNotice:
    @pytest.mark.parametrize(("settler", "why"), SETTLERS.items())
    def test_everybody_is_told_until_a_release_is_confirmed(
        self, twice: ToolHost, settler: str, why: str
    ) -> None:
        twice.switch_armed("0001")
        twice.run(settler)
        sentence = f": plan 0001 (r1) was taken back to plan 0002: {why}\n"
        for words in TELLERS * 2:
            done = twice.try_to(*words)
            assert (done.returncode, done.stderr[20:]) == (0, sentence), words
        assert twice.run("notice") + "\n" == done.stderr
        assert incidents(twice) == [f"**What happened:** plan 0001 was taken back: {why}"]
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
        assert (twice.run("notice"), incidents(twice)) == ("", [])


class TestRetire:
    def test_stops_what_does_not_serve_and_only_that(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        host = swap_history_of(tmp_path_factory.getbasetemp()).after(2)
        host.run("retire")
        assert stopped(host) == ["forms-backend-blue", "forms-web-blue", "forms-worker-blue"]

    def test_again_there_is_nothing_to_stop(self, twice: ToolHost) -> None:
        twice.fail("systemctl-is-active", "")
        twice.try_to("retire")
        assert stopped(twice) == []

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


class TestTakenPort:
    @pytest.fixture
    def listener(self) -> Iterator[socket.socket]:
        """Somebody on a port that a service could have."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server

    @pytest.fixture
    def host(self, tmp_path: Path, listener: socket.socket) -> ToolHost:
        """Web is prepared on blue, which has that port; `ss` is the real one."""
        data = forms_stack().model_dump()
        data["services"]["web"]["port"] = listener.getsockname()[1]
        host = ToolHost.make(tmp_path, Stack.model_validate(data))
        host.release("r1")
        host.run("prepare", "web", "blue", "r1")
        (host.stubs / "bin/ss").unlink()
        host.calls()
        return host

    def test_who_has_it_is_named(self, host: ToolHost, listener: socket.socket) -> None:
        host.stub("ps", '[ "$1 $2" = "-o unit=" ] && echo "cups.service"')
        done = host.try_to("start", "web", "blue")
        port = listener.getsockname()[1]
        start = f"higuera-forms: web-blue cannot start: port {port} is taken by "
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(start)
        assert done.stderr.removeprefix(start).split(" ", 1)[1].startswith("(process ")
        assert done.stderr.endswith(", cups.service)\n")
        assert [call for call in host.calls() if " start " in call] == []

    def test_by_its_real_process(self, host: ToolHost) -> None:
        assert f"(process {os.getpid()}, " in host.try_to("start", "web", "blue").stderr

    @pytest.mark.parametrize("unit", ["forms-web-blue.service", "forms-web-green.service"])
    def test_our_own_may_have_it(self, host: ToolHost, unit: str) -> None:
        host.stub("ps", f"echo {unit}")
        assert host.run("start", "web", "blue") == "web-blue is healthy"

    def test_nobody_has_it(self, host: ToolHost, listener: socket.socket) -> None:
        listener.close()
        assert host.run("start", "web", "blue") == "web-blue is healthy"

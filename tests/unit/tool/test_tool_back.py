"""The way back of what swaps: gone to its end, whatever fails on it, and whoever listens."""

import os
import subprocess

import pytest
from swap_host import swap_history_of, units_called, with_third
from tool_host import ToolHost

# What goes back from plan 0001, and with which status when not all of it comes up.
WAYS_BACK = [
    (["revert"], 3),
    (["revert", "0001"], 3),
    (["settle"], 3),
    (["deadman"], 3),
    (["abandoned"], 0),
]
NOT_ALL = "plan 0002 is live again, but not all of it came up"


@pytest.fixture
def twice(tmp_path_factory: pytest.TempPathFactory) -> ToolHost:
    """r1 on blue was live, r2 on green is."""
    return swap_history_of(tmp_path_factory.getbasetemp()).after(2)


@pytest.fixture
def armed(twice: ToolHost) -> ToolHost:
    """Plan 0001 took over from 0002, by a deploy that has not come to its end."""
    twice.switch_armed("0001")
    twice.deploying()
    return twice


def unheard(host: ToolHost, *words: str) -> int:
    """Run the tool for somebody who is gone: its output has no reader. Returns its status."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            ["sh", host.root / "tool", *words],
            env=host.environment,
            stdout=writer,
            stderr=writer,
            timeout=60,
            check=False,
        ).returncode
    finally:
        os.close(writer)


class TestNobodyListens:
    """A laptop that is closed ends the pipe that the tool writes to."""

    def test_a_switch_goes_to_its_end(self, twice: ToolHost) -> None:
        third = with_third(twice)
        assert unheard(third, "switch", "0003", "45") == 0
        assert (third.live, third.previous, third.gates) == ("0003", "0002", [])
        assert (third.armed, "--on-active=45" in (third.timer or "")) == ("0002", True)
        started = [call for call in units_called(third) if call.startswith("start ")]
        assert started == ["start forms-backend-blue", "start forms-worker-blue"]

    def test_a_switch_that_fails_goes_back(self, twice: ToolHost) -> None:
        third = with_third(twice)
        third.hook('case "$*" in *" start forms-worker-blue"*) exit 1 ;; esac')
        assert unheard(third, "switch", "0003", "45") == 1
        assert (third.live, third.previous, third.gates) == ("0002", None, [])
        assert (third.armed, third.timer) == (None, None)
        assert third.journal()[-1]["result"] == "reverted"

    @pytest.mark.parametrize("words", [words for words, _ in WAYS_BACK])
    def test_the_way_back_is_gone_to_its_end(self, armed: ToolHost, words: list[str]) -> None:
        assert unheard(armed, *words) == 0
        assert (armed.live, armed.gates) == ("0002", [])
        assert (armed.armed, armed.timer) == (None, None)
        started = [call for call in units_called(armed) if call.startswith("start ")]
        assert started == ["start forms-backend-green", "start forms-worker-green"]
        assert (armed.incidents() == []) == (words == ["revert", "0001"])

    def test_a_note_does_without_the_end_of_a_long_list(self, armed: ToolHost) -> None:
        for number in range(3, 40):
            armed.release(f"2-{number}")
        done = armed.try_to("deadman")
        assert (done.returncode, done.stderr) == (0, "")


class TestNotAllComesUp:
    @pytest.mark.parametrize(("words", "status"), WAYS_BACK)
    @pytest.mark.parametrize("service", ["backend", "worker"])
    def test_each_service_for_itself_and_none_is_stopped(
        self, armed: ToolHost, words: list[str], status: int, service: str
    ) -> None:
        armed.hook(f'case "$*" in show*{service}-green*) echo NRestarts=2; exit 0 ;; esac')
        if service == "backend":
            refused = 'case "$*" in *http://127.0.0.1:3001/*) exit 7 ;; esac'
            (armed.stubs / "curl-hook").write_text(refused)
        done = armed.try_to(*words)
        assert done.returncode == status
        assert done.stdout.splitlines()[-1] == "plan 0002 is live again"
        assert f"forms-{service}-green did not become healthy: it exited and" in done.stderr
        assert done.stderr.splitlines()[-1] == "not all of it is up; see: higuera-forms status"
        assert (armed.live, armed.armed, armed.timer) == ("0002", None, None)
        assert armed.gates == []
        called = units_called(armed)
        assert [call for call in called if "stop" in call and "-green" in call] == []
        started = [call for call in called if call.startswith("start ")]
        assert started == ["start forms-backend-green", "start forms-worker-green"]

    @pytest.mark.parametrize(("words", "status"), WAYS_BACK)
    def test_is_written_down(self, armed: ToolHost, words: list[str], status: int) -> None:
        armed.hook('case "$*" in *" start forms-backend-green"*) exit 1 ;; esac')
        assert armed.try_to(*words).returncode == status
        (line,) = [line for line in armed.journal() if line["step"] == "revert"]
        assert (line["result"], line["release"]) == ("reverted", "r2")
        notice, notes = armed.run("notice"), armed.incidents()
        if words[0] == "revert":
            by_hand = f"plan 0001 was taken back by hand; {NOT_ALL}"
            assert (notice, notes) == ("", [by_hand] if words == ["revert"] else [])
        else:
            assert notice.endswith(f"; {NOT_ALL}")
            assert words == ["abandoned"] or notes == [notice.split(": ", 1)[1]]

    def test_two_notes_of_one_second(self, armed: ToolHost) -> None:
        """What was taken back, and that the deploy was abandoned."""
        second = 'case "$*" in *%H%M%S*) echo 2026-11-23-101500 ;;'
        armed.stub("date", f'{second} *) exec /bin/date "$@" ;; esac')
        armed.run("abandoned")
        reason = "the one who deployed is gone"
        assert sorted(armed.incidents()) == [
            f"a deploy was abandoned: {reason}",
            f"plan 0001 (r1) was not confirmed: {reason}; plan 0002 serves",
        ]

    def test_a_way_back_that_was_cut_short_is_gone_on_with(self, armed: ToolHost) -> None:
        """Killed after its rename, before its services were started and its gate opened."""
        (armed.traffic / "live").unlink()
        (armed.traffic / "live").symlink_to("plans/0002")
        (armed.sockets / "backend.gate").touch()
        armed.run("settle")
        assert (armed.live, armed.armed, armed.gates) == ("0002", None, [])
        started = [call for call in units_called(armed) if call.startswith("start ")]
        assert started == ["start forms-backend-green", "start forms-worker-green"]


class TestNoWayBack:
    def full_disk(self, host: ToolHost) -> None:
        refused = 'case "$*" in *live.new*) echo "no space left" >&2; exit 1 ;; esac'
        host.stub("mv", f'{refused}\nexec /bin/mv "$@"')

    @pytest.mark.parametrize("words", [*(words for words, _ in WAYS_BACK), ["boot"]])
    def test_a_rename_that_fails_leaves_it_armed(self, armed: ToolHost, words: list[str]) -> None:
        self.full_disk(armed)
        done = armed.try_to(*words)
        assert done.returncode == (0 if words[0] in ("boot", "abandoned") else 1)
        assert "is live again" not in done.stdout
        assert (armed.live, armed.armed) == ("0001", "0002")
        called = units_called(armed)
        assert [call for call in called if call.startswith(("start", "stop"))] == []

    @pytest.mark.parametrize("words", [words for words, _ in WAYS_BACK])
    def test_nor_does_it_keep_requests_waiting(self, armed: ToolHost, words: list[str]) -> None:
        self.full_disk(armed)
        armed.try_to(*words)
        assert (armed.live, armed.gates) == ("0001", [])

    @pytest.mark.parametrize("words", [["settle"], ["deadman"]])
    def test_a_sync_that_fails_does_not_end_it(self, armed: ToolHost, words: list[str]) -> None:
        armed.stub("sync", "exit 1")
        armed.try_to(*words)
        assert armed.live == "0002"
        assert "stays, unproven" not in armed.run("notice")
        assert (armed.armed, armed.gates) == (None, [])


class TestGates:
    @pytest.fixture
    def closed(self, armed: ToolHost) -> ToolHost:
        """A gate was left closed by a tool that was killed."""
        (armed.sockets / "backend.gate").touch()
        return armed

    @pytest.mark.parametrize("words", [["confirm"], ["confirm", "0001"]])
    def test_a_confirm_opens_them(self, closed: ToolHost, words: list[str]) -> None:
        closed.run(*words)
        assert (closed.live, closed.gates) == ("0001", [])

    @pytest.mark.parametrize("settler", ["settle", "deadman", "boot"])
    def test_so_does_what_was_armed_and_never_renamed(self, closed: ToolHost, settler: str) -> None:
        (closed.traffic / "unconfirmed").write_text("0001\n")
        closed.run(settler)
        assert (closed.live, closed.armed, closed.gates) == ("0001", None, [])

    def test_so_does_a_revert_without_a_way_back(self, closed: ToolHost) -> None:
        (closed.traffic / "unconfirmed").write_text("0009\n")
        assert closed.try_to("revert").returncode == 1
        assert (closed.live, closed.armed, closed.gates) == ("0001", None, [])

    def test_status_says_who_waits(self, closed: ToolHost) -> None:
        text = closed.run("status").splitlines()
        assert "backend  backend-blue  active, its requests wait" in text
        assert "web  web-blue  active, healthy" in text
        assert '"backend-blue", "colour": "blue", "state": "active", "health": "its requests ' in (
            closed.run("status", "--json")
        )
        closed.run("confirm")
        assert "wait" not in closed.run("status")

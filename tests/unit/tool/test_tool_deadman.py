"""The dead-man's switch: only a confirm keeps a plan, whatever dies in between."""

import os
import signal
import subprocess
import threading
import time

import pytest
from tool_host import History, ToolHost, history_of

SETTLERS = ["settle", "deadman", "boot"]


@pytest.fixture
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.getbasetemp())


@pytest.fixture
def twice(history: History) -> ToolHost:
    """r1 on blue was live, r2 on green is; nothing is armed."""
    return history.after(2)


@pytest.fixture
def armed(twice: ToolHost) -> ToolHost:
    """Plan 0001 took over from 0002 and waits for a confirm."""
    twice.switch_armed("0001")
    return twice


def steps(host: ToolHost) -> list[tuple[str, str, str]]:
    """The cutovers that were journalled after the two deploys."""
    moves = [line for line in host.journal()[4:] if line["step"] in ("switch", "revert", "confirm")]
    return [(line["step"], line["result"], line["release"]) for line in moves]


def told(host: ToolHost) -> str:
    """How it ended, in the words of the notice; an incident note says the same."""
    notice = host.run("notice")
    assert host.incidents()[0] == notice.split(": ", 1)[1]
    return notice.split("; ", 1)[1]


class TestArm:
    def test_comes_before_the_rename(self, twice: ToolHost) -> None:
        seen = twice.root / "seen"
        links = f'"$(cat {twice.traffic}/unconfirmed)" "$(readlink {twice.traffic}/live)"'
        (twice.stubs / "systemd-run-hook").write_text(f"echo {links} >{seen}")
        twice.run("switch", "0001", "60")
        assert seen.read_text() == "0002 plans/0002\n"
        assert (twice.armed, twice.live, twice.previous) == ("0002", "0001", "0002")

    def test_the_timer_runs_the_tool(self, twice: ToolHost) -> None:
        twice.run("switch", "0001", "45")
        assert twice.timer is not None
        words = twice.timer.split()
        assert {"--unit=forms-deadman", "--on-active=45", "--collect"} <= set(words)
        assert words[-3:] == ["--", str(twice.root / "tool"), "deadman"]

    def test_without_seconds_nothing_is_armed(self, twice: ToolHost) -> None:
        twice.run("switch", "0001")
        assert (twice.armed, twice.timer) == (None, None)

    def test_the_first_plan_has_nothing_to_go_back_to(self, history: History) -> None:
        host = history.after(1)
        (host.traffic / "live").unlink()
        host.run("switch", "0001", "60")
        assert (host.live, host.armed, host.timer) == ("0001", None, None)

    def test_a_second_switch_replaces_the_timer(self, armed: ToolHost) -> None:
        armed.run("switch", "0002", "77")
        assert "--on-active=77" in (armed.timer or "")
        assert (armed.live, armed.armed) == ("0002", "0001")

    @pytest.mark.parametrize("seconds", ["", "0", "060", "-1", "1.5", "1m", "all", "0002"])
    @pytest.mark.parametrize("plan", ["0001", "0002"])
    def test_only_seconds_are_seconds(self, twice: ToolHost, plan: str, seconds: str) -> None:
        before = twice.tree()
        done = twice.try_to("switch", plan, seconds)
        sentence = f"the time to confirm is a number of seconds, and not '{seconds}'"
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"higuera-forms: {sentence}\n"
        assert (twice.tree(), twice.calls()) == (before, [])

    def test_without_a_timer_nothing_moves(self, twice: ToolHost) -> None:
        twice.fail("systemd-run", "no bus\n")
        done = twice.try_to("switch", "0001", "60")
        assert (done.returncode != 0, done.stderr) == (True, "no bus\n")
        assert (twice.live, twice.previous) == ("0002", "0001")
        assert twice.run("settle") == ""
        assert (twice.live, twice.armed) == ("0002", None)


class TestConfirm:
    @pytest.mark.parametrize("words", [["confirm"], ["confirm", "0001"]])
    def test_disarms(self, armed: ToolHost, words: list[str]) -> None:
        assert armed.run(*words) == "plan 0001 is confirmed"
        assert (armed.live, armed.armed, armed.timer) == ("0001", None, None)
        assert steps(armed)[-1] == ("confirm", "ok", "r1")

    @pytest.mark.parametrize("settler", SETTLERS)
    def test_then_nothing_moves_any_more(self, armed: ToolHost, settler: str) -> None:
        armed.run("confirm", "0001")
        before, journal = armed.tree(), armed.journal()
        assert armed.run(settler) == ""
        assert (armed.tree(), armed.journal()) == (before, journal)

    @pytest.mark.parametrize("settler", SETTLERS)
    def test_comes_too_late(self, armed: ToolHost, settler: str) -> None:
        armed.run(settler)
        done = armed.try_to("confirm", "0001")
        assert (done.returncode, done.stdout) == (1, "")
        sentence = "plan 0001 is not live, plan 0002 is: nothing to confirm"
        assert done.stderr == f"higuera-forms: {sentence}\n"
        assert armed.live == "0002"


class TestSettle:
    @pytest.mark.parametrize(
        ("settler", "why"),
        [
            ("settle", "whoever should have confirmed is gone"),
            ("deadman", "nobody confirmed in time"),
            ("boot", "the host was rebooted before anybody confirmed"),
        ],
    )
    def test_goes_back_once_and_journals_it(self, armed: ToolHost, settler: str, why: str) -> None:
        assert armed.run(settler) == "plan 0002 is live again"
        assert (armed.live, armed.previous) == ("0002", None)
        assert (armed.armed, armed.timer) == (None, None)
        (line,) = [line for line in armed.journal() if line["step"] == "revert"]
        assert line["detail"] == f"plan 0001 to 0002: {why}"
        for again in SETTLERS:
            assert armed.run(again) == ""
        assert armed.live == "0002"
        assert steps(armed) == [("switch", "ok", "r1"), ("revert", "reverted", "r2")]

    @pytest.mark.parametrize("settler", SETTLERS)
    def test_armed_and_never_renamed(self, twice: ToolHost, settler: str) -> None:
        (twice.traffic / "unconfirmed").write_text("0002\n")
        (twice.timers / "forms-deadman").touch()
        assert twice.run(settler) == ""
        assert (twice.live, twice.previous) == ("0002", "0001")
        assert (twice.armed, twice.timer, steps(twice)) == (None, None, [])

    def test_what_serves_does_not_stand_by_for_itself(self, twice: ToolHost) -> None:
        """The host died between the two renames of a switch."""
        (twice.traffic / "unconfirmed").write_text("0002\n")
        (twice.traffic / "previous").unlink()
        (twice.traffic / "previous").symlink_to("plans/0002")
        twice.run("boot")
        assert (twice.live, twice.previous, twice.armed) == ("0002", None, None)

    @pytest.mark.parametrize("settler", SETTLERS)
    def test_a_slot_that_was_given_away_is_never_served(
        self, armed: ToolHost, settler: str
    ) -> None:
        armed.release("r3")
        armed.run("prepare", "web", "green", "r3")
        done = armed.try_to(settler)
        # A boot goes on: what is live there has to start all the same.
        assert done.returncode == (0 if settler == "boot" else 1)
        assert "plan 0002 cannot go live" in done.stderr
        # Nor could anybody go back later: it is no longer said to be armed.
        assert (armed.live, armed.armed, armed.timer) == ("0001", None, None)
        assert told(armed) == "plan 0001 stays: there was no way back"
        assert armed.journal()[-2]["detail"] == (
            "plan 0001 stays: higuera-forms: plan 0002 cannot go live: "
            "its slot web-green was given to another release since"
        )

    def test_boot_starts_what_serves_where_it_cannot_go_back(self, armed: ToolHost) -> None:
        armed.release("r3")
        armed.run("prepare", "web", "green", "r3")
        armed.calls()
        done = armed.try_to("boot")
        assert done.stderr.splitlines()[-1] == "not all is well; see above"
        started = [call.split()[-1] for call in armed.calls() if " start " in call]
        assert started == ["forms-backend-blue.service", "forms-web-blue.service"]

    @pytest.mark.parametrize("settler", [*SETTLERS, "abandoned"])
    def test_a_rename_that_fails_is_no_way_back(self, armed: ToolHost, settler: str) -> None:
        """It stays armed, so that the next one who comes tries again."""
        armed.deploying()
        full = 'case "$*" in *live.new*) echo "no space left" >&2; exit 1 ;; esac'
        armed.stub("mv", f'{full}\nexec /bin/mv "$@"')
        done = armed.try_to(settler)
        assert "is live again" not in done.stdout
        assert f"{armed.traffic}/live could not be pointed to plans/0002" in done.stderr
        assert (armed.live, armed.armed) == ("0001", "0002")
        assert [step for step, *_ in steps(armed)] == ["switch"]
        (armed.stubs / "bin/mv").unlink()
        assert armed.run("settle") == "plan 0002 is live again"
        assert (armed.live, armed.armed) == ("0002", None)

    def test_boot_starts_what_serves(self, armed: ToolHost) -> None:
        armed.run("boot")
        started = [call.split()[-1] for call in armed.calls() if " start " in call]
        assert started == ["forms-backend-green.service", "forms-web-green.service"]

    @pytest.mark.parametrize("settler", SETTLERS)
    def test_nothing_was_ever_deployed(self, history: History, settler: str) -> None:
        host = history.after(0)
        assert (host.run(settler), host.calls()) == ("", [])

    def test_revert_goes_where_the_switch_would(self, armed: ToolHost) -> None:
        assert armed.run("revert") == "plan 0002 is live again"
        assert (armed.armed, armed.timer, armed.previous) == (None, None, None)

    def test_revert_of_what_never_moved(self, twice: ToolHost) -> None:
        (twice.traffic / "unconfirmed").write_text("0002\n")
        done = twice.try_to("revert")
        sentence = "plan 0002 is live already; nothing moved"
        assert (done.returncode, done.stderr) == (1, f"higuera-forms: {sentence}\n")
        assert (twice.live, twice.previous, twice.armed) == ("0002", "0001", None)


class TestRaces:
    def test_deadman_against_confirm(self, twice: ToolHost) -> None:
        """Twelve times at once: one of them wins, and the loser knows it."""
        trouble: list[str] = []
        stop = threading.Event()
        reads = 0

        def read() -> None:
            nonlocal reads
            while not stop.is_set():
                try:
                    assert twice.serves("api", "07") in ("backend r1", "backend r2")
                    (twice.traffic / "live").stat()
                except (OSError, AssertionError) as error:
                    trouble.append(repr(error))
                reads += 1

        reader = threading.Thread(target=read)
        reader.start()
        outcomes = set()
        try:
            for number in range(12):
                outcomes.add(race(twice, number))
        finally:
            stop.set()
            reader.join()
        assert trouble == []
        assert reads > 100
        assert outcomes <= {"kept", "taken back"}

    def test_killed_at_any_moment_and_settled(self, twice: ToolHost) -> None:
        for number in range(45):
            process = subprocess.Popen(
                ["sh", twice.root / "tool", "switch", "0001", "60"],
                env=twice.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            time.sleep(number * 0.0015)
            # The whole group, as the end of a session does; or the shell alone.
            (os.killpg if number % 2 else os.kill)(process.pid, signal.SIGKILL)
            process.wait()
            # What the shell had just started has the lock until it is through.
            subprocess.run(["flock", twice.traffic / ".moving", "true"], check=True)
            assert twice.serves("api") in ("backend r1", "backend r2")
            twice.run("settle")
            assert (twice.live, twice.armed) == ("0002", None), number
            assert twice.previous != "0002"
            assert (twice.serves("api"), twice.serves("root")) == ("backend r2", "web r2")
            (twice.timers / "forms-deadman").unlink(missing_ok=True)


def race(host: ToolHost, number: int) -> str:
    """From 0002 to 0001, then the timer and the controller meet; ends on 0002 again."""
    host.switch_armed("0001")
    words = [["deadman"], ["confirm", "0001"]]
    both = [
        subprocess.Popen(
            ["sh", host.root / "tool", *given],
            env=host.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for given in (words if number % 2 else reversed(words))
    ]
    for process in both:
        process.communicate(timeout=30)
    confirmed = next(p for p in both if "confirm" in p.args).returncode == 0  # type: ignore[operator]
    assert host.armed is None
    assert host.live == ("0001" if confirmed else "0002")
    if confirmed:
        host.run("switch", "0002")
    return "kept" if confirmed else "taken back"

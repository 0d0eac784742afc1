"""What never runs twice: it starts with the cutover, while requests wait, or all goes back."""

import pytest
from swap_host import SHOW_GATE, swap_history_of, units_called, with_third
from tool_host import ToolHost

DEFERRED = "starts with the cutover, and not beside the one that runs"
NOT_BESIDE = "backend never runs twice: as long as it serves, its candidate cannot be tried"


@pytest.fixture
def twice(tmp_path_factory: pytest.TempPathFactory) -> ToolHost:
    """r1 on blue was live, r2 on green is."""
    return swap_history_of(tmp_path_factory.getbasetemp()).after(2)


@pytest.fixture
def third(twice: ToolHost) -> ToolHost:
    """And r3 is prepared on blue, as plan 0003."""
    return with_third(twice)


def cutovers(host: ToolHost) -> list[tuple[str, str, str]]:
    """The last two cutovers that were journalled."""
    moves = [line for line in host.journal() if line["step"] in ("switch", "revert", "confirm")]
    return [(line["step"], line["result"], line["release"]) for line in moves[-2:]]


class TestStart:
    @pytest.mark.parametrize("service", ["backend", "worker"])
    def test_waits_for_the_cutover(self, third: ToolHost, service: str) -> None:
        assert third.run("start", service, "blue") == f"{service}-blue {DEFERRED}"
        assert third.calls() == []

    def test_what_overlaps_does_not_wait(self, third: ToolHost) -> None:
        assert third.run("start", "web", "blue") == "web-blue is healthy"

    def test_the_first_backend_starts_alone_and_the_worker_still_waits(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """No traffic comes before its first plan; a job would."""
        host = swap_history_of(tmp_path_factory.getbasetemp()).after(0)
        host.release("r1")
        for service in host.stack.services:
            host.run("prepare", service, "blue", "r1")
        assert host.run("start", "backend", "blue") == "backend-blue is healthy"
        assert host.run("start", "worker", "blue") == f"worker-blue {DEFERRED}"


class TestCandidate:
    def test_refuses_what_a_request_would_start(self, third: ToolHost) -> None:
        before = third.tree()
        done = third.try_to("candidate", "0003")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"higuera-forms: {NOT_BESIDE}\n"
        assert (third.tree(), third.calls()) == (before, [])

    def test_takes_a_plan_whose_requests_start_nothing(self, third: ToolHost) -> None:
        """No request reaches a worker."""
        plan = third.run("plan", "r3", "backend=green", "web=blue", "worker=blue")
        third.run("candidate", plan)
        assert (third.traffic / "candidate").readlink().name == plan


class TestSwitch:
    def test_closes_the_gate_renames_starts_and_opens_the_gate(self, third: ToolHost) -> None:
        live = f'echo "live is $(readlink {third.traffic}/live)" >>"$here/calls"'
        starts = f'case "$*" in *" start "*) {live} ;; esac'
        gate = SHOW_GATE.format(gate=third.sockets / "backend.gate")
        third.hook(f"{starts}\n{gate}")
        said = third.run("switch", "0003").splitlines()
        assert said == [
            "backend-blue is healthy",
            "worker-blue is healthy",
            "plan 0003 is live, plan 0002 stands by",
        ]
        calls = third.calls()
        assert [call for call in calls if call.startswith("live")] == ["live is plans/0003"] * 2
        (third.stubs / "calls").write_text("\n".join(calls))
        assert units_called(third) == [
            "is-active forms-backend-green",
            "(the gate is closed)",
            "(the gate is closed)",  # at its reset-failed
            "start forms-backend-blue",
            "(the gate is closed)",
            "is-active forms-worker-green",
            "start forms-worker-blue",
        ]
        assert (third.gates, third.live, third.previous) == ([], "0003", "0002")
        assert third.serves("api") == "backend r3"

    def test_asks_the_one_port_and_opens_the_gate_before_it_asks_the_socket(
        self, third: ToolHost
    ) -> None:
        gate = third.sockets / "backend.gate"
        seen = f"[ -e {gate} ] && echo closed >>{third.root}/seen || echo open >>{third.root}/seen"
        (third.stubs / "curl-hook").write_text(seen)
        third.run("switch", "0003")
        asked = [call.split()[-1] for call in third.calls() if call.startswith("curl")]
        assert asked == ["http://127.0.0.1:3001/api/health", "http://localhost/api/health"]
        assert (third.root / "seen").read_text().split() == ["closed", "open"]

    def test_has_longer_to_be_confirmed_until_all_runs(self, third: ToolHost) -> None:
        third.run("switch", "0003", "45")
        armed = [word for call in third.calls() for word in call.split() if "--on-active" in word]
        whole = 45 + third.stack.swap_seconds()
        assert armed == [f"--on-active={whole}", "--on-active=45"]
        assert (third.armed, "--on-active=45" in (third.timer or "")) == ("0002", True)

    def test_leaves_alone_what_keeps_its_colour(self, third: ToolHost) -> None:
        plan = third.run("plan", "r3", "backend=green", "web=blue", "worker=green")
        third.run("switch", plan)
        assert third.calls() == []

    @pytest.mark.parametrize("seconds", [[], ["60"]])
    @pytest.mark.parametrize("service", ["backend", "worker"])
    def test_what_does_not_start_goes_back_in_the_same_command(
        self, third: ToolHost, service: str, seconds: list[str]
    ) -> None:
        refuse = f'*" start forms-{service}-blue"*) echo "no coffee" >&2; exit 1 ;;'
        third.hook(f'case "$*" in {refuse} esac')
        done = third.try_to("switch", "0003", *seconds)
        assert done.returncode == 1
        assert "plan 0002 is live again" in done.stdout.splitlines()
        assert f"forms-{service}-blue did not become healthy: systemd could not" in done.stderr
        assert (third.live, third.previous, third.gates) == ("0002", None, [])
        assert (third.armed, third.timer) == (None, None)
        assert cutovers(third) == [("switch", "ok", "r3"), ("revert", "reverted", "r2")]
        assert third.journal()[-1]["detail"] == (
            "plan 0003 to 0002: what starts with the cutover did not"
        )
        started = [call for call in units_called(third) if call.startswith("start ")]
        assert started[-2:] == ["start forms-backend-green", "start forms-worker-green"]

    def test_a_worker_that_exits_goes_back(self, third: ToolHost) -> None:
        third.hook('case "$*" in *show*worker-blue*) echo ActiveState=failed; exit 0 ;; esac')
        done = third.try_to("switch", "0003")
        assert (done.returncode, third.live) == (1, "0002")
        assert "forms-worker-blue did not become healthy: it exited" in done.stderr

    def test_the_first_that_does_not_start_has_nothing_to_go_back_to(
        self, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        host = swap_history_of(tmp_path_factory.getbasetemp()).after(1)
        (host.traffic / "live").unlink()
        host.hook('case "$*" in *" start forms-worker-blue"*) exit 1 ;; esac')
        done = host.try_to("switch", "0001", "60")
        assert (done.returncode, host.live, host.previous) == (1, "0001", None)

    def test_when_the_old_one_does_not_start_either_that_is_told(self, third: ToolHost) -> None:
        third.fail("systemctl-start", "no coffee\n")
        done = third.try_to("switch", "0003")
        assert (done.returncode, third.live, third.gates) == (1, "0002", [])
        assert "plan 0002 is live again" in done.stdout.splitlines()
        assert done.stderr.splitlines()[-1] == ("not all of it is up; see: higuera-forms status")


class TestGoingBack:
    @pytest.mark.parametrize(
        "words", [["revert"], ["revert", "0001"], ["settle"], ["deadman"], ["abandoned"]]
    )
    def test_swaps_back(self, twice: ToolHost, words: list[str]) -> None:
        twice.switch_armed("0001")
        twice.deploying()
        done = twice.try_to(*words)
        assert (done.returncode, done.stderr) == (0, "")
        assert (twice.live, twice.serves("api"), twice.gates) == ("0002", "backend r2", [])
        assert units_called(twice)[:4] == [
            "is-active forms-backend-blue",
            "start forms-backend-green",
            "is-active forms-worker-blue",
            "start forms-worker-green",
        ]

    def test_boot_waits_for_nothing_and_starts_what_is_live(self, twice: ToolHost) -> None:
        """No gate outlives a reboot, and none is closed by it: nobody would open it."""
        twice.switch_armed("0001")
        twice.run("boot")
        assert (twice.live, twice.gates) == ("0002", [])
        started = [call for call in twice.calls() if " start " in call]
        assert started == [
            f"systemctl --quiet --no-block start forms-{service}-green.service"
            for service in twice.stack.services
        ]


class TestOverlappingWorker:
    @pytest.fixture
    def third(self, tmp_path_factory: pytest.TempPathFactory) -> ToolHost:
        """r1 on blue was live, r2 on green is; its workers may finish what they have."""
        session = tmp_path_factory.getbasetemp()
        return swap_history_of(session, strategy="overlap").after(2)

    def test_the_old_one_finishes_once_the_new_one_is_up(self, third: ToolHost) -> None:
        third.run("switch", "0001")
        assert units_called(third)[-3:] == [
            "is-active forms-worker-green",
            "start forms-worker-blue",
            "--no-block stop forms-worker-green",
        ]

    def test_the_old_one_stays_where_the_new_one_is_not_up(self, third: ToolHost) -> None:
        third.hook('case "$*" in *show*worker-blue*) echo ActiveState=failed; exit 0 ;; esac')
        assert third.try_to("switch", "0001").returncode == 1
        stopped = [call for call in units_called(third) if "stop forms-worker-green" in call]
        assert stopped == []


def test_a_worker_that_is_younger_than_the_release_stops(twice: ToolHost) -> None:
    """Code that was rolled back takes no more jobs."""
    plan = twice.run("plan", "r1", "backend=blue", "web=blue")
    twice.run("switch", plan)
    assert any("stop forms-worker-green" in call for call in units_called(twice))


def test_an_exclusive_worker_is_stopped_by_systemd_alone(twice: ToolHost) -> None:
    """Conflicts= ends the old one before the new one begins, whoever starts it."""
    twice.run("switch", "0001")
    assert [call for call in units_called(twice) if "stop" in call] == []


def test_status_knows_a_worker_by_its_unit(twice: ToolHost) -> None:
    assert "worker  worker-green  active, healthy" in twice.run("status").splitlines()
    (twice.stubs / "systemctl-hook").write_text('case "$*" in *is-active*worker*) exit 3 ;; esac')
    assert "worker  worker-green  , unhealthy" in twice.run("status").splitlines()

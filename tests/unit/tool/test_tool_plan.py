"""plan: what a traffic plan consists of, and what makes none."""

from pathlib import Path

import pytest
from tool_host import BUCKETS, SERVICES, History, ToolHost, history_of


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

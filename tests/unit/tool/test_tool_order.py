"""Which release came before which: by the plan that proved it, and not by its id."""

from pathlib import Path

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from tool_host import ToolHost, forms_stack

from higuera.spec.stack import Stack

# The second deployer's clock was an hour behind.
AT_TEN, AT_NINE, AT_ELEVEN = (f"20261123T{hour:02d}0000Z-ab12cd3" for hour in (10, 9, 11))
ROUTES = ("api-pages", "api", "root")

IDS = st.lists(
    st.from_regex(r"20[0-9]{6}T[0-9]{6}Z-[0-9a-f]{7}", fullmatch=True),
    min_size=1,
    max_size=5,
    unique=True,
)

# Five ids are short enough to read; to look for fewer would run the tool for a minute.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> ToolHost:
    """A host of this module, emptied by `deployed`."""
    return ToolHost.make(tmp_path_factory.mktemp("order"))


@pytest.fixture
def host(tmp_path: Path) -> ToolHost:
    """Three deploys, of which the second has the oldest id."""
    host = ToolHost.make(tmp_path)
    for release, colour in ((AT_TEN, "blue"), (AT_NINE, "green"), (AT_ELEVEN, "blue")):
        host.deploy(release, colour)
    return host


def deployed(host: ToolHost, ids: list[str]) -> None:
    """These were deployed and confirmed one after the other; the last one serves."""
    for folder in (host.releases, host.plans):
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for number, release in enumerate(ids, start=1):
        host.release(release, confirmed=f"{number:04d}")
        serve(host, number, release)


def serve(host: ToolHost, number: int, release: str) -> None:
    """A plan of a release is live."""
    plan = host.plans / f"{number:04d}"
    plan.mkdir()
    (plan / "release").symlink_to(host.releases / release)
    (host.traffic / "live").unlink(missing_ok=True)
    (host.traffic / "live").symlink_to(f"plans/{plan.name}")


@example(ids=[AT_TEN, AT_NINE, AT_ELEVEN], aborted=False)
@given(ids=IDS, aborted=st.booleans())
@settings(max_examples=20, deadline=None, phases=PHASES)
def test_a_rollback_goes_to_the_one_confirmed_before(
    bare: ToolHost, ids: list[str], aborted: bool
) -> None:
    deployed(bare, ids)
    if aborted:
        serve(bare, len(ids) + 1, bare.release("20990101T000000Z-abcdef0"))
        assert bare.run("target") == ids[-1]
        return
    # From the last to the first, each rollback with a plan of its own; then there is none.
    for number, before in enumerate([*reversed(ids[:-1]), ""], start=len(ids) + 1):
        assert bare.run("target") == before
        if before:
            serve(bare, number, before)


@example(ids=[AT_TEN, AT_NINE, AT_ELEVEN], keep=2)
@given(ids=IDS, keep=st.integers(min_value=1, max_value=5))
@settings(max_examples=10, deadline=None, phases=PHASES)
def test_prune_keeps_those_that_were_confirmed_last(
    bare: ToolHost, ids: list[str], keep: int
) -> None:
    deployed(bare, ids)
    bare.run("prune", str(keep))
    assert {path.name for path in bare.releases.iterdir()} == set(ids[-keep:])


def test_past_ten_thousand(bare: ToolHost) -> None:
    deployed(bare, ["r1", "r2"])
    (bare.releases / "r1/confirmed").write_text("2026-11-23T00:00:00Z 9999\n")
    (bare.releases / "r2/confirmed").write_text("2026-11-23T00:00:00Z 10000\n")
    assert bare.run("target") == "r1"


class TestForReal:
    def test_each_rollback_goes_one_back(self, host: ToolHost) -> None:
        served = []
        while host.try_to("rollback").returncode == 0:
            served.append((host.traffic / "live/release").resolve().name)
        assert served == [AT_NINE, AT_TEN]

    def test_a_rollback_does_not_make_a_release_younger(self, host: ToolHost) -> None:
        before = (host.releases / AT_TEN / "confirmed").read_text()
        assert host.try_to("rollback", AT_TEN).returncode == 0
        assert (host.releases / AT_TEN / "confirmed").read_text() == before
        assert host.run("target") == ""


class TestYoungerService:
    """A release from before a service was split off."""

    @pytest.fixture
    def split(self, tmp_path: Path) -> ToolHost:
        """r1 had no service `pages`; r2 has it, on /api/pages/ and is live."""
        data = forms_stack().model_dump()
        data["services"]["pages"] = {**data["services"]["web"], "port": 3002, "health": "/pages"}
        data["routes"]["/api/pages/"] = "pages"
        host = ToolHost.make(tmp_path, Stack.model_validate(data))
        host.deploy("r1", "blue")
        host.deploy("r2", "green")
        for path in sorted((host.releases / "r1/pages").rglob("*")):
            path.unlink()
        (host.releases / "r1/pages").rmdir()
        (host.releases / "r1/pages.content").unlink()
        return host

    def test_its_route_goes_to_what_answered_it_then(self, split: ToolHost) -> None:
        assert split.serves("api-pages") == "pages r2"
        assert split.try_to("rollback").returncode == 0
        assert not (split.traffic / "live/services/pages").exists()
        assert split.serves("api-pages") == split.serves("api") == "backend r1"
        link = (split.traffic / "live/api-pages/19.sock").readlink()
        assert link == split.sockets / "backend-blue.sock"
        assert "pages" not in split.run("status")

    def test_the_route_around_takes_it_however_far_out(self, split: ToolHost) -> None:
        plan = split.run("plan", "r1", "web=blue")
        links = {(split.plans / plan / route / "00.sock").readlink() for route in ROUTES}
        assert links == {split.sockets / "web-blue.sock"}

    def test_nobody_is_left_to_take_it(self, split: ToolHost) -> None:
        done = split.try_to("plan", "r1", "backend=blue")
        assert (done.returncode, done.stderr) == (
            1,
            "higuera-forms: the plan has no slot for web\n",
        )


def test_what_was_rolled_back_from_is_no_target(host: ToolHost) -> None:
    assert host.try_to("rollback").returncode == 0  # from the third to the second
    assert host.run("target") == AT_TEN
    host.deploy("next", "blue")
    assert host.run("target") == AT_NINE
    rows = host.run("releases").splitlines()
    assert [row.split()[0] for row in rows if "rolled back from" in row] == [AT_ELEVEN]
    assert (
        host.try_to("rollback", AT_ELEVEN).returncode == 0
    )  # asked for by name, it has proved itself again
    assert "rolled back from" not in host.run("releases").split(AT_ELEVEN)[1].splitlines()[0]


def test_what_was_rolled_back_from_takes_no_good_one_s_place(host: ToolHost) -> None:
    """Two deploys and two rollbacks, over and over: the good one from before stays."""
    for number in range(4):
        host.deploy(f"bad-{number}", "green")
        assert host.try_to("rollback", AT_ELEVEN).returncode == 0
        host.run("prune", "2")
    kept = {path.name for path in host.releases.iterdir()}
    assert {AT_ELEVEN, AT_NINE} <= kept
    assert host.run("target") == AT_NINE

"""What a plan is held to."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from operation_harness import run_operation

from higuera.database.catalog import Catalog
from higuera.facts.files import FileState, HostFiles
from higuera.facts.outlook import OutlookState
from higuera.facts.release import ReleaseState
from higuera.operations import release
from higuera.operations.cutover import Move
from higuera.operations.look import _of_database, _of_source, loose_files
from higuera.render.files import File


def source(certificate: str | None = None, key: str = "", **changes: Any) -> dict[str, str]:
    """The basis of a source with two services and a migration."""
    given = {"commit": "c1", "backend": "f" * 64, "migration": "a" * 64, **changes}
    deployment = SimpleNamespace(
        certificate=certificate,
        environment=SimpleNamespace(tls=SimpleNamespace(key="TLS_KEY")),
        stack=SimpleNamespace(paths=SimpleNamespace(tls="/etc/ssl/higuera/forms")),
        secrets=SimpleNamespace(reveal=lambda _: key),
    )
    lists: dict[str, Any] = {"shared_files": [], "host_files": [], "wanted": {}}
    run: Any = SimpleNamespace(
        deployment=deployment,
        commit=given["commit"],
        fingerprints={"backend": given["backend"], "web": "e" * 64},
        gate=SimpleNamespace(digests={"0000_first": given["migration"]}),
        **lists,
    )
    return _of_source(run)


def test_another_given_pair_is_another_basis() -> None:
    before = source("chain", "key")
    assert source("chain", "key") == before
    for after, changed in (
        (source("other", "key"), "the inventory and its templates"),
        (source("chain", "other"), "secrets"),
    ):
        assert [name for name in before if before[name] != after[name]] == [changed]
    assert "key" not in before.values()


SECRETS = {
    colour: File(f"/etc/higuera/mini/web-{colour}.env", f"{colour}\n", mode="0600", secret=True)
    for colour in ("blue", "green")
}
IDLE = SECRETS["green"].path


def running(idle: str, *moves: Move) -> Any:
    """Blue serves; the idle slot has the secret of an earlier release, with this mode and owner."""
    mode, owner = idle.split()
    known = {
        SECRETS["blue"].path: FileState(SECRETS["blue"].sha256, "0600", "root:root"),
        IDLE: FileState("older", mode, owner),
    }
    state = ReleaseState(live={"web": "blue"}, host=HostFiles(known))
    wanted = SimpleNamespace(files={colour: [file] for colour, file in SECRETS.items()})
    return SimpleNamespace(
        wanted={"web": wanted},
        state=lambda: state,
        cutover=lambda: SimpleNamespace(moves=list(moves)),
    )


@pytest.mark.parametrize("idle", ["0666 root:root", "0600 web:root", "0600 root:web"])
def test_rights_of_an_idle_slot_are_told_and_mended_without_a_write(idle: str) -> None:
    run = running(idle)
    assert loose_files(run, run.state()) == [SECRETS["green"]]
    outcome = run_operation(release.units_written, {"run": run}, {})
    after = f"chown root:root {IDLE} && chmod 0600 {IDLE}"
    assert outcome.commands == [{"write": {"files": [], "after": after}}]
    assert outcome.log == [f"warning: {IDLE} is {idle} and should be 0600 root:root"]


def test_an_idle_slot_of_an_earlier_release_is_left_alone() -> None:
    run = running("0600 root:root")
    assert loose_files(run, run.state()) == []
    assert run_operation(release.units_written, {"run": run}, {}).noop is not None


def test_a_slot_that_serves_is_mended_alike() -> None:
    run = running("0600 root:root")
    files = run.state().host.files
    files[SECRETS["blue"].path] = replace(files[SECRETS["blue"].path], mode="0644")
    assert loose_files(run, run.state()) == [SECRETS["blue"]]


def test_a_slot_that_will_start_is_written_anew() -> None:
    run = running("0666 root:root", Move("web", "green", "its code changed", new_code=True))
    outcome = run_operation(release.units_written, {"run": run}, {})
    (command,) = outcome.commands
    assert [file["path"] for file in command["write"]["files"]] == [IDLE]
    assert command["write"]["after"] == "systemctl daemon-reload"
    assert outcome.log == []


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"commit": "c2"}, "the commit"),
        ({"backend": "0" * 64}, "service backend"),
        ({"migration": "b" * 64}, "migrations"),
    ],
)
def test_what_moved_in_the_source_has_a_name(change: dict[str, Any], name: str) -> None:
    before, after = source(), source(**change)
    assert source() == before
    assert [key for key in before if before[key] != after[key]] == [name]


def database(ledger: str = "[]", *tables: str) -> dict[str, str]:
    catalog = Catalog({name: {} for name in tables}, "15.18")
    target: Any = SimpleNamespace(digest=ledger, catalog=catalog)
    seen: Any = SimpleNamespace(outlook=OutlookState(target))
    return _of_database(seen)


def test_what_moved_in_the_database_has_a_name() -> None:
    before = database()
    assert database() == before
    for after, changed in (
        (database("[1]"), "the ledger of migrations"),
        (database("[]", "table public.forms"), "the schema"),
    ):
        assert [key for key in before if before[key] != after[key]] == [changed]


def test_a_database_that_was_not_asked_holds_nobody() -> None:
    seen: Any = SimpleNamespace(outlook=OutlookState(None, why="down"))
    assert _of_database(seen) == {}

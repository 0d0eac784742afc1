"""What a plan is held to."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from operation_harness import run_operation

from higuera.facts.files import FileState, HostFiles
from higuera.facts.release import ReleaseState
from higuera.operations import release
from higuera.operations.cutover import Move
from higuera.operations.look import _of_source, loose_files
from higuera.render.files import File


def source(certificate: str | None, key: str) -> dict[str, str]:
    deployment = SimpleNamespace(
        certificate=certificate,
        environment=SimpleNamespace(tls=SimpleNamespace(key="TLS_KEY")),
        stack=SimpleNamespace(paths=SimpleNamespace(tls="/etc/ssl/higuera/forms")),
        secrets=SimpleNamespace(reveal=lambda _: key),
    )
    lists: dict[str, Any] = {"shared_files": [], "host_files": [], "wanted": {}}
    run: Any = SimpleNamespace(
        deployment=deployment, commit="c", fingerprints={}, gate=None, **lists
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

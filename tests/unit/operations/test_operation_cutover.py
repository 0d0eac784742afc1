"""What has to move: every reason, and that nothing moves without one."""

from dataclasses import replace

import pytest

from higuera.facts.files import FileState, HostFiles
from higuera.facts.release import ReleaseState
from higuera.operations.cutover import Cutover, Wanted, decide
from higuera.render.files import File
from higuera.spec.release import Manifest, Part
from higuera.spec.service import COLOURS, Colour

PARTS = {
    "backend": Part(fingerprint="f-backend", content="c-backend"),
    "web": Part(fingerprint="f-web", content="c-web"),
}
MANIFEST = Manifest(id="r1", app="forms", created="", commit="", services=PARTS)


def files(name: str, colour: Colour) -> list[File]:
    return [
        File(f"/etc/systemd/system/forms-{name}-{colour}.service", "unit\n"),
        File(f"/etc/higuera/forms/{name}-{colour}.env", "s3cret\n", mode="0600", secret=True),
    ]


def wanted(name: str) -> Wanted:
    return Wanted(
        name=name,
        fingerprint=f"f-{name}",
        files={colour: files(name, colour) for colour in COLOURS},
        unit={colour: f"forms-{name}-{colour}" for colour in COLOURS},
    )


WANTED = [wanted("backend"), wanted("web")]


def running(**live: Colour) -> ReleaseState:
    """Everything as it should be."""
    there = [file for name, colour in live.items() for file in files(name, colour)]
    return ReleaseState(
        plan="0001",
        live=live,
        slots={f"{name}-{colour}": f"r1/{name}" for name, colour in live.items()},
        manifest=MANIFEST,
        host=HostFiles(
            files={file.path: FileState(file.sha256, file.mode, file.owner) for file in there},
            units={
                f"forms-{name}-{colour}.service": "active enabled" for name, colour in live.items()
            },
        ),
    )


def moves(cutover: Cutover) -> list[tuple[str, str, str, bool]]:
    return [(move.service, move.colour, move.reason, move.new_code) for move in cutover.moves]


def test_a_bare_host_gets_all_on_blue() -> None:
    cutover = decide(WANTED, ReleaseState())
    assert moves(cutover) == [
        ("backend", "blue", "was never deployed", True),
        ("web", "blue", "was never deployed", True),
    ]
    assert cutover.colours == {"backend": "blue", "web": "blue"}


@pytest.mark.parametrize("web", COLOURS)
@pytest.mark.parametrize("backend", COLOURS)
def test_nothing_to_do(backend: Colour, web: Colour) -> None:
    cutover = decide(WANTED, running(backend=backend, web=web))
    assert (cutover.moves, cutover.services) == ([], [])
    assert not cutover.is_due
    assert cutover.colours == {"backend": backend, "web": web}


@pytest.mark.parametrize(("web", "candidate"), [("blue", "green"), ("green", "blue")])
def test_new_code_moves_its_service_alone(web: Colour, candidate: Colour) -> None:
    changed = [WANTED[0], replace(WANTED[1], fingerprint="other")]
    cutover = decide(changed, running(backend="blue", web=web))
    assert moves(cutover) == [("web", candidate, "its code changed", True)]
    assert cutover.colours == {"backend": "blue", "web": candidate}


def test_a_service_that_is_wanted_no_more_leaves() -> None:
    cutover = decide(WANTED[:1], running(backend="blue", web="blue"))
    assert (cutover.moves, cutover.leaving, cutover.is_due) == ([], ["web"], True)
    assert cutover.colours == {"backend": "blue"}


def test_other_sources_that_build_the_same_do_not_move() -> None:
    rebuilt = [WANTED[0], replace(WANTED[1], fingerprint="other", content="c-web")]
    assert decide(rebuilt, running(backend="blue", web="blue")).moves == []


def test_a_new_service_starts_beside_the_others() -> None:
    cutover = decide(WANTED, running(backend="green"))
    assert moves(cutover) == [("web", "blue", "was never deployed", True)]
    assert cutover.colours == {"backend": "green", "web": "blue"}


def test_without_a_manifest_all_code_is_new() -> None:
    state = replace(running(backend="blue", web="green"), manifest=None)
    cutover = decide(WANTED, state)
    assert cutover.colours == {"backend": "green", "web": "blue"}
    assert [move.new_code for move in cutover.moves] == [True, True]


@pytest.mark.parametrize(
    ("number", "reason"), [(0, "its unit forms-web-blue.service changed"), (1, "a secret changed")]
)
def test_a_changed_file_moves_without_new_code(number: int, reason: str) -> None:
    state = running(backend="blue", web="blue")
    path = files("web", "blue")[number].path
    state.host.files[path] = replace(state.host.files[path], sha256="other")
    cutover = decide(WANTED, state)
    assert moves(cutover) == [("web", "green", reason, False)]
    assert "s3cret" not in repr(cutover) + repr(WANTED)


@pytest.mark.parametrize("number", [0, 1])
def test_a_file_that_was_opened_to_others_does_not_move(number: int) -> None:
    state = running(backend="blue", web="blue")
    path = files("web", "blue")[number].path
    state.host.files[path] = replace(state.host.files[path], mode="0666")
    assert decide(WANTED, state).moves == []


def test_a_changed_file_of_the_idle_slot_does_not_move() -> None:
    state = running(backend="blue", web="blue")
    state.host.files[files("web", "green")[0].path] = FileState("other", "0644", "root:root")
    assert decide(WANTED, state).moves == []


@pytest.mark.parametrize("unit", ["failed enabled", "inactive enabled", "activating enabled", ""])
def test_what_does_not_run_moves(unit: str) -> None:
    state = running(backend="blue", web="blue")
    state.host.units["forms-web-blue.service"] = unit
    assert moves(decide(WANTED, state)) == [("web", "green", "it is not running", False)]

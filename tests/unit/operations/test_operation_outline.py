"""What a plan says of files, of sizes and of what is brought beside the release."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from operation_harness import fake_host

from higuera.build.artifact import Artifact
from higuera.build.toolchain import node_folder
from higuera.facts.files import FileState, HostFiles
from higuera.facts.outlook import OutlookState
from higuera.facts.release import ReleaseState
from higuera.operations import outline, runtimes
from higuera.operations.look import Look
from higuera.operations.notes import affects, collect
from higuera.operations.outline_files import LONGEST_NEW, file_changes
from higuera.plan.model import FileChange
from higuera.render.files import File
from higuera.spec.release import Part

CANARY = "canary-outline-31ad"


def changes(files: list[File], there: HostFiles, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The changes of files that no release owns, by path."""
    state = ReleaseState()
    run: Any = SimpleNamespace(
        state=lambda: state,
        cutover=lambda: SimpleNamespace(moves=[]),
        **{"host": None, "host_files": files, "shared_files": [], "wanted": {}},
    )
    monkeypatch.setattr("higuera.operations.outline_files.texts", lambda host, files: there)
    seen = Look(state, there, OutlookState())
    return {each.path: each for each in file_changes(run, seen)}


def test_new_files_are_shown_unless_they_are_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "".join(f"line {number}\n" for number in range(100))
    files = [
        File("/etc/a", "one\ntwo\n"),
        File("/etc/nginx/long", long),
        File("/etc/b", long + "new\n"),
        File("/etc/secret", f"A={CANARY}\n", mode="0600", secret=True),
    ]
    there = HostFiles(files={"/etc/b": FileState("", "0644", "root:root", "")})
    found: dict[str, FileChange] = changes(files, there, monkeypatch)
    assert found["/etc/a"].diff == [
        "--- /dev/null",
        "+++ /etc/a",
        "@@ -0,0 +1,2 @@",
        "+one",
        "+two",
    ]
    assert (len(found["/etc/nginx/long"].diff), found["/etc/nginx/long"].left_out) == (
        LONGEST_NEW,
        103 - LONGEST_NEW,
    )
    assert (len(found["/etc/b"].diff), found["/etc/b"].left_out) == (104, 0), "no change is cut"
    secret = found["/etc/secret"]
    assert (secret.kind, secret.is_new, secret.diff, secret.left_out) == ("secret", True, [], 0)
    assert CANARY not in repr(found)


def test_what_is_live_is_about_as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """As its manifest says, or as this machine remembers what it built."""
    run: Any = SimpleNamespace(deployment=SimpleNamespace(stack=None, source=None))
    built = {"f1": Artifact(Path(), "", "", 7)}
    monkeypatch.setattr(
        outline, "remembered", lambda stack, source, name, print_: built.get(print_)
    )
    assert outline._size(run, "web", Part(fingerprint="f1", content="c", size=9)) == 9
    assert outline._size(run, "web", Part(fingerprint="f1", content="c")) == 7
    assert outline._size(run, "web", Part(fingerprint="f2", content="c")) is None


def test_a_runtime_that_is_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    missing = runtimes._upload("22.23.3", "x86_64")
    assert (missing.name, missing.size, missing.is_here) == ("Node 22.23.3", None, False)
    program = node_folder("22.23.3", "x86_64") / "bin" / "node"
    program.parent.mkdir(parents=True)
    program.touch()
    runtimes._path("22.23.3", "x86_64").write_bytes(b"packed")
    there = runtimes._upload("22.23.3", "x86_64")
    assert (there.size, there.is_here) == (6, True)


def test_notes_are_kept_only_where_a_plan_is_made() -> None:
    host = fake_host()
    affects(host, "nginx", "reloads", "nobody asked")
    notes = collect(host)
    affects(host, "nginx", "stays", "so far")
    affects(host, "nginx", "reloads", "then")
    affects(host, "nginx", "stays", "after all")
    (found,) = notes.programs.values()
    assert (found.does, found.why) == ("reloads", "then")

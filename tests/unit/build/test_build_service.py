"""A real build: copied, installed when needed, built with a clean environment, packed, remembered.

Nothing stands in for anything: git, sh, node, tar and processes are the real ones.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build_project import private_cache, stack, tree_of, write

from higuera.build.artifact import Artifact
from higuera.build.cache import cache_folder, locked
from higuera.build.command import build_environment, run
from higuera.build.service import build_service, sync_tree
from higuera.build.source import fingerprint, source_files
from higuera.errors import BuildError

DEADLINE = 20.0
INSTALL = {"run": "date +%N >>../installs && touch installed-here", "inputs": ["package.json"]}


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return private_cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_cache))
    return shared_cache / "higuera"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    write(folder, "web/index.js", "console.log(process.version)\n")
    write(folder, "api/main.js")
    write(folder, "package.json", "{}\n")
    return folder


class Builder:
    """Builds a service of a folder, and keeps what was said."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.said: list[str] = []

    def build(self, service: str = "web", **changes: Any) -> Artifact:
        files = source_files(self.source)
        spec = stack(**changes)
        value = fingerprint(self.source, files, spec, service)
        return build_service(spec, self.source, files, service, value, self.said.append)

    def home(self) -> Path:
        """Where this checkout is built."""
        (home,) = (
            path
            for path in cache_folder().glob("forms-*")
            if (path / "tree").is_dir() and self._is_ours(path)
        )
        return home

    def _is_ours(self, home: Path) -> bool:
        return (home / "tree" / "marker").is_file() and (
            (home / "tree" / "marker").read_text() == str(self.source)
        )

    def installs(self) -> int:
        log = self.home() / "installs"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def builder(source: Path) -> Builder:
    write(source, "marker", str(source))
    return Builder(source)


def content(artifact: Artifact, name: str) -> str:
    """A file of an artifact."""
    done = subprocess.run(
        ["sh", "-ec", 'zstd -dc -- "$1" | tar -xO -- "$2"', "sh", artifact.path, name],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


# End to end


def test_build(builder: Builder) -> None:
    artifact = builder.build(
        build="mkdir dist && node web/index.js >dist/version && npm -v >dist/npm"
    )
    assert content(artifact, "version") == "v22.23.3\n"
    assert content(artifact, "npm") == "10.9.4\n"


def test_same_sources_are_built_once(builder: Builder) -> None:
    first = builder.build()
    second = builder.build()
    assert second == first
    assert builder.said[-1] == "web: built before"
    write(builder.source, "web/index.js", "other\n")
    third = builder.build()
    assert third.content != first.content
    assert content(third, "index.js") == "other\n"


def test_edit_that_keeps_size_and_time_is_built(builder: Builder) -> None:
    path = write(builder.source, "web/index.js", "one\n")
    os.utime(path, (1, 1))
    builder.build()
    write(builder.source, "web/index.js", "two\n")
    os.utime(path, (1, 1))
    assert content(builder.build(), "index.js") == "two\n"


def test_artifact_that_was_deleted_is_built_again(builder: Builder) -> None:
    first = builder.build()
    first.path.unlink()
    assert builder.build().sha256 == first.sha256
    assert first.path.exists()


def test_artifact_that_was_damaged_is_built_again(builder: Builder) -> None:
    first = builder.build()
    whole = first.path.read_bytes()
    first.path.write_bytes(whole[:-1])
    assert builder.build() == first
    assert first.path.read_bytes() == whole


def test_last_build_is_not_in_the_next_artifact(builder: Builder) -> None:
    builder.build(build="mkdir -p dist && touch dist/old")
    artifact = builder.build(build="mkdir -p dist && touch dist/new")
    listing = subprocess.run(
        f"zstd -dc {artifact.path} | tar -t", shell=True, capture_output=True, text=True, check=True
    )
    assert listing.stdout.split() == ["new"]


def test_failing_build_tells_its_last_lines(builder: Builder) -> None:
    command = "seq 100; echo why >&2; exit 3"
    with pytest.raises(BuildError) as raised:
        builder.build(build=command)
    lines = str(raised.value).splitlines()
    assert f"`{command}` failed with exit status 3" in lines
    assert "  why" in lines
    assert "  100" in lines
    assert "  1" not in lines
    with pytest.raises(BuildError):
        builder.build(build=command)  # a failure is not remembered as a build
    assert builder.build()


def test_build_that_makes_no_folder(builder: Builder) -> None:
    for command in ("true", "touch dist"):
        with pytest.raises(
            BuildError, match=r"^services\.web\.artifact: the build made no folder dist"
        ):
            builder.build(build=command)


def test_build_that_leaves_an_empty_folder(builder: Builder) -> None:
    with pytest.raises(BuildError, match="the build left nothing there"):
        builder.build(build="mkdir dist")


def test_ten_builds_of_a_service_are_kept(builder: Builder) -> None:
    for number in range(12):
        write(builder.source, "web/index.js", f"{number}\n")
        builder.build()
    builder.build("api")
    kept = sorted(path.name.split("-")[0] for path in builder.home().glob("artifacts/*.zst"))
    assert kept == ["api"] + ["web"] * 10
    assert len(list(builder.home().glob("artifacts/*.json"))) == 11


# The install command


def test_install_runs_when_its_inputs_change_and_only_then(builder: Builder) -> None:
    builder.build(install=INSTALL)
    write(builder.source, "web/index.js", "other\n")
    builder.build(install=INSTALL)
    builder.build("api", install=INSTALL)
    assert builder.installs() == 1
    write(builder.source, "package.json", "[]\n")
    builder.build(install=INSTALL)
    assert builder.installs() == 2
    builder.build(install={**INSTALL, "run": f"true && {INSTALL['run']}"})
    assert builder.installs() == 3


def test_install_that_failed_runs_again(builder: Builder) -> None:
    failing = {**INSTALL, "run": "date +%N >>../installs; test -e ../may-pass"}
    for _ in range(2):
        with pytest.raises(BuildError, match="failed with exit status 1"):
            builder.build(install=failing)
    assert builder.installs() == 2
    (builder.home() / "may-pass").touch()
    builder.build(install=failing)
    assert builder.installs() == 3


def test_install_that_failed_is_not_taken_for_the_one_before(builder: Builder) -> None:
    """It may have left half of what it does, so going back to the old inputs installs again."""
    picky = {**INSTALL, "run": f"{INSTALL['run']} && grep -q good package.json"}
    write(builder.source, "package.json", "good\n")
    builder.build(install=picky)
    write(builder.source, "package.json", "bad\n")
    with pytest.raises(BuildError):
        builder.build(install=picky)
    write(builder.source, "package.json", "good\n")
    write(builder.source, "web/index.js", "other\n")
    builder.build(install=picky)
    assert builder.installs() == 3


# What a build sees


def test_build_sees_no_secret(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "DATABASE_URL3",
        "SESSION_SECRET",
        "AWS_SECRET_ACCESS_KEY",
        "HIGUERA_ENV",
        "NODE_OPTIONS",
    ):
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("npm_config_registry", "https://registry.npmjs.org/")
    seen = content(builder.build(build="mkdir -p dist && env -0 >dist/env"), "env")
    assert "canary" not in seen
    names = {entry.partition("=")[0] for entry in seen.split("\0") if entry}
    assert {"PATH", "CI", "BUILD_ID", "npm_config_registry"} <= names


def test_build_does_not_wait_for_input(builder: Builder) -> None:
    assert (
        content(builder.build(build="mkdir -p dist && cat >dist/in && echo x >>dist/in"), "in")
        == "x\n"
    )


# The work tree


def sync(source: Path, tree: Path) -> dict[str, tuple[str, str]]:
    sync_tree(source, source_files(source), tree)
    return tree_of(tree)


def put_file(folder: Path) -> None:
    write(folder, "a", "file\n")


def put_folder(folder: Path) -> None:
    write(folder, "a/b/c", "deep\n")
    write(folder, "a/d", "flat\n")


def put_link(folder: Path) -> None:
    (folder / "a").symlink_to("other")


def put_nothing(folder: Path) -> None:
    pass


KINDS = [put_file, put_folder, put_link, put_nothing]


@pytest.mark.parametrize("before", KINDS)
@pytest.mark.parametrize("after", KINDS)
@pytest.mark.parametrize("leftover", KINDS)
def test_anything_becomes_anything(
    tmp_path: Path,
    before: Callable[[Path], None],
    after: Callable[[Path], None],
    leftover: Callable[[Path], None],
) -> None:
    """A name changes its kind between two builds, and the build put something there as well."""
    source, tree = tmp_path / "source", tmp_path / "home" / "tree"
    write(source, "other/kept")
    before(source)
    sync(source, tree)
    if not os.path.lexists(tree / "a"):
        leftover(tree)
    subprocess.run(["rm", "-rf", source / "a"], check=True)
    after(source)
    found = sync(source, tree)
    wanted = tree_of(source)
    if after is not put_nothing:  # what the build left under a name of its own may stay
        assert {name: found[name] for name in wanted} == wanted
        assert after is put_folder or set(found) == set(wanted)
    elif before is not put_nothing:
        left = {name for name in found if found[name][0] != "folder"}
        assert left == {"other/kept"}
    assert (tree / "other/kept").read_text() == "x\n"


def test_symlink_that_a_build_put_in_place_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    source, tree = tmp_path / "source", tmp_path / "home" / "tree"
    outside = write(tmp_path / "outside", "b", "outside\n").parent
    write(source, "kept")
    write(source, "a/b", "inside\n")
    sync(source, tree)
    subprocess.run(["rm", "-rf", tree / "a"], check=True)
    (tree / "a").symlink_to(outside)
    sync(source, tree)
    assert (outside / "b").read_text() == "outside\n"
    subprocess.run(["rm", "-rf", tree / "a"], check=True)
    (tree / "a").symlink_to(outside)
    (source / "a/b").unlink()
    sync(source, tree)
    assert (outside / "b").exists()


def test_tree_loses_what_vanished_and_keeps_what_builds_made(tmp_path: Path) -> None:
    source, tree = tmp_path / "source", tmp_path / "home" / "tree"
    for name in ("web/a.js", "web/b.js", os.fsdecode(b"\xff")):
        write(source, name)
    sync(source, tree)
    write(tree, "web/node_modules/x.js")
    write(tree, ".cache/y")
    (source / "web/b.js").unlink()
    (source / os.fsdecode(b"\xff")).unlink()
    found = {name for name, (kind, _) in sync(source, tree).items() if kind != "folder"}
    assert found == {"web/a.js", "web/node_modules/x.js", ".cache/y"}


def test_what_a_build_did_to_a_source_is_undone(tmp_path: Path) -> None:
    source, tree = tmp_path / "source", tmp_path / "home" / "tree"
    write(source, "a", "one\n")
    write(source, "b", "#!/bin/sh\n", 0o755)
    sync(source, tree)
    write(tree, "a", "two\n")
    (tree / "b").chmod(0o644)
    assert sync(source, tree) == tree_of(source)
    assert not (source / "a").samefile(tree / "a")


# More than one at a time, and the end before the end


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {DEADLINE:.0f} s for: {what}")
        time.sleep(0.02)


def test_second_build_waits_for_the_first(builder: Builder) -> None:
    builder.build()
    lock = builder.home() / "build.lock"
    holder = (
        "import sys; from pathlib import Path; from higuera.build.cache import locked\n"
        "with locked(Path(sys.argv[1]), print): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "held\n"
        write(builder.source, "web/index.js", "other\n")
        builder.said.clear()
        thread = threading.Thread(target=builder.build)
        thread.start()
        wait_until(lambda: any("waiting for another" in line for line in builder.said), "the lock")
        assert thread.is_alive()
        assert not any(line.startswith("web: mkdir") for line in builder.said)
        other.stdin.close()
        thread.join(DEADLINE)
        assert not thread.is_alive()
    assert builder.build()
    assert builder.said[-1] == "web: built before"


def test_lock_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    holder = (
        "import sys; from pathlib import Path; from higuera.build.cache import locked\n"
        "with locked(Path(sys.argv[1]), print): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        other.kill()
    said: list[str] = []
    with locked(lock, said.append):
        assert said == []


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_build_leaves_no_child(tmp_path: Path, number: signal.Signals) -> None:
    """The signal goes to the controller alone, as from CI or `kill`; a terminal sends it to all."""
    far = "sh -c 'sleep 300 & echo $! >child; wait' & echo $! >middle"
    command = f"{far}; sleep 300 & echo $! >near; wait"
    script = (
        "import signal, sys; from pathlib import Path; from higuera.build.command import run\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "run(sys.argv[1], Path('.'), {'PATH': '/usr/bin:/bin'}, print)"
    )
    controller = subprocess.Popen(
        [sys.executable, "-c", script, command],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    notes = [tmp_path / name for name in ("child", "middle", "near")]
    try:
        wait_until(lambda: all(n.exists() and n.read_text().strip() for n in notes), "the build")
        children = [int(note.read_text()) for note in notes]
        assert all(alive(child) for child in children)
        controller.send_signal(number)
        assert controller.wait(DEADLINE) != 0
        wait_until(lambda: not any(alive(child) for child in children), "the end of the children")
    finally:
        controller.kill()
        controller.wait()


def test_output_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as raised:
        run("printf 'a\\377b\\n'; exit 1", tmp_path, build_environment([], {}), print)
    assert "a\ufffdb" in str(raised.value)


def test_signal_in_a_build_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="failed with exit status -9"):
        run("kill -9 $$", tmp_path, build_environment([], {}), print)

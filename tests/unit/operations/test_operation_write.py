"""files.write for real: the script that it makes, run by `sh` as root on files of this machine."""

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from operation_harness import complaints

from higuera.operations import files as files_module
from higuera.operations.files import PREAMBLE, trial, write
from higuera.render.files import File

DEADLINE = 10.0  # seconds
HOUR = 60 * 60.0  # seconds


@pytest.fixture(autouse=True)
def stages(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands in for /run, which other tests write to at the same time."""
    folder = tmp_path_factory.mktemp("run")
    for name in ("PREAMBLE", "STAGE"):
        text = getattr(files_module, name).replace("/run", str(folder))
        monkeypatch.setattr(files_module, name, text)
    return folder


@pytest.fixture(autouse=True)
def nothing_left_behind(stages: Path) -> Iterator[None]:
    """No stage folder outlives its command, however that ends."""
    yield
    assert list(stages.iterdir()) == []


def test_the_stage_is_in_memory() -> None:
    assert re.findall(r"(?<= )/\S+", PREAMBLE) == ["/run", "/run/higuera.XXXXXX)"]


def test_what_a_killed_run_left_goes_after_an_hour(stages: Path, tmp_path: Path) -> None:
    ages = {"higuera.killed": 2 * HOUR, "higuera.running": HOUR / 2, "higuera": 2 * HOUR}
    for name, age in ages.items():
        (stages / name).mkdir()
        (stages / name / "0").write_text("secret")
        os.utime(stages / name, (time.time() - age,) * 2)
    written([File(f"{tmp_path}/file", "x")])
    assert {path.name for path in stages.iterdir()} == {"higuera.running", "higuera"}
    for path in stages.iterdir():
        shutil.rmtree(path)


def run(
    files: list[File], check: str = "", after: str = "", cut: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Write files; `cut`: the connection breaks after this many characters of input."""
    command = write(files, check, after)
    stdin = str(command.connector_arguments["_stdin"])
    return subprocess.run(
        ["sh", "-c", command.get_raw_value()],
        input=stdin[:cut],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def written(files: list[File], check: str = "", after: str = "") -> None:
    done = run(files, check, after)
    assert (done.returncode, done.stderr) == (0, "")


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, with what is in it."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(("verdict", "status"), [("true", 0), ("false", 1)])
def test_a_trial_looks_at_files_and_replaces_none(
    stages: Path, tmp_path: Path, verdict: str, status: int
) -> None:
    left = stages / "higuera.killed"
    left.mkdir()
    os.utime(left, (time.time() - 2 * HOUR,) * 2)
    script, given_files = trial([File(f"{tmp_path}/file", "new")], f'cat "$stage/0"\n{verdict}')
    assert complaints(script) == ""
    done = subprocess.run(
        ["sh", "-c", script], input=given_files, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, "new", "")
    assert tree(tmp_path) == {}
    left.rmdir()  # is for those to remove that change something


class TestWhatIsWritten:
    def test_content_mode_and_owner(self, tmp_path: Path) -> None:
        written(
            [
                File(f"{tmp_path}/plain", "one\n"),
                File(f"{tmp_path}/program", "two\n", mode="0755"),
                File(f"{tmp_path}/secret", "three", mode="0600", owner="nobody:nogroup"),
                File(f"{tmp_path}/suid", "", mode="4710", owner="root:nogroup"),
            ]
        )
        found = {
            path.name: (oct(stat.S_IMODE(path.stat().st_mode)), path.owner(), path.group())
            for path in tmp_path.iterdir()
        }
        assert found == {
            "plain": ("0o644", "root", "root"),
            "program": ("0o755", "root", "root"),
            "secret": ("0o600", "nobody", "nogroup"),
            "suid": ("0o4710", "root", "nogroup"),
        }
        assert tree(tmp_path) == {
            "plain": "one\n",
            "program": "two\n",
            "secret": "three",
            "suid": "",
        }

    def test_new_parents_can_be_entered_by_all(self, tmp_path: Path) -> None:
        written([File(f"{tmp_path}/a/b/c/file", "x", mode="0600")])
        for parent in (tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/c"):
            assert stat.S_IMODE(parent.stat().st_mode) == 0o755

    def test_a_parent_that_is_there_keeps_its_mode(self, tmp_path: Path) -> None:
        (tmp_path / "closed").mkdir(mode=0o700)
        written([File(f"{tmp_path}/closed/file", "x")])
        assert stat.S_IMODE((tmp_path / "closed").stat().st_mode) == 0o700

    @pytest.mark.parametrize("name", ["a b", "it's", 'say "so"', "$(touch canary)", "-n", "ü", "*"])
    def test_wild_names(self, name: str, tmp_path: Path) -> None:
        file = File(f"{tmp_path}/{name}/{name}", "x\n")
        written([file])
        assert tree(tmp_path) == {f"{name}/{name}": "x\n"}
        assert complaints(write([file]).get_raw_value()) == ""

    @settings(
        max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5))
    def test_wild_contents(self, texts: list[str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            written([File(f"{folder}/{number}", text) for number, text in enumerate(texts)])
            found = [(Path(folder) / str(n)).read_bytes() for n in range(len(texts))]
        assert found == [text.encode() for text in texts]

    def test_a_large_file(self, tmp_path: Path) -> None:
        text = "0123456789abcdef\n" * 200_000
        written([File(f"{tmp_path}/large", text)])
        assert (tmp_path / "large").read_text() == text

    def test_many_files(self, tmp_path: Path) -> None:
        files = [File(f"{tmp_path}/{number}", f"{number}\n") for number in range(60)]
        written(files)
        assert len(tree(tmp_path)) == 60

    def test_no_file_is_still_a_check_and_an_after(self, tmp_path: Path) -> None:
        written([], check=f"touch {tmp_path}/1", after=f"[ -e {tmp_path}/1 ] && touch {tmp_path}/2")
        assert set(tree(tmp_path)) == {"1", "2"}

    def test_contents_are_in_no_argument(self, tmp_path: Path) -> None:
        command = write([File(f"{tmp_path}/secret", "canary-value", secret=True)])
        assert "canary" not in command.get_raw_value() + repr(command) + str(command)


class TestWhatStoodThere:
    def test_a_symlink_is_replaced_and_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "target").write_text("precious\n")
        (tmp_path / "link").symlink_to("target")
        written([File(f"{tmp_path}/link", "new\n")])
        assert not (tmp_path / "link").is_symlink()
        assert tree(tmp_path) == {"link": "new\n", "target": "precious\n"}

    def test_a_symlink_to_a_folder_too(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "link").symlink_to("folder")
        written([File(f"{tmp_path}/link", "new\n")])
        assert tree(tmp_path) == {"link": "new\n"}

    def test_a_folder_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        done = run([File(f"{tmp_path}/folder", "new\n")])
        assert done.returncode != 0
        assert f"cannot overwrite directory '{tmp_path}/folder'" in done.stderr
        assert list(tmp_path.rglob("*")) == [tmp_path / "folder"]

    def test_a_hard_link_keeps_the_other_name(self, tmp_path: Path) -> None:
        (tmp_path / "one").write_text("old\n")
        (tmp_path / "two").hardlink_to(tmp_path / "one")
        written([File(f"{tmp_path}/one", "new\n")])
        assert tree(tmp_path) == {"one": "new\n", "two": "old\n"}


class TestFailures:
    @pytest.fixture
    def old(self, tmp_path: Path) -> dict[str, str]:
        for name in "abc":
            (tmp_path / name).write_text(f"old {name}\n")
        return tree(tmp_path)

    def files(self, folder: Path) -> list[File]:
        return [File(f"{folder}/{name}", f"new {name}\n" * 100) for name in "abc"]

    @pytest.mark.parametrize("check", ["false", "grep -q nowhere $stage/1", "exit 3", "nowhere"])
    def test_a_failing_check_changes_nothing(
        self, check: str, tmp_path: Path, old: dict[str, str]
    ) -> None:
        assert run(self.files(tmp_path), check=check).returncode != 0
        assert tree(tmp_path) == old

    def test_the_check_sees_the_new_contents(self, tmp_path: Path, old: dict[str, str]) -> None:
        check = f"grep -q 'new b' $stage/1 && grep -q 'old b' {tmp_path}/b"
        written(self.files(tmp_path), check=check)
        assert tree(tmp_path).keys() == old.keys()

    def test_a_failing_after_fails_and_keeps_the_files(self, tmp_path: Path) -> None:
        assert run([File(f"{tmp_path}/a", "new\n")], after="false\ntrue").returncode != 0
        assert tree(tmp_path) == {"a": "new\n"}

    def test_an_owner_who_is_nobody_here(self, tmp_path: Path, old: dict[str, str]) -> None:
        done = run([File(f"{tmp_path}/a", "new\n", owner="nowhere:nowhere")])
        assert (done.returncode, "invalid user" in done.stderr) == (1, True)
        assert tree(tmp_path) == old

    def test_a_connection_that_breaks_anywhere(self, tmp_path: Path, old: dict[str, str]) -> None:
        files = self.files(tmp_path)
        # The last of the blocks that end a tarball may be missing: nothing is lost with them.
        for cut in range(0, 4500, 75):
            done = run(files, cut=cut)
            assert (done.returncode == 0, tree(tmp_path)) == (False, old), cut

    def test_input_that_is_no_tarball(self, tmp_path: Path, old: dict[str, str]) -> None:
        command = write(self.files(tmp_path)).get_raw_value()
        for stdin in ("", "%%%", "aGVsbG8K\n"):
            done = subprocess.run(
                ["sh", "-c", command], input=stdin, capture_output=True, text=True, check=False
            )
            assert (done.returncode == 0, tree(tmp_path)) == (False, old)


class TestReaders:
    def test_nobody_sees_half_a_file_or_none(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        texts = [letter * 300_000 + "\n" for letter in "ab"]
        path.write_text(texts[0])
        seen: list[str] = []
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                try:
                    text = path.read_text()
                    mode = stat.S_IMODE(path.stat().st_mode)
                except OSError as error:
                    seen.append(repr(error))
                    return
                if text not in texts:
                    seen.append(f"{len(text)} characters")
                if mode != 0o644:
                    seen.append(oct(mode))

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for number in range(12):
            written([File(str(path), texts[number % 2])])
        stop.set()
        for reader in readers:
            reader.join()
        assert seen == []


def waiter(folder: Path) -> Path:
    """A program that says that it is `here`, and ends when it may `go`."""
    program = folder / "waiter"
    program.write_text(
        f"#!/bin/sh\ntouch {folder}/here\nuntil [ -e {folder}/go ]; do sleep 0.02; done\n"
    )
    program.chmod(0o755)
    return program


class TestKilled:
    """A signal in the middle. `sh` answers it when the program that it waits for has ended."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    @pytest.mark.parametrize("whole_group", [False, True])
    def test_leaves_no_secret(self, number: int, whole_group: bool, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("old\n")
        files = [File(f"{tmp_path}/a", "secret\n", "0600"), File(f"{tmp_path}/b", "secret\n")]
        waiting = waiter(tmp_path)
        self.interrupted(files, str(waiting), tmp_path, number, whole_group)
        for name in ("waiter", "here", "go"):
            (tmp_path / name).unlink()
        assert tree(tmp_path) == {"a": "old\n"}

    def test_while_a_file_is_in_its_temporary_place(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        programs = tmp_path / "bin"
        programs.mkdir()
        chown = programs / "chown"
        real = shutil.which("chown")
        chown.write_text(f'#!/bin/sh\n{waiter(programs)} && exec {real} "$@"\n')
        chown.chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        folder = tmp_path / "etc"
        self.interrupted([File(f"{folder}/a", "secret\n")], "", programs, signal.SIGTERM)
        assert list(folder.iterdir()) == []

    def interrupted(
        self, files: list[File], check: str, waiting: Path, number: int, whole_group: bool = False
    ) -> None:
        command = write(files, check)
        process = subprocess.Popen(
            ["sh", "-c", command.get_raw_value()],
            stdin=subprocess.PIPE,
            start_new_session=True,
            # A shell cannot trap what was ignored when it started, as under nohup.
            preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
        )
        assert process.stdin is not None
        process.stdin.write(str(command.connector_arguments["_stdin"]).encode())
        process.stdin.close()
        deadline = time.monotonic() + DEADLINE
        try:
            while not (waiting / "here").exists():
                assert time.monotonic() < deadline, "the script did not get as far"
                time.sleep(0.01)
            if whole_group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            (waiting / "go").touch()
            assert process.wait(DEADLINE) != 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

"""What nginx reads while traffic moves."""

import subprocess
import threading
import time

import pytest
from tool_host import History, ToolHost, history_of


@pytest.fixture
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.getbasetemp())


@pytest.fixture
def twice(history: History) -> ToolHost:
    """r1 on blue was live, r2 on green is."""
    return history.after(2)


class TestReaders:
    """nginx opens these paths a thousand times a second: they are always there, and whole."""

    def test_live_is_there_through_forty_switches(self, twice: ToolHost) -> None:
        seen: set[str] = set()
        trouble: list[str] = []
        stop = threading.Event()
        reads = 0

        def read() -> None:
            nonlocal reads
            while not stop.is_set():
                try:
                    seen.add(twice.serves("api", "07"))
                    seen.add(str((twice.traffic / "live/root/19.sock").readlink().name))
                    (twice.traffic / "live").stat()
                except OSError as error:
                    trouble.append(repr(error))
                reads += 1

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        # From a shell: Python would wait for its readers at every step.
        loop = 'for _ in $(seq 20); do sh "$0" switch 0001 && sh "$0" switch 0002 || exit; done'
        try:
            done = subprocess.run(
                ["sh", "-c", loop, twice.root / "tool"],
                env=twice.environment,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            stop.set()
            for reader in readers:
                reader.join()
        assert (done.returncode, done.stderr, done.stdout.count("is live, plan")) == (0, "", 40)
        assert trouble == []
        assert seen == {"backend r1", "backend r2", "web-blue.sock", "web-green.sock"}
        assert reads > 400

    def test_a_kill_at_any_moment_leaves_a_live_plan(self, twice: ToolHost) -> None:
        for number in range(40):
            process = subprocess.Popen(
                ["sh", twice.root / "tool", "switch", f"000{number % 2 + 1}"],
                env=twice.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(number * 0.0005)
            process.kill()
            process.wait()
            assert twice.serves("api") in ("backend r1", "backend r2")
            assert twice.previous in ("0001", "0002")
        twice.run("switch", "0001")
        twice.run("switch", "0002")
        assert (twice.live, twice.previous) == ("0002", "0001")

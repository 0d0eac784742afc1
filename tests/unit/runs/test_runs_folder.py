"""Records on disk: private, known while they are written, the last fifty kept."""

import stat
from pathlib import Path

from higuera.runs import Event, RecordFile, is_running, new_record, records
from higuera.runs.folder import KEPT
from higuera.runs.story import row

STARTED = Event(event="started", what="deploy", environment="vps", actor="ana@laptop")


def recorded(project: Path, *events: Event, name: str = "vps") -> Path:
    path = new_record(project, name)
    file = RecordFile(path)
    for event in events:
        file.write(event)
    file.close()
    return path


def test_a_record_is_for_its_owner_alone_and_for_no_commit(tmp_path: Path) -> None:
    path = recorded(tmp_path, STARTED)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.parent == tmp_path / ".higuera" / "runs" / "vps"
    assert (tmp_path / ".higuera" / ".gitignore").read_text() == "*\n"


def test_the_last_fifty_are_kept(tmp_path: Path) -> None:
    paths = [recorded(tmp_path, STARTED) for _ in range(KEPT + 3)]
    assert records(tmp_path, "vps") == paths[:2:-1]
    assert len(records(tmp_path, "vps")) == KEPT
    assert records(tmp_path, "other") == []


def test_a_record_that_is_written_is_running_and_then_died(tmp_path: Path) -> None:
    file = RecordFile(new_record(tmp_path, "vps"))
    assert file.is_empty
    file.write(STARTED)
    file.write(Event(event="step_started", step="Build"))
    assert not file.is_empty
    assert is_running(file.path)
    assert row(file.path)["result"] == "running"
    file.close()
    assert not is_running(file.path)
    assert (row(file.path)["result"], row(file.path)["step"]) == ("died", "Build")


def test_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    path = recorded(tmp_path, STARTED)
    with path.open("a") as handle:
        handle.write('{"time": "2026-11-23T1')
    found = row(path)
    assert (found["what"], found["actor"], found["result"]) == ("deploy", "ana@laptop", "died")

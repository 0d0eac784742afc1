"""The supervisor boots again after a reboot, and knows when to stop. nspawn is a script here."""

from pathlib import Path

import pytest

from higuera.sandbox import supervisor


@pytest.fixture(autouse=True)
def no_control_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "enter_cgroup", lambda _machine: None)
    monkeypatch.setattr(supervisor, "RETRIES", 1)


def run(folder: Path, script: str) -> tuple[int, int]:
    """Return the supervisor's exit code and how often it booted."""
    boots = folder / "boots"
    text = f"echo >>{boots}; n=$(wc -l <{boots}); {script}"
    code = supervisor.main(folder, "m", ["sh", "-c", text])
    return code, len(boots.read_text().splitlines())


def test_a_power_off_is_the_end(tmp_path: Path) -> None:
    assert run(tmp_path, "exit 0") == (0, 1)


def test_a_reboot_boots_again(tmp_path: Path) -> None:
    assert run(tmp_path, "test $n = 4 || exit 133") == (0, 4)


def test_a_crash_is_tried_again_a_few_times(tmp_path: Path) -> None:
    assert run(tmp_path, "exit 1") == (1, 2)
    assert run(tmp_path / "..", "true")[0] == 0


def test_a_reboot_forgives_earlier_failures(tmp_path: Path) -> None:
    assert run(tmp_path, "case $n in 1|3) exit 1;; 2) exit 133;; esac") == (0, 4)


def test_a_reboot_after_being_told_to_stop_is_the_end(tmp_path: Path) -> None:
    assert run(tmp_path, f"touch {tmp_path}/stop; exit 133") == (133, 1)


def test_it_writes_down_who_runs(tmp_path: Path) -> None:
    run(tmp_path, f"cp {tmp_path}/supervisor.json {tmp_path}/seen 2>/dev/null; exit 0")
    assert '"nspawn"' in (tmp_path / "supervisor.json").read_text()

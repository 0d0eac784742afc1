"""The question to the kernel, asked of files that stand for it, by the shell that a host has."""

import subprocess
from pathlib import Path

from higuera.operations.hardening import probe_of
from higuera.render.files import File
from higuera.render.hardening import SYSCTL


def test_what_the_kernel_does_not_have_is_named(tmp_path: Path) -> None:
    """More than one digit, tabs as the kernel prints them; a key that it lacks is no difference."""
    (tmp_path / "net").mkdir()
    for name, value in {"a": "1", "b": "65536", "net/c": "4096\t131072", "d": "|/bin/x"}.items():
        (tmp_path / name).write_text(f"{value}\n")
    text = "# x = y\n-a = 1\n-b = 65535\nnet.c = 4096 131072\nd = |/bin/false\nnet.none = 1\n"
    probe = probe_of([File(SYSCTL, text)]).replace("/proc/sys", str(tmp_path))
    done = subprocess.run(["sh", "-c", probe], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["sysctl:b", "sysctl:d"]
    assert done.stderr == ""


def test_without_the_group_nothing_is_asked() -> None:
    assert probe_of([File("/etc/issue", "x")]) == ""

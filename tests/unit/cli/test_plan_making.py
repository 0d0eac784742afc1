"""A plan begins before its command line is parsed: never a wrong one, never one left over."""

import subprocess
import sys
from pathlib import Path

import pytest

from higuera.cli.making import Order, order_in

HIGUERA = str(Path(sys.executable).with_name("higuera"))


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("plan", Order()),
        ("plan production", Order("production")),
        ("plan --json production -v", Order("production", verbose=True)),
        ("plan --format markdown --out p.json --no-way-back a", Order("a", no_way_back=True)),
        ("plan --out", Order()),  # which the parser refuses
        ("plan a b", None),
        ("plan --help", None),
        ("plan --offline", None),
        ("plan --format=json", None),
        ("plan -- a", None),
        ("status", None),
        ("", None),
    ],
)
def test_what_is_begun_early(line: str, order: Order | None) -> None:
    assert order_in(line.split()) == order


def test_little_is_imported_before() -> None:
    code = "import higuera.cli.entry, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"typer", "pydantic", "yaml", "pyinfra", "rich"} & set(done.stdout.split())


def planned(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """In a folder that is a project by its looks."""
    (folder / "deploy.py").touch()
    (folder / "tmp").mkdir(exist_ok=True)
    done = subprocess.run(
        [HIGUERA, "plan", *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(folder / "tmp")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert list((folder / "tmp").iterdir()) == []
    return done


def test_a_command_line_that_does_not_parse_leaves_nothing(tmp_path: Path) -> None:
    done = planned(tmp_path, "--format", "pdf")
    assert done.returncode == 1
    assert "Usage: " in done.stderr


def test_the_fault_of_an_inventory_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "stack.yml").write_text("app: forms\n")
    done = planned(tmp_path, "production")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: inventory: no environment production (there are: none)\n"

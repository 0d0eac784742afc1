"""Which files are migrations, and in which order."""

from pathlib import Path

import pytest

from higuera.database.governance.files import files_of
from higuera.errors import DatabaseError


def lay(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (
            ["0001_b.sql", "0000_a.sql", "meta/_journal.json", "meta/0000_snapshot.json"],
            ["0000_a.sql", "0001_b.sql"],
        ),
        (["meta/_journal.json", "0000_a.sql", "schema.ts", "relations.ts"], ["0000_a.sql"]),
        (
            ["2_b/migration.sql", "1_a/migration.sql", "1_a/snapshot.json", "migration_lock.toml"],
            ["1_a/migration.sql", "2_b/migration.sql"],
        ),
        ([".formatter.exs", "1_a.exs", "1_a.yml"], ["1_a.exs"]),
        (["2_b.ts", "1_a.js", "1_a.d.ts", "node_modules/x.js"], ["1_a.js", "2_b.ts"]),
        (["1.SQL", "1.down.sql", "2/up.sql", "2/down.sql"], ["1.SQL", "2/up.sql"]),
    ],
)
def test_layouts(tmp_path: Path, there: list[str], found: list[str]) -> None:
    lay(tmp_path, *there)
    assert [path.relative_to(tmp_path).as_posix() for path in files_of(tmp_path)] == found


def test_a_link_to_nowhere_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "1.sql").symlink_to("nowhere")
    assert files_of(tmp_path) == [tmp_path / "1.sql"]


def test_an_empty_folder_is_no_pass(tmp_path: Path) -> None:
    lay(tmp_path, "README.md")
    with pytest.raises(DatabaseError, match="no migration is in it"):
        files_of(tmp_path)


def test_a_folder_that_cannot_be_listed_is_no_empty_one(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="nowhere: cannot be read: No such file"):
        files_of(tmp_path / "nowhere")

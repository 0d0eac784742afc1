"""Real Drizzle that exits 0 on a real PostgreSQL, and what the ledger then tells.

Both layouts, by drizzle-orm 0.45 and by the newest release candidate of v1, from npm. The other
tools' tables are made as their sources write them: `test_ledger_script.py`.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_folders import SECOND, brief, folders, journal
from ledger_node import DRIZZLE, HASHES, migrate, node
from ledger_server import Database, postgres

from higuera.database.ledger import LedgerState, adapter

FIRST, LATER, LAST = (f"2024010{day}000000_{name}" for day, name in enumerate("abc", 1))


@pytest.fixture(scope="module")
def databases() -> Iterator[Iterator[Database]]:
    with postgres() as server:
        yield iter(lambda: Database.make(server), None)


@pytest.fixture
def database(databases: Iterator[Database]) -> Database:
    return next(databases)


def drizzle(folder: Path, database: Database, package: str = "drizzle") -> LedgerState:
    """Migrate, then compare."""
    migrate(DRIZZLE, package, folder, database)
    return ledger("drizzle", folder, database)


def ledger(tool: str, folder: Path, database: Database) -> LedgerState:
    tool_of = adapter(tool)
    return tool_of.state(tool_of.migrations(folder), database.rows(tool_of))


def tables(database: Database) -> list[str]:
    query = "select tablename from pg_tables where schemaname = 'public' order by 1"
    return database.sql(query).split()


def test_drizzle_passes_over_an_older_when(tmp_path: Path, database: Database) -> None:
    """The first trap: a branch that was merged later, with an earlier `when`."""
    journal(tmp_path, {"0000_a": SECOND, "0001_b": SECOND + 2000})
    assert brief(drizzle(tmp_path, database)) == {"applied": ["0000_a", "0001_b"]}
    journal(tmp_path, {"0000_a": SECOND, "0001_b": SECOND + 2000, "0002_c": SECOND + 1000})
    state = drizzle(tmp_path, database)  # exits 0
    assert tables(database) == ["0000_a", "0001_b"]
    assert brief(state) == {"applied": ["0000_a", "0001_b"], "skipped": ["0002_c"]}
    text = state.problems[0].text
    assert f"{SECOND + 1000} (2023-11-14 22:13:21 UTC)" in text
    assert f"{SECOND + 2000} (2023-11-14 22:13:22 UTC)" in text


def test_what_the_sentence_says_mends_it(tmp_path: Path, database: Database) -> None:
    journal(tmp_path, {"0000_a": SECOND, "0001_b": SECOND + 2000})
    drizzle(tmp_path, database)
    journal(tmp_path, {"0000_a": SECOND, "0001_b": SECOND + 2000, "0002_c": SECOND + 3000})
    pending = ledger("drizzle", tmp_path, database)
    assert brief(pending) == {"applied": ["0000_a", "0001_b"], "pending": ["0002_c"]}
    assert brief(drizzle(tmp_path, database)) == {"applied": ["0000_a", "0001_b", "0002_c"]}
    assert tables(database) == ["0000_a", "0001_b", "0002_c"]


def test_drizzle_ignores_an_edit(tmp_path: Path, database: Database) -> None:
    """The second trap: a column added to a file that the database has had."""
    journal(tmp_path, {"0000_a": SECOND})
    drizzle(tmp_path, database)
    (tmp_path / "0000_a.sql").write_text('create table "0000_a" (id int, wanted text);')
    state = drizzle(tmp_path, database)  # exits 0
    assert (
        database.sql("select count(*) from information_schema.columns where column_name = 'wanted'")
        == "0"
    )
    assert brief(state) == {"applied": ["0000_a"], "edited": ["0000_a"]}


def test_drizzle_does_not_miss_a_removed_file(tmp_path: Path, database: Database) -> None:
    drizzle(journal(tmp_path / "one", {"0000_a": SECOND, "0001_b": SECOND + 1}), database)
    state = drizzle(journal(tmp_path / "two", {"0000_a": SECOND}), database)
    gone = f"the migration of {SECOND + 1} (2023-11-14 22:13:20 UTC)"
    assert brief(state) == {"applied": ["0000_a", gone], "missing": [gone]}


def test_an_empty_database_takes_the_whole_journal(tmp_path: Path, database: Database) -> None:
    """Which is why the trap shows in production alone."""
    journal(tmp_path, {"0000_a": SECOND + 9, "0001_b": SECOND})
    fresh = ledger("drizzle", tmp_path, database)
    assert brief(fresh) == {"pending": ["0000_a", "0001_b"]}
    assert brief(drizzle(tmp_path, database)) == {"applied": ["0000_a", "0001_b"]}


def test_a_raised_when_is_run_again(tmp_path: Path, database: Database) -> None:
    rerunnable = "create table if not exists a (id int);"
    journal(tmp_path, {"0000_a": SECOND}, **{"0000_a": rerunnable})
    drizzle(tmp_path, database)
    journal(tmp_path, {"0000_a": SECOND + 5}, **{"0000_a": rerunnable})
    before = ledger("drizzle", tmp_path, database)
    expected = {"applied": ["0000_a"], "pending": ["0000_a"], "edited": ["0000_a"]}
    assert brief(before) == expected
    drizzle(tmp_path, database)
    assert database.sql("select count(*) from drizzle.__drizzle_migrations") == "2"


def test_a_row_without_a_time_runs_everything_again(tmp_path: Path, database: Database) -> None:
    rerunnable = "create table if not exists a (id int);"
    journal(tmp_path, {"0000_a": SECOND}, **{"0000_a": rerunnable})
    drizzle(tmp_path, database)
    database.sql("update drizzle.__drizzle_migrations set created_at = null")
    assert brief(ledger("drizzle", tmp_path, database)) == {
        "applied": ["0000_a"],
        "failed": ["row 1"],
    }
    drizzle(tmp_path, database)
    assert database.sql("select count(*) from drizzle.__drizzle_migrations") == "2"


def test_hashes_are_those_of_drizzle(tmp_path: Path) -> None:
    """Over any bytes: node reads a file as UTF-8 first, and what is none is replaced."""
    odd = [
        b"",
        b"\xef\xbb\xbfselect 1;",
        b"caf\xe9 \xff\xfe",
        b"\xe2\x82",
        b"a\r\nb\n",
        b"\x00",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xf4\x90\x80\x80",
        b"\xc0\xaf\xe0\x80\xaf",
        "ñ→😀".encode(),
    ]
    journal(tmp_path, {f"{at:04}_odd": at for at in range(len(odd))})
    for at, content in enumerate(odd):
        (tmp_path / f"{at:04}_odd.sql").write_bytes(content)
    found = [migration.hash for migration in adapter("drizzle").migrations(tmp_path)]
    assert found == json.loads(node(HASHES, str(tmp_path)))


def test_v1_applies_whatever_is_not_named(tmp_path: Path, database: Database) -> None:
    """The first trap is gone in v1; what it leaves is another order."""
    state = drizzle(folders(tmp_path, FIRST, LAST), database, "drizzle-v1")
    assert brief(state) == {"applied": [FIRST, LAST]}
    folders(tmp_path, LATER)
    before = ledger("drizzle", tmp_path, database)
    assert brief(before) == {"applied": [FIRST, LAST], "pending": [LATER]}
    state = drizzle(tmp_path, database, "drizzle-v1")
    assert brief(state) == {"applied": [FIRST, LAST, LATER], "reordered": [LATER]}


def test_v1_ignores_an_edit(tmp_path: Path, database: Database) -> None:
    """The second trap is not."""
    drizzle(folders(tmp_path, FIRST), database, "drizzle-v1")
    (tmp_path / FIRST / "migration.sql").write_text("select 1;")
    state = drizzle(tmp_path, database, "drizzle-v1")
    assert brief(state) == {"applied": [FIRST], "edited": [FIRST]}


def test_v1_does_not_miss_a_removed_folder(tmp_path: Path, database: Database) -> None:
    drizzle(folders(tmp_path, FIRST, LATER), database, "drizzle-v1")
    shutil.rmtree(tmp_path / LATER)
    state = drizzle(tmp_path, database, "drizzle-v1")
    assert brief(state) == {"applied": [FIRST, LATER], "missing": [LATER]}


def test_v1_takes_over_a_table_of_before(tmp_path: Path, database: Database) -> None:
    """`drizzle-kit up` makes folders of the journal; the ledger is upgraded at the next run."""
    when = 1_704_067_200_789  # 2024-01-01 00:00:00.789
    text = f'create table "{FIRST}" (id int);\n'
    drizzle(journal(tmp_path / "old", {"0000_a": when}, **{"0000_a": text}), database)
    new = folders(tmp_path / "new", FIRST, LATER)
    assert brief(ledger("drizzle", new, database)) == {"applied": [FIRST], "pending": [LATER]}
    state = drizzle(new, database, "drizzle-v1")
    assert brief(state) == {"applied": [FIRST, LATER]}
    assert tables(database) == [FIRST, LATER]


def test_an_old_runner_on_the_new_table(tmp_path: Path, database: Database) -> None:
    """Its row has no name, so v1 would apply the migration a second time."""
    drizzle(folders(tmp_path / "new", FIRST), database, "drizzle-v1")
    text = f'create table "{LATER}" (id int);\n'
    old = journal(tmp_path / "old", {"0001_b": 1_704_153_600_000}, **{"0001_b": text})
    migrate(DRIZZLE, "drizzle", old, database)
    state = ledger("drizzle", folders(tmp_path / "new", LATER), database)
    assert brief(state) == {"applied": [FIRST], "pending": [LATER], "missing": [LATER]}

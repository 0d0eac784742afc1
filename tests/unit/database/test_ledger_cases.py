"""What each adapter says of a ledger, as data: the files, the rows, what is named."""

from collections.abc import Mapping
from hashlib import md5, sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ledger_folders import SECOND, brief, folders, journal, write

from higuera.database.ledger import adapter
from higuera.database.ledger.model import NOTHING

ONE, TWO, THREE = "20240101000000_one", "20240102000000_two", "20240103000000_three"
Rows = list[dict[str, Any]]
Said = dict[str, list[str]]


class Case(NamedTuple):
    """Rows on a fixed folder, and the state in brief."""

    rows: Rows
    said: Said
    remembered: Mapping[str, str] = NOTHING


def check(tool: str, folder: Path, case: Case) -> None:
    found = adapter(tool)
    state = found.state(found.migrations(folder), case.rows, case.remembered)
    assert brief(state) == case.said
    for problem in state.problems:
        assert len(problem.text) > 60
        assert problem.migration in problem.text or problem.kind == "failed"


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def table(name: str, end: str = "") -> str:
    return f'create table "{name}" (id int);{end}'


def journal_row(number: int, name: str, when: int, text: str | None = None) -> dict[str, Any]:
    hashed = digest(table(name) if text is None else text)
    return {"id": number, "hash": hashed, "created_at": when}


A, B, C = (f"000{at}_{name}" for at, name in enumerate("abc"))
ROW_A, ROW_B = journal_row(1, A, SECOND), journal_row(2, B, SECOND + 10)
ROW_C = journal_row(3, C, SECOND + 20)
JOURNAL = {
    "empty": Case([], {"pending": [A, B, C]}),
    "equal": Case([ROW_A, ROW_B, ROW_C], {"applied": [A, B, C]}),
    "one to come": Case([ROW_A, ROW_B], {"applied": [A, B], "pending": [C]}),
    "rows in any order": Case([ROW_C, ROW_A, ROW_B], {"applied": [A, B, C]}),
    "skipped": Case([ROW_A, ROW_C], {"applied": [A, C], "skipped": [B]}),
    "skipped and to come": Case([ROW_B], {"applied": [B], "pending": [C], "skipped": [A]}),
    "edited once": Case(
        [ROW_A, journal_row(2, B, SECOND + 10, "was"), ROW_C],
        {"applied": [A, B, C], "edited": [B]},
    ),
    "reordered": Case(
        [ROW_A, ROW_C | {"id": 2}, ROW_B | {"id": 3}],
        {"applied": [A, C, B], "reordered": [B]},
    ),
    "when lowered since": Case(
        [ROW_A, ROW_B | {"created_at": SECOND + 15}, ROW_C], {"applied": [A, B, C]}
    ),
    "columns of v1": Case(
        [ROW_A | {"name": None, "applied_at": None}], {"applied": [A], "pending": [B, C]}
    ),
    "a squash": Case(
        [journal_row(1, "old", SECOND - 10), ROW_A, ROW_B, ROW_C],
        {
            "applied": [f"the migration of {SECOND - 10} (2023-11-14 22:13:19 UTC)", A, B, C],
            "missing": [f"the migration of {SECOND - 10} (2023-11-14 22:13:19 UTC)"],
        },
    ),
}


@pytest.mark.parametrize("case", JOURNAL.values(), ids=JOURNAL)
def test_drizzle_journal(tmp_path: Path, case: Case) -> None:
    journal(tmp_path, {A: SECOND, B: SECOND + 10, C: SECOND + 20})
    check("drizzle", tmp_path, case)


def test_drizzle_of_one_time(tmp_path: Path) -> None:
    """Not newer is not enough: the second entry of one `when` is passed over too."""
    journal(tmp_path, {A: SECOND, B: SECOND})
    check("drizzle", tmp_path, Case([ROW_A], {"applied": [A], "skipped": [B]}))
    check("drizzle", tmp_path, Case([], {"pending": [A, B]}))
    rows = [journal_row(1, B, SECOND), journal_row(2, A, SECOND)]
    check("drizzle", tmp_path, Case(rows, {"applied": [B, A], "reordered": [A]}))


def test_drizzle_file_that_no_journal_names(tmp_path: Path) -> None:
    """A merge lost its entry; a file without a number is somebody's own."""
    journal(tmp_path, {A: SECOND})
    write(tmp_path, {f"{B}.sql": table(B), "seed.sql": "select 1"})
    check("drizzle", tmp_path, Case([ROW_A], {"applied": [A], "skipped": [B]}))
    check("drizzle", tmp_path, Case([ROW_A, ROW_B], {"applied": [A, B]}))


def test_drizzle_files_of_one_text(tmp_path: Path) -> None:
    """Empty custom migrations share a hash: each row means the one of its time."""
    empty = "-- Custom SQL migration file, put your code below! --"
    journal(tmp_path, {A: SECOND, B: SECOND + 10, C: SECOND + 20}, **{A: empty, B: empty, C: empty})
    rows = [journal_row(1, A, SECOND, empty), journal_row(2, C, SECOND + 20, empty)]
    check("drizzle", tmp_path, Case(rows, {"applied": [A, C], "skipped": [B]}))


def test_drizzle_text_moved_to_a_new_file(tmp_path: Path) -> None:
    """Where time and hash point at two files, the time says which one the row was."""
    journal(tmp_path, {A: SECOND, B: SECOND + 10}, **{A: "new", B: table(A)})
    check("drizzle", tmp_path, Case([ROW_A], {"applied": [A], "pending": [B], "edited": [A]}))


@pytest.mark.parametrize("tool", ["drizzle", "prisma"])
def test_line_ends_are_no_edit(tmp_path: Path, tool: str) -> None:
    """Git changes them on checkout; the SQL is the same. Prisma's own check agrees."""
    write(tmp_path, {f"{ONE}/migration.sql": "select 1;\r\nselect 2;\r\n"})
    rows: Rows = [
        {"id": 1, "name": ONE, "migration_name": ONE, "finished_at": "2024", "started_at": "2024"}
    ]
    for text in ("select 1;\nselect 2;\n", "select 1;\r\nselect 2;\r\n"):
        row = rows[0] | {"hash": digest(text), "checksum": digest(text)}
        check(tool, tmp_path, Case([row], {"applied": [ONE]}))
    row = rows[0] | {"hash": digest("select 1;"), "checksum": digest("select 1;")}
    check(tool, tmp_path, Case([row], {"applied": [ONE], "edited": [ONE]}))


def v1_row(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "name": name, "hash": digest(table(name, "\n")), **more}


V1 = {
    "empty": Case([], {"pending": [ONE, TWO, THREE]}),
    "an older one is applied": Case([v1_row(1, TWO)], {"applied": [TWO], "pending": [ONE, THREE]}),
    "reordered": Case(
        [v1_row(1, TWO), v1_row(2, ONE), v1_row(3, THREE)],
        {"applied": [TWO, ONE, THREE], "reordered": [ONE]},
    ),
    "edited": Case(
        [v1_row(1, ONE, hash="other")],
        {"applied": [ONE], "pending": [TWO, THREE], "edited": [ONE]},
    ),
    "missing": Case(
        [v1_row(1, ONE), v1_row(2, TWO), v1_row(3, "20240102_x"), v1_row(4, THREE)],
        {"applied": [ONE, TWO, "20240102_x", THREE], "missing": ["20240102_x"]},
    ),
    "table of before, by second": Case(
        [{"id": 1, "hash": "other", "created_at": 1_704_067_200_999}],
        {"applied": [ONE], "pending": [TWO, THREE], "edited": [ONE]},
    ),
    "table of before, by hash": Case(
        [{"id": 1, "hash": digest(table(TWO, "\n")), "created_at": 5}],
        {"applied": [TWO], "pending": [ONE, THREE]},
    ),
    "table of before, unknown": Case(
        [{"id": 1, "hash": "other", "created_at": 5}],
        {
            "applied": ["the migration of created_at 5"],
            "pending": [ONE, TWO, THREE],
            "missing": ["the migration of created_at 5"],
        },
    ),
}


@pytest.mark.parametrize("case", V1.values(), ids=V1)
def test_drizzle_v1(tmp_path: Path, case: Case) -> None:
    check("drizzle", folders(tmp_path, ONE, TWO, THREE), case)


def test_drizzle_v1_table_of_before_with_two_of_one_second(tmp_path: Path) -> None:
    other = ONE.replace("one", "other")
    for name, rest in ((ONE, other), (other, ONE)):
        row = {"id": 1, "hash": digest(table(name, "\n")), "created_at": 1_704_067_200_000}
        said = {"applied": [name], "pending": [rest]}
        check("drizzle", folders(tmp_path, ONE, other), Case([row], said))


def test_drizzle_v1_file_beside_the_folders(tmp_path: Path) -> None:
    """Written as for a journal; one that `drizzle-kit up` left behind is no loss."""
    left = table(ONE, "\n")
    write(folders(tmp_path, ONE), {"0000_one.sql": left, "0001_new.sql": "a", "seed.sql": ""})
    check("drizzle", tmp_path, Case([v1_row(1, ONE)], {"applied": [ONE], "skipped": ["0001_new"]}))


def ecto_row(version: int, second: int) -> dict[str, Any]:
    return {"version": version, "inserted_at": f"2024-02-01T00:00:{second:02}"}


ECTO = {
    "empty": Case([], {"pending": ["7_one", "20_two", "30_three"]}),
    "an older one is applied": Case(
        [ecto_row(20, 0)], {"applied": ["20_two"], "pending": ["7_one", "30_three"]}
    ),
    "two behind the last": Case(
        [ecto_row(30, 0), ecto_row(7, 1), ecto_row(20, 2)],
        {"applied": ["30_three", "7_one", "20_two"], "reordered": ["7_one", "20_two"]},
    ),
    "one second": Case(
        [ecto_row(30, 0), ecto_row(7, 0), ecto_row(20, 0)],
        {"applied": ["7_one", "20_two", "30_three"]},
    ),
    "reordered": Case(
        [ecto_row(30, 1), ecto_row(7, 0), ecto_row(20, 2)],
        {"applied": ["7_one", "30_three", "20_two"], "reordered": ["20_two"]},
    ),
    "missing": Case(
        [ecto_row(7, 0), ecto_row(9, 0), ecto_row(20, 0), ecto_row(30, 0)],
        {"applied": ["7_one", "version 9", "20_two", "30_three"], "missing": ["version 9"]},
    ),
    "edited": Case(
        [ecto_row(7, 0), ecto_row(20, 0), ecto_row(30, 0)],
        {"applied": ["7_one", "20_two", "30_three"], "edited": ["20_two"]},
        {"7_one": digest("1"), "20_two": digest("was")},
    ),
}


@pytest.mark.parametrize("case", ECTO.values(), ids=ECTO)
def test_ecto(tmp_path: Path, case: Case) -> None:
    files = {"7_one.exs": "1", "sub/20_two.exs": "2", "30_three.exs": "3", ".formatter.exs": ""}
    check("ecto", write(tmp_path, files), case)


def test_ecto_file_that_is_never_run(tmp_path: Path) -> None:
    write(tmp_path, {"1_one.exs": "", "2_two.ex": ""})
    check("ecto", tmp_path, Case([ecto_row(1, 0)], {"applied": ["1_one"], "skipped": ["2_two"]}))


def prisma_row(name: str, second: int, **more: Any) -> dict[str, Any]:
    time = f"2024-02-01T00:00:{second:02}+00:00"
    row = {"migration_name": name, "started_at": time, "finished_at": time, "rolled_back_at": None}
    return {**row, "checksum": digest(table(name, "\n")), **more}


HALF = prisma_row(TWO, 2, finished_at=None)
UNPADDED = "".join(f"{byte:x}" for byte in sha256(table(ONE, "\n").encode()).digest())
PRISMA = {
    "empty": Case([], {"pending": [ONE, TWO, THREE]}),
    "half-done": Case(
        [prisma_row(ONE, 1), HALF], {"applied": [ONE], "pending": [THREE], "failed": [TWO]}
    ),
    "rolled back": Case(
        [prisma_row(ONE, 1), HALF | {"rolled_back_at": "2024"}],
        {"applied": [ONE], "pending": [TWO, THREE]},
    ),
    "rolled back, edited, run again": Case(
        [
            prisma_row(ONE, 1),
            HALF | {"rolled_back_at": "2024", "checksum": "was"},
            prisma_row(TWO, 3),
            prisma_row(THREE, 4),
        ],
        {"applied": [ONE, TWO, THREE]},
    ),
    "checksum of an old engine": Case(
        [prisma_row(ONE, 1, checksum=UNPADDED)], {"applied": [ONE], "pending": [TWO, THREE]}
    ),
    "edited": Case(
        [prisma_row(ONE, 1, checksum=digest("was")), prisma_row(TWO, 2), prisma_row(THREE, 3)],
        {"applied": [ONE, TWO, THREE], "edited": [ONE]},
    ),
    "reordered": Case(
        [prisma_row(TWO, 1), prisma_row(ONE, 2), prisma_row(THREE, 3)],
        {"applied": [TWO, ONE, THREE], "reordered": [ONE]},
    ),
    "missing": Case(
        [prisma_row("2023_old", 0), prisma_row(ONE, 1), prisma_row(TWO, 2), prisma_row(THREE, 3)],
        {"applied": ["2023_old", ONE, TWO, THREE], "missing": ["2023_old"]},
    ),
}


@pytest.mark.parametrize("case", PRISMA.values(), ids=PRISMA)
def test_prisma(tmp_path: Path, case: Case) -> None:
    folders(tmp_path, ONE, TWO, THREE)
    check("prisma", write(tmp_path, {"migration_lock.toml": 'provider = "postgresql"'}), case)


def named(*names: str) -> Rows:
    return [{"id": number, "name": name} for number, name in enumerate(names, 1)]


KNEX = {
    "empty": Case([], {"pending": ["1_a.js", "2_b.ts"]}),
    "reordered": Case(
        named("2_b.ts", "1_a.js"), {"applied": ["2_b.ts", "1_a.js"], "reordered": ["1_a.js"]}
    ),
    "rows in any order": Case(named("1_a.js", "2_b.ts")[::-1], {"applied": ["1_a.js", "2_b.ts"]}),
    "compiled": Case(
        named("1_a.js", "2_b.js"),
        {"applied": ["1_a.js", "2_b.js"], "pending": ["2_b.ts"], "missing": ["2_b.js"]},
    ),
    "edited": Case(
        named("1_a.js", "2_b.ts"),
        {"applied": ["1_a.js", "2_b.ts"], "edited": ["2_b.ts"]},
        {"1_a.js": digest("a"), "2_b.ts": digest("was")},
    ),
}


@pytest.mark.parametrize("case", KNEX.values(), ids=KNEX)
def test_knex_names(tmp_path: Path, case: Case) -> None:
    check("knex", write(tmp_path, {"1_a.js": "a", "2_b.ts": "b", "2_b.d.ts": "", "x.md": ""}), case)


CLASSES = {
    "1700000000001-Users.ts": "export class Users1700000000009 implements MigrationInterface {\n"
    "  name = 'Users1700000000001'\n}",
    "1700000000000-Init.js": "// class Not1700000000009\nexports.X = class Init1700000000000 {}",
    "1700000000002-Plain.js": "module.exports = class Plain1700000000002 {\n}",
    "index.ts": "export * from './1700000000001-Users'",
    "1700000000001-Users.d.ts": "export declare class Users1700000000001 {}",
}
INIT, USERS, PLAIN = "Init1700000000000", "Users1700000000001", "Plain1700000000002"
TYPEORM = {
    "empty": Case([], {"pending": [INIT, USERS, PLAIN]}),
    "equal": Case(named(INIT, USERS, PLAIN), {"applied": [INIT, USERS, PLAIN]}),
    "an older one is applied": Case(named(PLAIN), {"applied": [PLAIN], "pending": [INIT, USERS]}),
    "reordered": Case(
        named(USERS, INIT, PLAIN), {"applied": [USERS, INIT, PLAIN], "reordered": [INIT]}
    ),
    "missing": Case(
        named(INIT, USERS, PLAIN, "Gone1600000000000"),
        {"applied": [INIT, USERS, PLAIN, "Gone1600000000000"], "missing": ["Gone1600000000000"]},
    ),
    "edited": Case(
        named(INIT), {"applied": [INIT], "pending": [USERS, PLAIN], "edited": [INIT]}, {INIT: "0"}
    ),
}


@pytest.mark.parametrize("case", TYPEORM.values(), ids=TYPEORM)
def test_typeorm(tmp_path: Path, case: Case) -> None:
    check("typeorm", write(tmp_path, CLASSES), case)


SQL = {
    "empty": Case([], {"pending": ["1_a", "002_b", "010_c"]}),
    "dbmate": Case(
        [{"version": "1"}, {"version": "010"}], {"applied": ["1_a", "010_c"], "pending": ["002_b"]}
    ),
    "missing version": Case(
        [{"version": "1"}, {"version": "7"}],
        {"applied": ["version 7", "1_a"], "pending": ["002_b", "010_c"], "missing": ["version 7"]},
    ),
    "file names": Case(
        [{"filename": "1_a.sql"}, {"filename": "db/002_b.up.sql"}, {"filename": "010_c"}],
        {"applied": ["1_a", "002_b", "010_c"]},
    ),
    "title and version": Case(
        [{"id": 9, "name": "a", "version": 1}], {"applied": ["1_a"], "pending": ["002_b", "010_c"]}
    ),
    "a serial is no version": Case(
        [{"id": 1, "name": "0_gone"}],
        {"applied": ["0_gone"], "pending": ["1_a", "002_b", "010_c"], "missing": ["0_gone"]},
    ),
    "an id alone is": Case([{"id": "002"}], {"applied": ["002_b"], "pending": ["1_a", "010_c"]}),
    "reordered by serial": Case(
        [{"id": 2, "name": "1_a"}, {"id": 1, "name": "002_b"}, {"id": 3, "name": "010_c"}],
        {"applied": ["002_b", "1_a", "010_c"], "reordered": ["1_a"]},
    ),
    "reordered by time": Case(
        [
            {"version": 1, "applied_at": "2024-01-02"},
            {"version": 2, "applied_at": "2024-01-01"},
            {"version": 10, "applied_at": "2024-01-03"},
        ],
        {"applied": ["002_b", "1_a", "010_c"], "reordered": ["1_a"]},
    ),
    "hashes of any kind": Case(
        [
            {"version": 1, "checksum": md5(b"a").hexdigest()},
            {"version": 2, "checksum": "\\x" + digest("was")},
            {"version": 10, "checksum": -1234},
        ],
        {"applied": ["1_a", "002_b", "010_c"], "edited": ["002_b", "010_c"]},
        {"1_a": "not looked at", "010_c": "was"},
    ),
    "half-done": Case(
        [{"version": 1, "success": True}, {"version": 2, "success": False}],
        {"applied": ["1_a"], "pending": ["010_c"], "failed": ["002_b"]},
    ),
    "golang-migrate": Case(
        [{"version": 2, "dirty": False}], {"applied": ["1_a", "002_b"], "pending": ["010_c"]}
    ),
    "golang-migrate, dirty": Case(
        [{"version": 2, "dirty": True}],
        {"applied": ["1_a"], "pending": ["010_c"], "failed": ["002_b"]},
    ),
    "golang-migrate, skipped": Case(
        [{"version": 10, "dirty": False}],
        {"applied": ["1_a", "010_c"], "skipped": ["002_b"]},
        {"1_a": digest("a"), "010_c": digest("c")},
    ),
    "golang-migrate, just applied": Case(
        [{"version": 10, "dirty": False}],
        {"applied": ["1_a", "002_b", "010_c"], "edited": ["1_a"]},
        {"1_a": digest("was")},
    ),
    "golang-migrate, missing": Case(
        [{"version": 11, "dirty": False}],
        {"applied": ["1_a", "002_b", "010_c", "version 11"], "missing": ["version 11"]},
    ),
}


@pytest.mark.parametrize("case", SQL.values(), ids=SQL)
def test_sql(tmp_path: Path, case: Case) -> None:
    files = {
        "1_a.sql": "a",
        "002_b.up.sql": "b",
        "002_b.down.sql": "",
        "010_c.sql": "c",
        "x.md": "",
    }
    check("sql", write(tmp_path, files), case)


def test_sql_two_files_of_one_version(tmp_path: Path) -> None:
    """dbmate takes the second for applied; a ledger of names does not."""
    write(tmp_path, {"1_a.sql": "a", "1_b.sql": "b"})
    check("sql", tmp_path, Case([{"version": "1"}], {"applied": ["1_a"], "skipped": ["1_b"]}))
    check("sql", tmp_path, Case([{"name": "1_a"}], {"applied": ["1_a"], "pending": ["1_b"]}))

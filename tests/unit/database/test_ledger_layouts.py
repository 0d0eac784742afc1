"""Folders that are not what they should be: the error names the file and what to do."""

from pathlib import Path

import pytest
from ledger_folders import journal, write

from higuera.database.ledger import LEDGERS, adapter
from higuera.errors import DatabaseError

ENTRY = '{"entries": [{"tag": "0000_a", "when": 1}]}'
WRONG = {
    "drizzle, nothing": ("drizzle", {"0000_a.sql": ""}, "neither meta/_journal.json nor"),
    "drizzle, no JSON": (
        "drizzle",
        {"meta/_journal.json": "<<<<<<< HEAD"},
        "meta/_journal.json is",
    ),
    "drizzle, a list": ("drizzle", {"meta/_journal.json": "[]"}, "meta/_journal.json is no"),
    "drizzle, no file": ("drizzle", {"meta/_journal.json": ENTRY}, "0000_a.sql: No such file"),
    "drizzle, way out": (
        "drizzle",
        {"meta/_journal.json": '{"entries": [{"tag": "../a", "when": 1}]}'},
        "_journal.json: an entry has no proper `tag`",
    ),
    "drizzle, no when": (
        "drizzle",
        {"meta/_journal.json": '{"entries": [{"tag": "a"}]}'},
        "`when` of a is no whole number",
    ),
    "drizzle, twice": (
        "drizzle",
        {
            "meta/_journal.json": ENTRY.replace("[{", '[{"tag": "0000_a", "when": 2}, {'),
            "0000_a.sql": "",
        },
        "names 0000_a twice",
    ),
    "v1, no file": (
        "drizzle",
        {"20240101000000_a/snapshot.json": "", "20240102000000_b/migration.sql": ""},
        "20240101000000_a has no migration.sql",
    ),
    "v1, no time": ("drizzle", {"init/migration.sql": ""}, "init does not start with a time"),
    "ecto, nothing": ("ecto", {"structure.sql": ""}, "has no <version>_<name>.exs"),
    "ecto, one version": ("ecto", {"1_a.exs": "", "01_b.exs": ""}, "1_a.exs has the version of"),
    "prisma, nothing": ("prisma", {"a.sql": ""}, "is this Prisma's folder?"),
    "prisma, no file": ("prisma", {"1_a/x.sql": ""}, "1_a/migration.sql: No such file"),
    "knex, nothing": ("knex", {"a.sql": ""}, "is this Knex's folder?"),
    "typeorm, nothing": ("typeorm", {"index.ts": "export {}"}, "is this TypeORM's folder?"),
    "typeorm, no class": ("typeorm", {"1700000000000-A.ts": "class A {}"}, "A.ts has no class"),
    "typeorm, twice": (
        "typeorm",
        {"a.ts": "class A1700000000000 {}", "b.ts": "class A1700000000000 {}"},
        "b.ts: A1700000000000 is also in",
    ),
    "sql, nothing": ("sql", {"1_a.down.sql": ""}, "has no NNN_name.sql"),
    "sql, no number": ("sql", {"1_a.sql": "", "seed.sql": ""}, "seed.sql has no number in front"),
}


@pytest.mark.parametrize(("tool", "files", "text"), WRONG.values(), ids=WRONG)
def test_a_wrong_folder(tmp_path: Path, tool: str, files: dict[str, str], text: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        adapter(tool).migrations(write(tmp_path, files))
    assert text in str(raised.value)
    assert str(tmp_path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("tool", LEDGERS)
def test_no_folder(tmp_path: Path, tool: str) -> None:
    with pytest.raises(DatabaseError, match="none: No such file or directory"):
        adapter(tool).migrations(tmp_path / "none")


def test_a_journal_wins_over_folders(tmp_path: Path) -> None:
    """As in drizzle-orm v1, which refuses to run beside one."""
    journal(tmp_path, {"0000_a": 1})
    write(tmp_path, {"20240101000000_b/migration.sql": ""})
    assert [one.name for one in adapter("drizzle").migrations(tmp_path)] == ["0000_a"]


@pytest.mark.parametrize("table", ["", ".", "a.", ".a", "a.b.c", "a\nb", "a\x00"])
def test_no_table(table: str) -> None:
    with pytest.raises(DatabaseError, match=r"database\.migrate\.table: .* is no table"):
        adapter("knex", table)


def test_no_tool() -> None:
    with pytest.raises(DatabaseError, match="no 'flyway': one of drizzle, ecto, prisma, knex"):
        adapter("flyway")


@pytest.mark.parametrize(
    ("tool", "table", "expected"),
    [
        ("drizzle", None, ["schema drizzle"]),
        ("drizzle", "other", ["schema drizzle"]),
        ("drizzle", "public.d", ["table public.d", "sequence public.d_id_seq"]),
        ("ecto", None, ["table public.schema_migrations"]),
        ("prisma", None, ["table public._prisma_migrations"]),
        (
            "knex",
            None,
            [
                "table public.knex_migrations",
                "table public.knex_migrations_lock",
                "sequence public.knex_migrations_id_seq",
                "sequence public.knex_migrations_lock_index_seq",
            ],
        ),
        ("prisma", "app._prisma_migrations", ["table app._prisma_migrations"]),
    ],
)
def test_what_is_left_out(tool: str, table: str | None, expected: list[str]) -> None:
    assert adapter(tool, table).leave_out() == expected

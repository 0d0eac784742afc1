"""The script that reads a ledger, on a real PostgreSQL, with each tool's table as documented.

The tables are made by their documented text and not by the tools. Knex 3.3, TypeORM 1.1 and dbmate
2.36 were run by hand once and left the same states; they would double this suite's time. Prisma's
engine and Hex come from registries that these tests do not use.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_folders import brief, folders, write
from ledger_server import Database, postgres

from higuera.database.ledger import LEDGERS, adapter

PRISMA = """
create table _prisma_migrations (
    id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
    migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0);
"""
# Files, the table with its rows, and what is said of it.
TABLES = {
    "ecto": (
        {"20240101000000_one.exs": "", "20240102000000_two.exs": ""},
        "create table schema_migrations (version bigint primary key, inserted_at timestamp(0));"
        "insert into schema_migrations values (20240102000000, now()), (20230101000000, now());",
        {
            "applied": ["version 20230101000000", "20240102000000_two"],
            "pending": ["20240101000000_one"],
            "missing": ["version 20230101000000"],
        },
    ),
    "knex": (
        {"1_a.js": "", "2_b.js": "", "3_c.js": ""},
        "create table knex_migrations (id serial primary key, name varchar(255), batch int,"
        " migration_time timestamptz);"
        "insert into knex_migrations (name, batch) values ('1_a.js', 1), ('3_c.js', 1),"
        " ('2_b.js', 2);",
        {"applied": ["1_a.js", "3_c.js", "2_b.js"], "reordered": ["2_b.js"]},
    ),
    "typeorm": (
        {"a.ts": "class A1700000000000 {}", "b.ts": "class B1700000000001 {}"},
        "create table migrations (id serial primary key, timestamp bigint not null, name varchar);"
        "insert into migrations (timestamp, name) values (1700000000001, 'B1700000000001'),"
        " (1700000000000, 'A1700000000000');",
        {"applied": ["B1700000000001", "A1700000000000"], "reordered": ["A1700000000000"]},
    ),
    "sql": (
        {"001_a.up.sql": "", "002_b.up.sql": "", "003_c.up.sql": ""},
        "create table schema_migrations (version bigint primary key, dirty boolean not null);"
        "insert into schema_migrations values (2, true);",
        {"applied": ["001_a"], "pending": ["003_c"], "failed": ["002_b"]},
    ),
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Database]:
    with postgres() as server:
        yield Database.make(server)


@pytest.fixture
def database(shared: Database) -> Database:
    return Database.make(shared.server)


@pytest.mark.parametrize("tool", LEDGERS)
@pytest.mark.parametrize("table", [None, "nowhere.ledger", 'odd.na"me', "it's.a $table :x"])
def test_no_table_is_an_empty_ledger(shared: Database, tool: str, table: str | None) -> None:
    assert shared.rows(adapter(tool, table)) == []


@pytest.mark.parametrize("tool", TABLES)
def test_documented_tables(tmp_path: Path, database: Database, tool: str) -> None:
    files, text, said = TABLES[tool]
    database.sql(text)
    found = adapter(tool)
    state = found.state(found.migrations(write(tmp_path, files)), database.rows(found))
    assert brief(state) == said


def test_prisma_table(tmp_path: Path, database: Database) -> None:
    """In order of time whatever the server's zone, across a change of the clock too."""
    one, two, three = (f"2024010{day}000000_m" for day in (1, 2, 3))
    tool = adapter("prisma")
    migrations = tool.migrations(folders(tmp_path, one, two, three))
    done = (
        "insert into _prisma_migrations (id, checksum, migration_name, started_at, finished_at) "
        "values ('{0}', '{1}', '{0}', '{2}', {3});"
    )
    times = ["2024-10-27 00:30:00.1Z", "2024-10-27 01:15:00Z", "2024-10-27 02:00:00Z"]
    ends = ["now()", "now()", "null"]
    rows = zip(migrations, times, ends, strict=True)
    inserts = [done.format(one.name, one.hash, time, end) for one, time, end in rows]
    database.sql("alter role postgres set timezone = 'Europe/Berlin'")
    database.sql(PRISMA + "".join(reversed(inserts)))
    state = tool.state(migrations, database.rows(tool))
    assert brief(state) == {"applied": [one, two], "failed": [three]}


def test_odd_columns_do_no_harm(database: Database) -> None:
    database.sql(
        "create table knex_migrations (id serial, name text, batch numeric, t timestamptz,"
        " raw bytea, doc json, range int4range, big bigint);"
        "insert into knex_migrations values (default, E'line\\nbreak \"ñ→', 'NaN', 'infinity',"
        " '\\x00ff', E'{\"a\":\\n 1}', '[1,3)', 9223372036854775807);"
        "insert into knex_migrations default values;"
    )
    rows = database.rows(adapter("knex"))
    assert [row["id"] for row in rows] == [1, 2]
    assert rows[0]["name"] == 'line\nbreak "ñ→'
    assert rows[0]["big"] == 9223372036854775807


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(
        st.characters(exclude_characters=".", exclude_categories=["C", "Z"]),
        min_size=1,
        max_size=12,
    )
)
def test_any_name_of_a_table(shared: Database, name: str) -> None:
    tool = adapter("sql", f"public.{name}")
    shared.sql(f"create table {tool.table.quoted} as select 7 as version")
    try:
        assert shared.rows(tool) == [{"version": 7}]
    finally:
        shared.sql(f"drop table {tool.table.quoted}")


@pytest.mark.parametrize(
    ("setup", "says"),
    [
        ("create table app.l (version int)", "permission denied for table l"),
        (
            "create table app.l (version int); grant select on app.l to reader;"
            "alter table app.l enable row level security",
            "query would be affected by row-level security",
        ),
        (
            "create table app.l (version int); revoke usage on schema app from reader",
            "permission denied for schema app",
        ),
    ],
)
def test_who_may_not_read(database: Database, setup: str, says: str) -> None:
    """psql's own error: an unread ledger must never look like an empty one."""
    reader = f"r{database.name}"
    grants = "create role reader; create schema app; grant usage on schema app to reader;"
    database.sql(f"{grants}{setup}".replace("reader", reader))
    done = database.psql(f"set role {reader};" + adapter("sql", "app.l").script())
    assert (done.returncode, done.stdout) == (3, "")
    assert says in done.stderr

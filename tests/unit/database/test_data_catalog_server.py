"""The dictionary's query against a real PostgreSQL."""

from collections.abc import Iterator

import pytest
from postgres_server import Server, postgres

from higuera.database.governance.dictionary import Row, dictionary_script, read_rows

SCHEMA = """
create schema app; create schema drizzle; create schema "o'dd";
create table public.forms
    (id uuid primary key, "wei""rd, 名" varchar(10), gone int, at timestamptz);
alter table public.forms drop column gone;
comment on table public.forms is E'line one\\nline two; owner: "a" team; status: deprecated';
comment on column public.forms.at is 'when';
comment on constraint forms_pkey on public.forms is 'not of a column';
create table app.parts (id int) partition by range (id);
create table app.part_1 partition of app.parts for values from (0) to (9);
create view app.seen as select 1 as id;
create materialized view app.kept as select 1 as id;
create table drizzle.__drizzle_migrations (id int);
create table public.migrations (id int);
create table "o'dd"."ta'ble" ();
create extension hstore; create extension file_fdw;
create server files foreign data wrapper file_fdw;
create foreign table app.far (line text) server files options (filename '/dev/null');
create table public.of_extension (id int); alter extension hstore add table public.of_extension;
create schema auth; create table auth.users (id int);
create role provider; create schema storage authorization provider;
create table storage.objects (id int);
create temp table scratch (id int);
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        server.sql(SCHEMA)
        yield server


def rows(server: Server, *leave_out: str) -> list[Row]:
    answer = server.sql(dictionary_script(leave_out))
    assert "\n" not in answer
    return read_rows(answer)


def test_every_table_and_column(server: Server) -> None:
    found = rows(server, "schema drizzle", "table public.migrations")
    assert found == [
        Row("app", "far", None, "foreign table"),
        Row("app", "far", "line", "text"),
        Row("app", "parts", None, "table"),
        Row("app", "parts", "id", "integer"),
        Row("auth", "users", None, "table"),
        Row("auth", "users", "id", "integer"),
        Row("o'dd", "ta'ble", None, "table"),
        Row(
            "public",
            "forms",
            None,
            "table",
            'line one\nline two; owner: "a" team; status: deprecated',
        ),
        Row("public", "forms", "id", "uuid"),
        Row("public", "forms", 'wei"rd, 名', "character varying(10)"),
        Row("public", "forms", "at", "timestamp with time zone", "when"),
    ]


def test_what_is_left_out_and_no_more(server: Server) -> None:
    tables = {(row.schema, row.table) for row in rows(server, "schema o'dd", "table app.far")}
    assert tables == {
        ("app", "parts"),
        ("auth", "users"),
        ("drizzle", "__drizzle_migrations"),
        ("public", "forms"),
        ("public", "migrations"),
    }


def test_a_hostile_search_path_changes_nothing(server: Server) -> None:
    """The query's functions and tables are PostgreSQL's own."""
    trap = (
        "create schema trap; create table trap.pg_class (); create table trap.pg_namespace ();"
        "set search_path = trap, pg_catalog; begin;"
    )
    answer = server.sql(
        f"{trap} {dictionary_script(['schema trap'])} rollback; drop schema trap cascade"
    )
    assert read_rows(answer) == rows(server)

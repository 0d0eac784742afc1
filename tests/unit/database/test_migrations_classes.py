"""Statements and what they do to running code, by PostgreSQL's own parser."""

import pytest

from higuera.database.governance.classes import judge
from higuera.database.governance.statements import Action, Unreadable, kind_of, read_actions
from higuera.database.governance.syntax import Made

EXPAND = [
    "",
    "-- only a comment: drop table forms",
    "/* drop table forms; delete from forms */ select 1",
    "select 'drop table forms; delete from forms'",
    "select $$ delete from forms; $$, $tag$ it's; drop table $tag$",
    "select E'\\'; drop table forms; --'",
    'select 1 as "delete from"',
    "create table a (id int primary key, b text not null unique check (b <> ''))",
    "create table if not exists a (id int)",
    "create table a as select 1 as id",
    "select 1 as id into a; drop table a",
    "create temp table a (id int); drop table a",
    "create index concurrently i on forms (slug)",
    "create index i on forms (lower(slug))",
    "create table a (id int); create unique index i on a (id); alter table a rename id to key",
    "create table a (id int); alter table a add constraint f foreign key (id) references forms",
    "alter table forms add column slug text",
    "alter table forms add column slug text not null default ''",
    "alter table forms add column n bigserial not null",
    "alter table forms add column n int generated always as identity",
    "alter table forms add slug text; alter table forms add constraint u unique (slug)",
    "alter table forms add slug text; create unique index i on forms (slug)",
    "alter table forms add slug text, add check (slug <> '')",
    "alter table forms add n int not null default 0 check (n is not null and n >= 0)",
    "alter table forms add n int check (n > 0) references users",
    "alter table forms add n int generated always as (id * 2) stored",
    "alter table forms add n int, alter n set default 0, alter n set not null",
    "alter table forms add slug text; alter table forms drop slug",
    "alter table forms alter title set default 'x'",
    "alter table forms alter title drop not null",
    "alter table forms validate constraint c",
    "alter table forms attach partition p for values in (1)",
    "create type mood as enum ('a')",
    "alter type mood add value 'b' after 'a'",
    "create function f() returns int language sql as 'delete from forms; select 1'",
    "create function f() returns int language sql begin atomic delete from forms; select 1; end",
    "create view v as select * from forms",
    "create materialized view v as select * from forms; refresh materialized view v",
    "create schema a; create extension if not exists citext; create sequence s",
    "alter sequence s owned by forms.id",
    "create table a (id int); create trigger t before insert on a execute function f()",
    "create policy p on forms using (true)",
    "comment on table forms is 'drop table forms'",
    "grant select on forms to reader",
    "set lock_timeout = '5s'; begin; commit; lock table forms; vacuum forms; analyze forms",
    "select count(*), max(id), pg_catalog.lower(title) from forms group by 3 for update",
    "select set_config('search_path', '', false)",
    "copy forms to stdout",
    "explain select 1; show all; listen a; notify a",
]
DATA = {
    "insert into forms default values": "INSERT INTO forms",
    'UPDATE "forms" SET "slug" = 1': "UPDATE forms",
    "delete from only public.forms where true": "DELETE FROM public.forms",
    "truncate forms, b.sessions restart identity cascade": "TRUNCATE forms, b.sessions",
    "merge into forms using s on true when matched then delete": "MERGE INTO forms",
    "copy forms from stdin": "COPY forms FROM",
    "select setval('s', 1)": "SELECT calls setval, which may write",
    "select app.f(), lower('A')": "SELECT calls app.f, which may write",
    "select * from cleanup()": "SELECT calls cleanup, which may write",
    "create table a as select f(id) from forms": "SELECT calls f, which may write",
    "with gone as (delete from forms returning *) select * from gone": "DELETE FROM forms",
    "explain analyze delete from forms": "DELETE FROM forms",
    "copy (delete from forms returning id) to stdout": "DELETE FROM forms",
    "prepare p as update forms set id = 1": "UPDATE forms",
    "alter sequence s restart with 3": "restarts sequence s",
}
UNKNOWN = {
    "do $$ begin delete from forms; end $$": "DO: not known what it runs",
    "call tidy()": "CALL: not known what it runs",
    "execute p": "EXECUTE: not known what it runs",
    "copy forms from program 'id'": "COPY … PROGRAM: not known what it runs",
    "create or replace function f() returns int language sql as 'select 1'": (
        "OR REPLACE: running code may rely on what was there"
    ),
    "create or replace view v as select 1": (
        "OR REPLACE: running code may rely on the v that was there"
    ),
    "create trigger t before insert on forms execute function f()": (
        "forms: a trigger or rule changes what running code's writes do"
    ),
    "create rule r as on insert to forms do instead nothing": (
        "forms: a trigger or rule changes what running code's writes do"
    ),
    "alter table forms disable trigger all": (
        "forms: DisableTrigAll: not known what that does to running code"
    ),
    "alter role ana superuser": "AlterRole: not known what that does to running code",
    "alter sequence s increment by 2": "changes how sequence s counts",
}
CONTRACT = {
    "drop table if exists forms, public.users cascade": "DROP TABLE forms",
    "DROP/**/TABLE/**/forms": "DROP TABLE forms",
    "drop index concurrently i": "DROP INDEX i",
    "drop materialized view v": "DROP MATERIALIZED VIEW v",
    "drop function f(int)": "DROP FUNCTION f",
    "drop trigger t on public.forms": "DROP TRIGGER forms.t",
    "drop schema app cascade": "DROP SCHEMA app",
    "drop type mood": "DROP TYPE mood",
    "drop extension citext": "DROP EXTENSION citext",
    "drop owned by ana": "DROP OWNED",
    "drop role ana": "DROP ROLE",
    "create table if not exists a (id int); drop table a": "DROP TABLE a",
    "create table a (id int); set search_path = b; drop table a": "DROP TABLE a",
    "create table a (id int); drop function a(int)": "DROP FUNCTION a",
    "alter table forms drop column slug": "forms: drops column slug",
    "alter table forms drop constraint u": "forms: drops constraint u",
    "alter table forms alter slug type varchar(10)": "forms: changes the type of column slug",
    "alter table forms alter slug set not null": "forms: sets column slug not null",
    "alter table forms add n int; alter table forms alter n set not null": (
        "forms: sets column n not null"
    ),
    "alter table forms add n int not null": "forms: adds required column n",
    "alter table forms add n int not null default null::int": "forms: adds required column n",
    "alter table forms add n int primary key": "forms: adds required column n",
    "alter table forms add n int default 1 unique": ("forms: what fills n may be there already"),
    "alter table forms add n int generated always as (id % 2) stored unique": (
        "forms: what fills n may be there already"
    ),
    "alter table forms add n int generated always as (id) stored, add check (n < 9)": (
        "forms: check constraint narrows what is written"
    ),
    "alter table forms add n int check (n is not null)": (
        "forms: check constraint narrows what is written"
    ),
    "alter table forms add n int check (slug <> '')": (
        "forms: check constraint narrows what is written"
    ),
    "alter table forms add n int, add check (n is distinct from null)": (
        "forms: check constraint narrows what is written"
    ),
    "alter table forms add constraint u unique nulls not distinct (n)": (
        "forms: unique constraint narrows what is written"
    ),
    "alter table forms alter slug drop default": "forms: drops the default of column slug",
    "alter table forms rename to papers": "forms: renames it to papers",
    "alter table forms rename slug to name": "forms: renames slug to name",
    "alter function f(int) rename to g": "f: renames it to g",
    "alter table forms set schema app": "moves something to schema app",
    "alter table forms add constraint u unique (slug)": (
        "forms: unique constraint narrows what is written"
    ),
    "alter table forms add check (slug <> '') not valid": (
        "forms: check constraint narrows what is written"
    ),
    "alter table forms add n int; alter table forms add check (n < slug)": (
        "forms: check constraint narrows what is written"
    ),
    "alter table forms add foreign key (a) references users": (
        "forms: foreign key constraint narrows what is written"
    ),
    "alter table forms add constraint u unique using index i": (
        "forms: unique constraint narrows what is written"
    ),
    "create unique index concurrently i on forms (slug)": (
        "forms: unique index narrows what is written"
    ),
    "alter table forms add n int not null default 0; create unique index i on forms (n)": (
        "forms: unique index narrows what is written"
    ),
    "alter table forms enable row level security": "forms: turns on row security",
    "alter table forms detach partition p concurrently": "forms: detaches a partition",
    "alter type mood rename value 'a' to 'b'": "mood: renames the value a",
    "alter type pair drop attribute a": "pair: drops column a",
    "alter domain mail set not null": "mail: sets it not null",
    "alter domain mail drop default": "mail: drops its default",
    "create policy p on forms as restrictive using (true)": "restrictive policy p hides rows",
    "revoke select on forms from reader": "REVOKE",
    "alter default privileges revoke all on tables from reader": "REVOKE",
}


def actions(text: str) -> list[Action]:
    found = read_actions(text)
    assert not isinstance(found, Unreadable), found
    return found


@pytest.mark.parametrize("text", EXPAND)
def test_expand(text: str) -> None:
    found = actions(text)
    assert [action.what for action in found if action.kind != "expand"] == []
    assert kind_of(found) == "expand"


@pytest.mark.parametrize(
    ("kind", "text", "what"),
    [
        *(("data", *case) for case in DATA.items()),
        *(("unknown", *case) for case in UNKNOWN.items()),
        *(("contract", *case) for case in CONTRACT.items()),
    ],
)
def test_what_is_more_than_additive(kind: str, text: str, what: str) -> None:
    found = actions(text)
    assert kind_of(found) == kind
    assert next(action.what for action in found if action.kind == kind) == what


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("create table a (); insert into a default values", "data"),
        ("delete from a; do 'begin end'", "unknown"),
        ("do 'begin end'; drop table a; delete from b; create table c ()", "contract"),
    ],
)
def test_the_highest_wins(text: str, kind: str) -> None:
    assert kind_of(actions(text)) == kind


def test_lines_whatever_the_alphabet() -> None:
    text = (
        "-- ümlaut, 日本, \U0001f98a\n"
        "create table ü (\n  id int\n);--> statement-breakpoint\n"
        "\n  -- delete from nothing\n"
        "with\n x as (\n  delete from ü\n  returning *)\n"
        "insert into b select * from x; drop table c; drop table d;\r\n"
        "truncate e"
    )
    assert [(action.line, action.what) for action in actions(text)] == [
        (2, ""),
        (7, "INSERT INTO b"),
        (9, "DELETE FROM ü"),
        (11, "DROP TABLE c"),
        (11, "DROP TABLE d"),
        (12, "TRUNCATE e"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("select 1;\nselec 2", 2, 'syntax error at or near "selec"'),
        ("-- ü\n\n'open", 3, "unterminated quoted string"),
        ("select 1;\n\0 drop table forms", 2, "holds a NUL character"),
        ("\\connect other", 1, "syntax error"),
        ("copy a from stdin;\n1\t2\n\\.\n", 2, "syntax error"),
        ("select " + "(" * 50_000 + "1" + ")" * 50_000, 1, "memory exhausted"),
    ],
)
def test_what_is_no_sql_is_not_passed_over(text: str, line: int, why: str) -> None:
    found = read_actions(text)
    assert isinstance(found, Unreadable)
    assert found.line == line
    assert why in found.why


def test_a_long_chain_and_a_large_insert() -> None:
    chain = "select " + " || ".join(["'a'"] * 20_000)
    rows = "insert into a values " + ", ".join(f"({n}, 'x')" for n in range(20_000))
    assert kind_of(actions(f"{chain};\n{rows}")) == "data"


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("create index concurrently i on a (b)", True),
        ("create index i on a (b)", False),
        ("drop index concurrently i", True),
        ("drop index i", False),
        ("reindex table concurrently a", True),
        ("reindex table a", False),
        ("vacuum a", True),
        ("analyze a", False),
        ("alter table a detach partition b concurrently", True),
        ("alter table a detach partition b", False),
        ("refresh materialized view concurrently v", False),
        ("create database a", True),
        ("alter system set work_mem = '1MB'", True),
    ],
)
def test_what_no_transaction_may_hold(text: str, alone: bool) -> None:
    assert {action.alone for action in actions(text)} == {alone}


def test_a_statement_of_a_later_parser_is_unknown() -> None:
    class NewStmt:
        """None is additive before somebody has looked."""

    assert judge(NewStmt(), Made()) == [
        ("unknown", "New: not known what that does to running code")
    ]

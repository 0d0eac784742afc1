"""Can code that was made for the old schema live on the new one: cases on the real server."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest
from database_scratch import Scratch, scratch

from higuera.database.catalog import Catalog
from higuera.database.fit import Fit, Verdict, fit
from higuera.database.partial import partial_view

OLD = """
create type mood as enum ('sad', 'ok');
create domain email as text check (value like '%@%');
create domain score as integer not null default 1;
create type pair as (a integer, b text);
create sequence ticket;
create table forms (id integer generated always as identity primary key, title varchar(80) not null,
    slug text, n integer, price numeric(10, 2), mood mood, owner email, made date default now());
create index forms_slug_idx on forms (slug);
create unique index forms_title_key on forms (title);
create table answers (id serial primary key, form integer references forms,
    body text not null default '');
create view titles as select id, title from forms;
create materialized view counts as select count(*) as n from forms;
create function add(a integer, b integer default 1) returns integer language sql as 'select a + b';
create function touch() returns trigger language plpgsql as 'begin return new; end';
create table events (at date) partition by range (at);
create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01');
create policy own on forms using (true);
"""


class Case(NamedTuple):
    sql: str
    reasons: list[str]


REFUSES = "it may refuse what the old code writes"

CASES: dict[Verdict, list[Case]] = {
    "fits": [Case("", []), Case("comment on table forms is 'x'", [])],
    "differs": [
        Case("create table t (a int)", ["table public.t is new"]),
        Case("create schema s; create table s.t (a int not null)", ["schema s is new"]),
        Case("alter table forms add a text", ["column public.forms.a is new"]),
        Case("alter table forms add a text not null default ''", ["column public.forms.a is new"]),
        Case("alter table forms add a bigserial", ["column public.forms.a is new"]),
        Case("alter table forms add a score", ["column public.forms.a is new"]),
        Case(
            "alter table answers add a int generated always as identity",
            ["column public.answers.a is new"],
        ),
        Case("create index i on forms (n)", ["index public.i is new"]),
        Case(
            "create unique index i on forms (n)",
            [f"index public.i is new on public.forms: {REFUSES}"],
        ),
        Case("drop index forms_slug_idx", ["index public.forms_slug_idx is gone"]),
        Case(
            "alter table forms add constraint c check (n > 0)",
            [f"constraint public.forms.c is new: {REFUSES}"],
        ),
        Case(
            "alter table forms add constraint u unique (n)",
            [f"constraint public.forms.u is new: {REFUSES}"],
        ),
        Case(
            "alter table answers drop constraint answers_form_fkey",
            ["constraint public.answers.answers_form_fkey is gone"],
        ),
        Case(
            "alter table answers drop constraint answers_pkey",
            ["answers_pkey is gone: an ON CONFLICT that relies on it fails"],
        ),
        Case("drop index forms_title_key", ["gone: an ON CONFLICT that relies on it fails"]),
        Case("alter table forms alter n type bigint", ["was integer, is now the wider bigint"]),
        Case(
            "drop view titles; alter table forms alter title type varchar(200); "
            "create view titles as select id, title from forms",
            [
                "column public.forms.title was character varying(80), is now the wider "
                "character varying(200)",
                "view public.titles: its column title was",
            ],
        ),
        Case("alter table forms alter price type numeric(12, 2)", ["now the wider numeric(12,2)"]),
        Case("alter type mood add value 'happy'", ["enum public.mood has 'happy' besides"]),
        Case("alter table forms alter title drop not null", ["title may be null now"]),
        Case(
            "alter table forms alter made set not null",
            ["column public.forms.made takes no nulls any more"],
        ),
        Case(
            "alter table forms alter n set default 5", ["column public.forms.n differs in default"]
        ),
        Case(
            "alter table forms enable row level security",
            ["table public.forms: row security is on now: rows may be hidden"],
        ),
        Case(
            "create policy p on forms using (false)", ["policy public.forms.p is new: it may hide"]
        ),
        Case("drop policy own on forms", ["policy public.forms.own is gone: rows may be hidden"]),
        Case(
            "create trigger t before insert on forms for each row execute function touch()",
            ["trigger public.forms.t is new: it acts on"],
        ),
        Case("drop table events_2025", ["is gone: rows for it may not fit into public.events"]),
        Case(
            "create or replace view titles as select id, title, slug from forms",
            ["view public.titles differs in definition"],
        ),
        Case(
            "create or replace function add(a integer, b integer default 1) returns integer "
            "language sql as 'select 0'",
            ["function public.add(integer, integer) has another definition"],
        ),
        Case(
            "alter domain email add constraint c check (value <> '')",
            ["domain public.email: constraint c may refuse"],
        ),
        Case(
            "alter sequence ticket increment by 5", ["sequence public.ticket differs in increment"]
        ),
        Case("create extension citext", ["extension citext is new"]),
    ],
    "does not fit": [
        Case("drop table answers", ["table public.answers is gone"]),
        Case("alter table answers rename to replies", ["table public.answers is gone"]),
        Case("alter table forms drop slug", ["column public.forms.slug is gone"]),
        Case("alter table forms rename slug to word", ["column public.forms.slug is gone"]),
        Case("drop view titles", ["view public.titles is gone"]),
        Case("drop materialized view counts", ["materialized view public.counts is gone"]),
        Case("drop function add", ["function public.add(integer, integer) is gone"]),
        Case("drop sequence ticket", ["sequence public.ticket is gone"]),
        Case("drop type pair", ["type public.pair is gone"]),
        Case("drop domain score", ["domain public.score is gone"]),
        Case(
            "alter table forms drop mood; drop type mood",
            ["enum public.mood is gone", "forms.mood is gone"],
        ),
        Case(
            "alter type mood rename value 'sad' to 'low'",
            ["enum public.mood has no 'sad' any more"],
        ),
        Case("alter type pair add attribute c date", ["type public.pair has another make-up"]),
        Case("alter table forms alter n type text", ["forms.n was integer, is now text"]),
        Case("alter table forms alter n type smallint", ["was integer, is now smallint"]),
        Case(
            "alter table forms alter slug type varchar(10)",
            ["was text, is now character varying(10)"],
        ),
        Case("alter table forms alter price type numeric(8, 2)", ["is now numeric(8,2)"]),
        Case(
            "alter table forms add a text not null",
            ["column public.forms.a is new and required: the old code does not set it"],
        ),
        Case(
            "alter table forms add a text; alter table forms alter a set not null",
            ["a is new and required"],
        ),
        Case(
            "alter table forms alter slug set not null",
            ["column public.forms.slug became required: it is not null and has no default"],
        ),
        Case("alter table answers alter body drop default", ["answers.body became required"]),
        Case(
            "alter table answers alter id drop default, alter id add generated always as identity",
            ["column public.answers.id is filled by the server now"],
        ),
        Case(
            "drop view titles; create view titles as select id from forms",
            ["view public.titles has no column title any more"],
        ),
        Case(
            "drop function add; create function add(a integer, b integer) returns integer "
            "language sql as 'select a'",
            ["has fewer defaults"],
        ),
        Case(
            "drop function add; create function add(a integer, b integer default 1) returns text "
            "language sql as 'select a'",
            ["returned integer, now text"],
        ),
        Case("alter domain email set not null", ["domain public.email takes no nulls any more"]),
    ],
}
FLAT = [(verdict, case) for verdict, cases in CASES.items() for case in cases]


@pytest.fixture(scope="module")
def ground() -> Iterator[Scratch]:
    with scratch() as ground:
        ground.server.sql("create database old")
        ground.server.sql(OLD, "old")
        yield ground


@pytest.fixture(scope="module")
def old(ground: Scratch) -> Catalog:
    return ground.catalog("old")


@pytest.mark.parametrize(("verdict", "case"), FLAT, ids=[case.sql[:60] for _, case in FLAT])
def test_a_case(ground: Scratch, old: Catalog, verdict: Verdict, case: Case) -> None:
    with ground.database(case.sql, "old") as name:
        found = fit(old, ground.catalog(name))
    assert found.verdict == verdict, found.reasons
    for reason in case.reasons:
        assert any(reason in line for line in found.reasons), found.reasons
    assert (found.reasons == ()) == (verdict == "fits")
    assert all("\n" not in line for line in found.reasons)


def test_what_does_not_fit_comes_first(ground: Scratch, old: Catalog) -> None:
    with ground.database("create table a (b int); drop sequence ticket", "old") as name:
        found = fit(old, ground.catalog(name))
    assert found == Fit("does not fit", ("sequence public.ticket is gone", "table public.a is new"))


@pytest.mark.parametrize(
    ("sql", "verdict", "reasons"),
    [
        (
            "create index i on forms (n); drop table events",
            "does not fit",
            ["is gone"],
        ),
        ("drop index forms_slug_idx; drop sequence ticket; create view v as select 1", "fits", []),
        ("alter table forms drop slug", "does not fit", ["column public.forms.slug is gone"]),
        ("alter table forms add a text not null default ''", "differs", ["forms.a is new"]),
        ("alter table forms add a text not null", "does not fit", ["forms.a is new and required"]),
        ("alter table forms alter made set not null", "differs", ["made takes no nulls any more"]),
        ("alter table forms alter slug set not null", "does not fit", ["slug became required"]),
    ],
)
def test_a_tools_snapshot_tells_of_tables_and_columns(
    ground: Scratch, old: Catalog, sql: str, verdict: Verdict, reasons: list[str]
) -> None:
    snapshot = replace(partial_view(old), server="")
    with ground.database(sql, "old") as name:
        found = fit(snapshot, ground.catalog(name))
    assert (found.verdict, found.is_partial) == (verdict, True), found.reasons
    assert len(found.reasons) >= len(reasons)
    for reason in reasons:
        assert any(reason in line for line in found.reasons), found.reasons

"""Ways in which a target may have drifted from the base schema, and what has to be said of each."""

from typing import NamedTuple


class Mutation(NamedTuple):
    """SQL that changes the target, and the differences that come of it: no more, no fewer."""

    name: str
    sql: str
    expected: dict[str, str]
    mends: bool = True
    """Whether there is SQL that ends it."""


GONE, NEW, OTHER = "missing", "extra", "differs"

MUTATIONS = [
    # schemas and extensions
    Mutation("schema added", "create schema other", {"schema other": NEW}),
    Mutation(
        "schema added with a table",
        "create schema other; create table other.t (a int primary key)",
        {"schema other": NEW},
        mends=False,
    ),
    Mutation(
        "schema dropped",
        'drop schema "Odd Schema" cascade',
        {'schema "Odd Schema"': GONE},
        mends=False,
    ),
    Mutation(
        "schema renamed",
        'alter schema "Odd Schema" rename to odd',
        {'schema "Odd Schema"': GONE, "schema odd": NEW},
        mends=False,
    ),
    Mutation("extension added", "create extension citext", {"extension citext": NEW}),
    Mutation("extension dropped", "drop extension pgcrypto", {"extension pgcrypto": GONE}),
    Mutation(
        "extension moved",
        "alter extension pgcrypto set schema billing",
        {"extension pgcrypto": OTHER},
    ),
    # types
    Mutation(
        "enum value gone",
        "create type mood2 as enum ('sad', 'ok'); alter table forms alter mood drop default, "
        "alter mood type mood2 using mood::text::mood2, alter mood set default 'ok'; "
        "drop type mood; alter type mood2 rename to mood",
        {"enum public.mood": OTHER},
    ),
    Mutation(
        "enum value added",
        "alter type mood add value 'angry' after 'sad'",
        {"enum public.mood": OTHER},
        mends=False,
    ),
    Mutation(
        "enum value renamed",
        "alter type mood rename value 'ok' to 'fine'",
        {"enum public.mood": OTHER, "column public.forms.mood": OTHER},
        mends=False,
    ),
    Mutation(
        "enum in another order",
        "create type mood2 as enum ('ok', 'sad', 'happy'); alter table forms alter mood drop default, "
        "alter mood type mood2 using mood::text::mood2, alter mood set default 'ok'; "
        "drop type mood; alter type mood2 rename to mood",
        {"enum public.mood": OTHER},
        mends=False,
    ),
    Mutation("enum added", "create type size as enum ('s', 'm')", {"enum public.size": NEW}),
    Mutation(
        "domain check dropped",
        "alter domain email drop constraint email_at",
        {"domain public.email": OTHER},
    ),
    Mutation(
        "domain check changed",
        "alter domain email drop constraint email_at; alter domain email add constraint email_at check (value <> '')",
        {"domain public.email": OTHER},
    ),
    Mutation(
        "domain check not valid",
        "alter domain email add constraint long check (length(value) > 3) not valid",
        {"domain public.email": OTHER},
    ),
    Mutation("domain default", "alter domain score set default 2", {"domain public.score": OTHER}),
    Mutation("domain not null", "alter domain score drop not null", {"domain public.score": OTHER}),
    Mutation(
        "composite attribute added",
        "alter type pair add attribute third date",
        {"type public.pair": OTHER},
        mends=False,
    ),
    Mutation(
        "range of another type",
        "drop type span; create type span as range (subtype = int8)",
        {"type public.span": OTHER},
        mends=False,
    ),
    Mutation("range dropped", "drop type span", {"type public.span": GONE}),
    Mutation(
        "collation dropped",
        'alter table forms alter name_de type text collate "default"; drop collation german',
        {"collation public.german": GONE, "column public.forms.name_de": OTHER},
        mends=False,
    ),
    # sequences
    Mutation(
        "sequence increment",
        "alter sequence ticket increment by 2",
        {"sequence public.ticket": OTHER},
    ),
    Mutation("sequence cycles", "alter sequence ticket cycle", {"sequence public.ticket": OTHER}),
    Mutation("sequence dropped", "drop sequence ticket", {"sequence public.ticket": GONE}),
    Mutation(
        "serial's sequence",
        "alter sequence answers_id_seq cache 20",
        {"sequence public.answers_id_seq": OTHER},
    ),
    Mutation(
        "sequence disowned",
        "alter sequence answers_id_seq owned by none",
        {"sequence public.answers_id_seq": OTHER},
        mends=False,
    ),
    Mutation(
        "identity's sequence",
        "alter table forms alter id set increment by 10",
        {"column public.forms.id": OTHER},
        mends=False,
    ),
    # tables
    Mutation(
        "table added",
        "create table notes (id serial primary key, t text check (t <> ''))",
        {"table public.notes": NEW},
    ),
    Mutation(
        "table dropped",
        "drop table answers cascade",
        {
            "table public.answers": GONE,
            "constraint billing.invoices.invoices_answer_fkey": GONE,
            "publication news": OTHER,
        },
        mends=False,
    ),
    Mutation(
        "table with serial dropped",
        "drop table billing.invoices; ",
        {"table billing.invoices": GONE},
    ),
    Mutation(
        "odd table dropped",
        'drop table "Odd Schema"."Odd Table"',
        {'table "Odd Schema"."Odd Table"': GONE},
    ),
    Mutation("table with rule dropped", "drop table cache", {"table public.cache": GONE}),
    Mutation(
        "table renamed",
        "alter table loose rename to lose",
        {"table public.loose": GONE, "table public.lose": NEW},
        mends=False,
    ),
    Mutation(
        "table moved",
        "alter table loose set schema billing",
        {"table public.loose": GONE, "table billing.loose": NEW},
        mends=False,
    ),
    Mutation("table logged", "alter table cache set logged", {"table public.cache": OTHER}),
    Mutation(
        "fillfactor", "alter table forms set (fillfactor = 70)", {"table public.forms": OTHER}
    ),
    Mutation(
        "toast option",
        "alter table forms set (toast.autovacuum_enabled = false)",
        {"table public.forms": OTHER},
    ),
    Mutation("option reset", "alter table forms reset (fillfactor)", {"table public.forms": OTHER}),
    Mutation(
        "row security off",
        "alter table forms disable row level security",
        {"table public.forms": OTHER},
    ),
    Mutation(
        "row security forced",
        "alter table forms force row level security",
        {"table public.forms": OTHER},
    ),
    Mutation(
        "replica identity full",
        "alter table forms replica identity full",
        {"table public.forms": OTHER},
    ),
    Mutation(
        "replica identity index",
        "alter table forms replica identity using index forms_pkey",
        {"table public.forms": OTHER},
    ),
    Mutation(
        "partition added",
        "create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01')",
        {"table public.events_2024": NEW},
    ),
    Mutation("partition dropped", "drop table events_2025", {"table public.events_2025": GONE}),
    Mutation(
        "partition bound",
        "drop table events_2025; create table events_2025 partition of events for values from ('2025-01-01') to ('2025-07-01')",
        {"table public.events_2025": OTHER},
        mends=False,
    ),
    Mutation(
        "no longer inherited",
        "alter table dogs no inherit animals",
        {
            "table public.dogs": OTHER,
            "column public.dogs.name": NEW,
            "column public.dogs.legs": NEW,
        },
        mends=False,
    ),
    Mutation(
        "foreign table option",
        "alter foreign table remote options (set t 'z')",
        {"foreign table public.remote": OTHER},
        mends=False,
    ),
    Mutation(
        "server option",
        "alter server far options (set host 'near.example')",
        {"server far": OTHER},
        mends=False,
    ),
    Mutation(
        "table with an index and a view renamed",
        "alter table forms rename to form",
        {
            "table public.forms": GONE,
            "table public.form": NEW,
            "view public.live_forms": OTHER,
            "materialized view public.form_counts": OTHER,
            "constraint public.answers.answers_form_fkey": OTHER,
            "publication news": OTHER,
        },
        mends=False,
    ),
    Mutation(
        "table with a serial renamed",
        "alter table billing.invoices rename to bills",
        {"table billing.invoices": GONE, "table billing.bills": NEW},
        mends=False,
    ),
    Mutation(
        "column with constraint renamed",
        "alter table forms rename slug to word",
        {"column public.forms.slug": GONE, "column public.forms.word": NEW},
        mends=False,
    ),
    Mutation(
        "column with statistics renamed",
        "alter table loose rename a to z",
        {"column public.loose.a": GONE, "column public.loose.z": NEW},
        mends=False,
    ),
    Mutation(
        "two checks swapped by name",
        "alter table loose add check (a > 1), add check (a > 2)",
        {
            "constraint public.loose.loose_a_check": NEW,
            "constraint public.loose.loose_a_check1": NEW,
        },
    ),
    # columns
    Mutation("column added", "alter table forms add note text", {"column public.forms.note": NEW}),
    Mutation(
        "column dropped", "alter table forms drop name_de", {"column public.forms.name_de": GONE}
    ),
    Mutation(
        "required column dropped", "alter table loose drop c", {"column public.loose.c": GONE}
    ),
    Mutation(
        "column dropped with its constraint",
        "alter table forms drop slug",
        {"column public.forms.slug": GONE},
    ),
    Mutation(
        "column dropped with its index",
        "alter table answers drop during",
        {"column public.answers.during": GONE},
    ),
    Mutation(
        "serial column dropped",
        "alter table answers drop id cascade",
        {
            "column public.answers.id": GONE,
            "constraint billing.invoices.invoices_answer_fkey": GONE,
            "publication news": OTHER,
        },
        mends=False,
    ),
    Mutation(
        "identity column dropped",
        "alter table forms drop id cascade",
        {
            "column public.forms.id": GONE,
            "constraint public.answers.answers_form_fkey": GONE,
            "view public.live_forms": GONE,
        },
    ),
    Mutation(
        "odd column dropped",
        'alter table "Odd Schema"."Odd Table" drop "a""b"',
        {'column "Odd Schema"."Odd Table"."a""b"': GONE},
    ),
    Mutation(
        "column renamed",
        "alter table loose rename c to d",
        {"column public.loose.c": GONE, "column public.loose.d": NEW},
        mends=False,
    ),
    Mutation(
        "varchar for text", "alter table loose add t varchar(80)", {"column public.loose.t": NEW}
    ),
    Mutation(
        "column type narrower",
        "alter table forms alter slug type varchar(40)",
        {"column public.forms.slug": OTHER},
    ),
    Mutation(
        "column type other",
        "alter table answers alter body type text",
        {"column public.answers.body": OTHER},
        mends=False,
    ),
    Mutation(
        "integer to bigint",
        "alter table loose alter a type bigint",
        {"column public.loose.a": OTHER},
    ),
    Mutation(
        "parent's column type",
        "alter table events alter count type bigint",
        {"column public.events.count": OTHER},
    ),
    Mutation(
        "parent's column added",
        "alter table events add note text",
        {"column public.events.note": NEW},
    ),
    Mutation(
        "parent's column dropped",
        "alter table animals drop name",
        {"column public.animals.name": GONE},
    ),
    Mutation(
        "child's default",
        "alter table dogs alter legs set default 3",
        {"column public.dogs.legs": NEW},
        mends=False,
    ),
    Mutation(
        "child's default gone",
        "alter table events_rest alter kind drop default",
        {"column public.events_rest.kind": NEW},
        mends=False,
    ),
    Mutation(
        "partition's not null",
        "alter table events_rest alter count set not null",
        {"column public.events_rest.count": NEW},
        mends=False,
    ),
    Mutation(
        "not null dropped",
        "alter table loose alter c drop not null",
        {"column public.loose.c": OTHER},
    ),
    Mutation(
        "not null set", "alter table loose alter a set not null", {"column public.loose.a": OTHER}
    ),
    Mutation(
        "default changed",
        "alter table forms alter status set default 'live'",
        {"column public.forms.status": OTHER},
    ),
    Mutation(
        "default dropped",
        "alter table forms alter made drop default",
        {"column public.forms.made": OTHER},
    ),
    Mutation(
        "default set",
        "alter table forms alter title set default 'x'",
        {"column public.forms.title": OTHER},
    ),
    Mutation(
        "generated no more",
        "alter table forms alter twice drop expression",
        {"column public.forms.twice": OTHER},
        mends=False,
    ),
    Mutation(
        "identity by default",
        "alter table forms alter id set generated by default",
        {"column public.forms.id": OTHER},
    ),
    Mutation(
        "identity gone",
        "alter table forms alter id drop identity",
        {"column public.forms.id": OTHER},
    ),
    Mutation(
        "column collation",
        'alter table loose add t text collate "C"',
        {"column public.loose.t": NEW},
    ),
    Mutation(
        "collation of a column",
        'alter table forms alter name_de type text collate "C"',
        {"column public.forms.name_de": OTHER},
    ),
    Mutation(
        "column storage",
        "alter table answers alter body set storage external",
        {"column public.answers.body": OTHER},
        mends=False,
    ),
    Mutation(
        "column statistics",
        "alter table forms alter title set statistics 500",
        {"column public.forms.title": OTHER},
    ),
    Mutation(
        "column option",
        "alter table forms alter title set (n_distinct = 5)",
        {"column public.forms.title": OTHER},
    ),
    Mutation(
        "column compression",
        "alter table answers alter body set compression pglz",
        {"column public.answers.body": OTHER},
        mends=False,
    ),
    # constraints
    Mutation(
        "check dropped",
        "alter table forms drop constraint forms_window",
        {"constraint public.forms.forms_window": GONE},
    ),
    Mutation(
        "check changed",
        "alter table forms drop constraint forms_window, add constraint forms_window check (made > '2021-01-01')",
        {"constraint public.forms.forms_window": OTHER},
    ),
    Mutation(
        "check not valid",
        "alter table forms drop constraint forms_window, add constraint forms_window check (made > '2020-01-01 00:00:00+00') not valid",
        {"constraint public.forms.forms_window": OTHER},
    ),
    Mutation(
        "check added",
        "alter table loose add check (a > b)",
        {"constraint public.loose.loose_check": NEW},
    ),
    Mutation(
        "parent's check dropped",
        "alter table animals drop constraint animals_legs_check",
        {"constraint public.animals.animals_legs_check": GONE},
    ),
    Mutation(
        "constraint renamed",
        "alter table forms rename constraint forms_pkey to forms_pk",
        {"constraint public.forms.forms_pkey": GONE, "constraint public.forms.forms_pk": NEW},
    ),
    Mutation(
        "unique dropped",
        "alter table forms drop constraint forms_slug_key",
        {"constraint public.forms.forms_slug_key": GONE},
    ),
    Mutation(
        "unique added",
        "alter table loose add unique (a)",
        {"constraint public.loose.loose_a_key": NEW},
    ),
    Mutation(
        "unique as an index",
        "alter table forms drop constraint forms_slug_key; create unique index forms_slug_key on forms (slug)",
        {"constraint public.forms.forms_slug_key": GONE, "index public.forms_slug_key": NEW},
        mends=False,
    ),
    Mutation(
        "primary key dropped",
        "alter table cache drop constraint cache_pkey",
        {"constraint public.cache.cache_pkey": GONE},
    ),
    Mutation(
        "exclusion dropped",
        "alter table answers drop constraint answers_during_excl",
        {"constraint public.answers.answers_during_excl": GONE},
    ),
    Mutation(
        "foreign key dropped",
        "alter table answers drop constraint answers_form_fkey",
        {"constraint public.answers.answers_form_fkey": GONE},
    ),
    Mutation(
        "foreign key action",
        "alter table answers drop constraint answers_form_fkey, add constraint answers_form_fkey foreign key (form) references forms",
        {"constraint public.answers.answers_form_fkey": OTHER},
    ),
    Mutation(
        "foreign key not valid",
        "alter table answers drop constraint answers_form_fkey, add constraint answers_form_fkey foreign key (form) references forms on delete cascade not valid",
        {"constraint public.answers.answers_form_fkey": OTHER},
    ),
    Mutation(
        "foreign key deferrable",
        "alter table billing.invoices alter constraint invoices_answer_fkey not deferrable",
        {"constraint billing.invoices.invoices_answer_fkey": OTHER},
    ),
    Mutation(
        "foreign key from a partitioned table",
        "alter table events add form int references forms",
        {"column public.events.form": NEW},
    ),
    # indexes
    Mutation("index dropped", "drop index forms_title_idx", {"index public.forms_title_idx": GONE}),
    Mutation(
        "index added",
        "create index forms_old_idx on forms (owner)",
        {"index public.forms_old_idx": NEW},
    ),
    Mutation(
        "index renamed",
        "alter index forms_title_idx rename to forms_title_idx1",
        {"index public.forms_title_idx": GONE, "index public.forms_title_idx1": NEW},
    ),
    Mutation(
        "index method",
        "drop index forms_title_idx; create index forms_title_idx on forms using hash (title)",
        {"index public.forms_title_idx": OTHER},
    ),
    Mutation(
        "index predicate",
        "drop index forms_live_idx; create index forms_live_idx on forms (lower(title), made desc) where status in ('live')",
        {"index public.forms_live_idx": OTHER},
    ),
    Mutation(
        "index made unique",
        "drop index forms_title_idx; create unique index forms_title_idx on forms (title)",
        {"index public.forms_title_idx": OTHER},
    ),
    Mutation(
        "index option",
        "alter index forms_title_idx set (fillfactor = 50)",
        {"index public.forms_title_idx": OTHER},
    ),
    Mutation(
        "constraint's index option",
        "alter index forms_pkey set (fillfactor = 50)",
        {"index public.forms_pkey": NEW},
    ),
    Mutation(
        "index clustered",
        "alter table forms cluster on forms_title_idx",
        {"index public.forms_title_idx": OTHER},
    ),
    Mutation(
        "constraint's index clustered",
        "alter table forms cluster on forms_pkey",
        {"index public.forms_pkey": NEW},
    ),
    Mutation(
        "partitioned index", "drop index events_kind_idx", {"index public.events_kind_idx": GONE}
    ),
    Mutation(
        "index on a partition",
        "create index rest_idx on events_rest (count)",
        {"index public.rest_idx": NEW},
    ),
    # views
    Mutation("view added", "create view v as select 1 as one", {"view public.v": NEW}),
    Mutation("view dropped", "drop view live_forms", {"view public.live_forms": GONE}),
    Mutation(
        "view changed",
        "create or replace view live_forms with (security_barrier) as select id, title, status from forms where status = 'live'",
        {"view public.live_forms": OTHER},
    ),
    Mutation(
        "view column gone",
        "drop view live_forms; create view live_forms with (security_barrier) as select id, title from forms where status in ('live', 'gone')",
        {"view public.live_forms": OTHER},
    ),
    Mutation(
        "view column added",
        "create or replace view live_forms with (security_barrier) as select id, title, status, slug from forms where status in ('live', 'gone')",
        {"view public.live_forms": OTHER},
    ),
    Mutation(
        "view option",
        "alter view live_forms set (security_invoker = true)",
        {"view public.live_forms": OTHER},
    ),
    Mutation(
        "view default",
        "alter view live_forms alter title set default 'x'",
        {"view public.live_forms": OTHER},
        mends=False,
    ),
    Mutation(
        "materialized view changed",
        "drop materialized view form_counts; create materialized view form_counts as select status, count(id) as n from forms group by status; create index form_counts_idx on form_counts (status)",
        {"materialized view public.form_counts": OTHER},
        mends=False,
    ),
    Mutation(
        "materialized view dropped",
        "drop materialized view form_counts",
        {"materialized view public.form_counts": GONE},
    ),
    # functions
    Mutation(
        "function body",
        "create or replace function add(a text) returns text language sql as 'select upper(a)'",
        {"function public.add(text)": OTHER},
    ),
    Mutation("function dropped", "drop function add(text)", {"function public.add(text)": GONE}),
    Mutation(
        "function overloaded",
        "create function add(a date) returns date language sql as 'select a'",
        {"function public.add(date)": NEW},
    ),
    Mutation(
        "function security",
        "alter function add(text) security definer",
        {"function public.add(text)": OTHER},
    ),
    Mutation(
        "function volatility",
        "alter function add(text) stable",
        {"function public.add(text)": OTHER},
    ),
    Mutation(
        "function setting",
        "alter function add(text) set search_path = public",
        {"function public.add(text)": OTHER},
    ),
    Mutation(
        "function default",
        "drop function add(integer, integer); create function add(a integer, b integer) returns integer immutable language sql as 'select a + b'",
        {"function public.add(integer, integer)": OTHER},
    ),
    Mutation(
        "procedure changed",
        "create or replace procedure tidy() language sql as 'select 1'",
        {"procedure public.tidy()": OTHER},
    ),
    Mutation(
        "aggregate changed",
        "drop aggregate total(integer); create aggregate total(integer) (sfunc = int4pl, stype = integer, initcond = '1')",
        {"aggregate public.total(integer)": OTHER},
        mends=False,
    ),
    Mutation(
        "operator dropped",
        "drop operator === (integer, integer)",
        {"operator public.===(integer,integer)": GONE},
        mends=False,
    ),
    Mutation(
        "cast changed",
        "drop cast (pair as text); create cast (pair as text) with inout as assignment",
        {"cast (public.pair as text)": OTHER},
        mends=False,
    ),
    # triggers, policies, rules
    Mutation(
        "trigger dropped", "drop trigger touch on forms", {"trigger public.forms.touch": GONE}
    ),
    Mutation(
        "trigger disabled",
        "alter table forms disable trigger touch",
        {"trigger public.forms.touch": OTHER},
    ),
    Mutation(
        "trigger always",
        "alter table forms enable always trigger touch",
        {"trigger public.forms.touch": OTHER},
    ),
    Mutation(
        "trigger changed",
        "create or replace trigger touch after update on forms for each row execute function touch()",
        {"trigger public.forms.touch": OTHER},
    ),
    Mutation(
        "trigger of a partitioned table",
        "drop trigger touch on events",
        {"trigger public.events.touch": GONE},
    ),
    Mutation(
        "a partition's trigger disabled",
        "alter table events_rest disable trigger touch",
        {"trigger public.events_rest.touch": NEW},
        mends=False,
    ),
    Mutation(
        "constraint trigger",
        "create constraint trigger late after insert on loose deferrable for each row execute function touch()",
        {"trigger public.loose.late": NEW},
    ),
    Mutation("policy dropped", "drop policy own on forms", {"policy public.forms.own": GONE}),
    Mutation(
        "policy changed",
        "alter policy own on forms using (true)",
        {"policy public.forms.own": OTHER},
    ),
    Mutation(
        "policy restrictive",
        "drop policy write on forms; create policy write on forms as restrictive for insert with check (title <> '')",
        {"policy public.forms.write": OTHER},
    ),
    Mutation("rule dropped", "drop rule keep on cache", {"rule public.cache.keep": GONE}),
    Mutation(
        "rule changed",
        "create or replace rule keep as on delete to cache where old.key = 'k' do instead nothing",
        {"rule public.cache.keep": OTHER},
    ),
    Mutation(
        "rule disabled", "alter table cache disable rule keep", {"rule public.cache.keep": OTHER}
    ),
    # statistics, publications, event triggers, text search
    Mutation(
        "statistics dropped", "drop statistics loose_stats", {"statistics public.loose_stats": GONE}
    ),
    Mutation(
        "statistics kinds",
        "drop statistics loose_stats; create statistics loose_stats (ndistinct) on a, b from loose",
        {"statistics public.loose_stats": OTHER},
    ),
    Mutation(
        "statistics target",
        "alter statistics loose_stats set statistics 7",
        {"statistics public.loose_stats": OTHER},
    ),
    Mutation(
        "statistics on an expression",
        "create statistics lower on lower(title) from forms",
        {"statistics public.lower": NEW},
    ),
    Mutation(
        "publication table",
        "alter publication news drop table forms",
        {"publication news": OTHER},
        mends=False,
    ),
    Mutation(
        "publication filter",
        "alter publication news set table forms, answers (id, form) where (id > 11)",
        {"publication news": OTHER},
        mends=False,
    ),
    Mutation(
        "publication columns",
        "alter publication news set table forms, answers (id, body) where (id > 10)",
        {"publication news": OTHER},
        mends=False,
    ),
    Mutation(
        "publication operations",
        "alter publication news set (publish = 'insert')",
        {"publication news": OTHER},
        mends=False,
    ),
    Mutation(
        "publication schema",
        "alter publication everything drop tables in schema billing",
        {"publication everything": OTHER},
        mends=False,
    ),
    Mutation("publication dropped", "drop publication news", {"publication news": GONE}),
    Mutation(
        "event trigger disabled",
        "alter event trigger watch disable",
        {"event trigger watch": OTHER},
    ),
    Mutation("event trigger dropped", "drop event trigger watch", {"event trigger watch": GONE}),
    Mutation(
        "text search mapping",
        "alter text search configuration plain drop mapping for asciiword",
        {"text search configuration public.plain": OTHER},
        mends=False,
    ),
]

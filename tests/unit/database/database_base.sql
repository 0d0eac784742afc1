-- Something of everything that a catalog holds: the ground that the mutations of the tests start on.
create schema billing;
create schema "Odd Schema";
create extension pgcrypto;

create type mood as enum ('sad', 'ok', 'happy');
create domain email as text constraint email_at check (value like '%@%');
create domain score as integer default 1 not null;
create type pair as (first integer, second text);
create type span as range (subtype = float8);
create sequence ticket start with 100 increment by 5;
create collation german (provider = icu, locale = 'de');

create table forms (
    id integer generated always as identity primary key,
    title text not null,
    slug varchar(80) default 'none' unique,
    status varchar(20) not null default 'draft' check (status in ('draft', 'live', 'gone')),
    mood mood default 'ok',
    owner email,
    points score,
    duo pair,
    size numeric(10, 2) check (size > 0),
    twice numeric generated always as (size * 2) stored,
    made timestamptz not null default now(),
    tags text[] not null default '{}',
    name_de text collate german,
    constraint forms_window check (made > '2020-01-01 00:00:00+00')
) with (fillfactor = 90);
create index forms_title_idx on forms (title);
create index forms_live_idx on forms (lower(title), made desc) where status in ('live', 'gone');

create table answers (
    id bigserial primary key,
    form integer not null constraint answers_form_fkey references forms on delete cascade,
    body jsonb,
    during int4range,
    exclude using gist (during with &&)
);
create table billing.invoices (
    id uuid primary key default gen_random_uuid(),
    answer bigint references answers deferrable initially deferred,
    amount money not null default 0
);
create table "Odd Schema"."Odd Table" ("Odd.Column" integer, "a""b" text);
create unlogged table cache (key text primary key, value bytea default '\x00ff');
create table loose (a integer, b integer, c integer not null);

create table events (at date not null, kind text not null default 'view', count integer,
    primary key (at, kind), check (count > 0)) partition by range (at);
create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01');
create table events_rest partition of events default;
create index events_kind_idx on events (kind);
create table animals (name text not null, legs integer default 4, check (legs >= 0));
create table dogs (breed text) inherits (animals);

create function touch() returns trigger language plpgsql as $$
begin new.made := now(); return new; end $$;
create function add(a integer, b integer default 1) returns integer immutable language sql
    as 'select a + b';
create function add(a text) returns text language sql as 'select a';
create procedure tidy() language sql as 'delete from public.cache';
create aggregate total(integer) (sfunc = int4pl, stype = integer, initcond = '0');
create operator === (leftarg = integer, rightarg = integer, function = int4eq, commutator = ===);
create cast (pair as text) with inout;

create view live_forms with (security_barrier) as
    select id, title, status from forms where status in ('live', 'gone');
create materialized view form_counts as select status, count(*) as n from forms group by status;
create index form_counts_idx on form_counts (status);

create trigger touch before update on forms for each row execute function touch();
create trigger touch before insert on events for each row execute function touch();
alter table forms enable row level security;
create policy own on forms for select using (status in ('live', 'gone'));
create policy write on forms for insert with check (title <> '');
create rule keep as on delete to cache do instead nothing;
create statistics loose_stats (dependencies) on a, b from loose;
create statistics forms_stats (ndistinct) on title, status from forms;
create publication news for table forms, answers (id, form) where (id > 10);
create publication everything for tables in schema billing;
create function watch() returns event_trigger language plpgsql as 'begin end';
create event trigger watch on ddl_command_end when tag in ('DROP TABLE') execute function watch();
create text search configuration plain (parser = pg_catalog."default");
alter text search configuration plain add mapping for asciiword with simple;
create foreign data wrapper nowhere;
create server far foreign data wrapper nowhere options (host 'far.example');
create foreign table remote (id integer options (name 'x'), note text not null) server far options (t 'y');

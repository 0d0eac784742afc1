-- Ways in which a target may have drifted from the base schema, and what has to be said of each:
-- the differences, no more and no fewer, and `no mend` where no SQL ends them all.

-- schema added
--   extra schema other
create schema other;

-- schema added with a table
--   extra schema other
--   no mend
create schema other;
create table other.t (a int primary key);

-- schema dropped
--   missing schema "Odd Schema"
--   no mend
drop schema "Odd Schema" cascade;

-- schema renamed
--   missing schema "Odd Schema"
--   extra schema odd
--   no mend
alter schema "Odd Schema" rename to odd;

-- extension added
--   extra extension citext
create extension citext;

-- extension dropped
--   missing extension pgcrypto
drop extension pgcrypto;

-- extension moved
--   differs extension pgcrypto
alter extension pgcrypto set schema billing;

-- enum value gone
--   differs enum public.mood
create type mood2 as enum ('sad', 'ok');
alter table forms alter mood drop default, alter mood type mood2 using mood::text::mood2, alter mood set default 'ok';
drop type mood;
alter type mood2 rename to mood;

-- enum value added
--   differs enum public.mood
--   no mend
alter type mood add value 'angry' after 'sad';

-- enum value renamed
--   differs enum public.mood
--   differs column public.forms.mood
--   no mend
alter type mood rename value 'ok' to 'fine';

-- enum in another order
--   differs enum public.mood
--   no mend
create type mood2 as enum ('ok', 'sad', 'happy');
alter table forms alter mood drop default, alter mood type mood2 using mood::text::mood2, alter mood set default 'ok';
drop type mood;
alter type mood2 rename to mood;

-- enum added
--   extra enum public.size
create type size as enum ('s', 'm');

-- domain check dropped
--   differs domain public.email
alter domain email drop constraint email_at;

-- domain check changed
--   differs domain public.email
alter domain email drop constraint email_at;
alter domain email add constraint email_at check (value <> '');

-- domain check not valid
--   differs domain public.email
alter domain email add constraint long check (length(value) > 3) not valid;

-- domain default
--   differs domain public.score
alter domain score set default 2;

-- domain not null
--   differs domain public.score
alter domain score drop not null;

-- composite attribute added
--   differs type public.pair
--   no mend
alter type pair add attribute third date;

-- range of another type
--   differs type public.span
--   no mend
drop type span;
create type span as range (subtype = int8);

-- range dropped
--   missing type public.span
drop type span;

-- collation dropped
--   missing collation public.german
--   differs column public.forms.name_de
--   no mend
alter table forms alter name_de type text collate "default";
drop collation german;

-- sequence increment
--   differs sequence public.ticket
alter sequence ticket increment by 2;

-- sequence cycles
--   differs sequence public.ticket
alter sequence ticket cycle;

-- sequence dropped
--   missing sequence public.ticket
drop sequence ticket;

-- serial's sequence
--   differs sequence public.answers_id_seq
alter sequence answers_id_seq cache 20;

-- sequence disowned
--   differs sequence public.answers_id_seq
--   no mend
alter sequence answers_id_seq owned by none;

-- identity's sequence
--   differs column public.forms.id
--   no mend
alter table forms alter id set increment by 10;

-- table added
--   extra table public.notes
create table notes (id serial primary key, t text check (t <> ''));

-- table dropped
--   missing table public.answers
--   missing constraint billing.invoices.invoices_answer_fkey
--   differs publication news
--   no mend
drop table answers cascade;

-- table with serial dropped
--   missing table billing.invoices
drop table billing.invoices;

-- odd table dropped
--   missing table "Odd Schema"."Odd Table"
drop table "Odd Schema"."Odd Table";

-- table with rule dropped
--   missing table public.cache
drop table cache;

-- table renamed
--   missing table public.loose
--   extra table public.lose
--   no mend
alter table loose rename to lose;

-- table moved
--   missing table public.loose
--   extra table billing.loose
--   no mend
alter table loose set schema billing;

-- table logged
--   differs table public.cache
alter table cache set logged;

-- fillfactor
--   differs table public.forms
alter table forms set (fillfactor = 70);

-- toast option
--   differs table public.forms
alter table forms set (toast.autovacuum_enabled = false);

-- option reset
--   differs table public.forms
alter table forms reset (fillfactor);

-- row security off
--   differs table public.forms
alter table forms disable row level security;

-- row security forced
--   differs table public.forms
alter table forms force row level security;

-- replica identity full
--   differs table public.forms
alter table forms replica identity full;

-- replica identity index
--   differs table public.forms
alter table forms replica identity using index forms_pkey;

-- partition added
--   extra table public.events_2024
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');

-- partition dropped
--   missing table public.events_2025
drop table events_2025;

-- partition bound
--   differs table public.events_2025
--   no mend
drop table events_2025;
create table events_2025 partition of events for values from ('2025-01-01') to ('2025-07-01');

-- no longer inherited
--   differs table public.dogs
--   extra column public.dogs.name
--   extra column public.dogs.legs
--   no mend
alter table dogs no inherit animals;

-- foreign table option
--   differs foreign table public.remote
--   no mend
alter foreign table remote options (set t 'z');

-- server option
--   differs server far
--   no mend
alter server far options (set host 'near.example');

-- table with an index and a view renamed
--   missing table public.forms
--   extra table public.form
--   differs view public.live_forms
--   differs materialized view public.form_counts
--   differs constraint public.answers.answers_form_fkey
--   differs publication news
--   no mend
alter table forms rename to form;

-- table with a serial renamed
--   missing table billing.invoices
--   extra table billing.bills
--   no mend
alter table billing.invoices rename to bills;

-- column with constraint renamed
--   missing column public.forms.slug
--   extra column public.forms.word
--   no mend
alter table forms rename slug to word;

-- column with statistics renamed
--   missing column public.loose.a
--   extra column public.loose.z
--   no mend
alter table loose rename a to z;

-- two unnamed checks added
--   extra constraint public.loose.loose_a_check
--   extra constraint public.loose.loose_a_check1
alter table loose add check (a > 1), add check (a > 2);

-- column added
--   extra column public.forms.note
alter table forms add note text;

-- column dropped
--   missing column public.forms.name_de
alter table forms drop name_de;

-- required column dropped
--   missing column public.loose.c
alter table loose drop c;

-- column dropped with its constraint
--   missing column public.forms.slug
alter table forms drop slug;

-- column dropped with its index
--   missing column public.answers.during
alter table answers drop during;

-- serial column dropped
--   missing column public.answers.id
--   missing constraint billing.invoices.invoices_answer_fkey
--   differs publication news
--   no mend
alter table answers drop id cascade;

-- identity column dropped
--   missing column public.forms.id
--   missing constraint public.answers.answers_form_fkey
--   missing view public.live_forms
alter table forms drop id cascade;

-- odd column dropped
--   missing column "Odd Schema"."Odd Table"."a""b"
alter table "Odd Schema"."Odd Table" drop "a""b";

-- column renamed
--   missing column public.loose.c
--   extra column public.loose.d
--   no mend
alter table loose rename c to d;

-- varchar for text
--   extra column public.loose.t
alter table loose add t varchar(80);

-- column type narrower
--   differs column public.forms.slug
alter table forms alter slug type varchar(40);

-- column type other
--   differs column public.answers.body
--   no mend
alter table answers alter body type text;

-- integer to bigint
--   differs column public.loose.a
alter table loose alter a type bigint;

-- parent's column type
--   differs column public.events.count
alter table events alter count type bigint;

-- parent's column added
--   extra column public.events.note
alter table events add note text;

-- parent's column dropped
--   missing column public.animals.name
alter table animals drop name;

-- child's default
--   extra column public.dogs.legs
--   no mend
alter table dogs alter legs set default 3;

-- child's default gone
--   extra column public.events_rest.kind
--   no mend
alter table events_rest alter kind drop default;

-- partition's not null
--   extra column public.events_rest.count
--   no mend
alter table events_rest alter count set not null;

-- not null dropped
--   differs column public.loose.c
alter table loose alter c drop not null;

-- not null set
--   differs column public.loose.a
alter table loose alter a set not null;

-- default changed
--   differs column public.forms.status
alter table forms alter status set default 'live';

-- default dropped
--   differs column public.forms.made
alter table forms alter made drop default;

-- default set
--   differs column public.forms.title
alter table forms alter title set default 'x';

-- generated no more
--   differs column public.forms.twice
--   no mend
alter table forms alter twice drop expression;

-- identity by default
--   differs column public.forms.id
alter table forms alter id set generated by default;

-- identity gone
--   differs column public.forms.id
alter table forms alter id drop identity;

-- column collation
--   extra column public.loose.t
alter table loose add t text collate "C";

-- collation of a column
--   differs column public.forms.name_de
alter table forms alter name_de type text collate "C";

-- column storage
--   differs column public.answers.body
--   no mend
alter table answers alter body set storage external;

-- column statistics
--   differs column public.forms.title
alter table forms alter title set statistics 500;

-- column option
--   differs column public.forms.title
alter table forms alter title set (n_distinct = 5);

-- column compression
--   differs column public.answers.body
--   no mend
alter table answers alter body set compression pglz;

-- check dropped
--   missing constraint public.forms.forms_window
alter table forms drop constraint forms_window;

-- check changed
--   differs constraint public.forms.forms_window
alter table forms drop constraint forms_window, add constraint forms_window check (made > '2021-01-01');

-- check not valid
--   differs constraint public.forms.forms_window
alter table forms drop constraint forms_window, add constraint forms_window check (made > '2020-01-01 00:00:00+00') not valid;

-- check added
--   extra constraint public.loose.loose_check
alter table loose add check (a > b);

-- parent's check dropped
--   missing constraint public.animals.animals_legs_check
alter table animals drop constraint animals_legs_check;

-- constraint renamed
--   missing constraint public.forms.forms_pkey
--   extra constraint public.forms.forms_pk
alter table forms rename constraint forms_pkey to forms_pk;

-- unique dropped
--   missing constraint public.forms.forms_slug_key
alter table forms drop constraint forms_slug_key;

-- unique added
--   extra constraint public.loose.loose_a_key
alter table loose add unique (a);

-- unique as an index
--   missing constraint public.forms.forms_slug_key
--   extra index public.forms_slug_key
--   no mend
alter table forms drop constraint forms_slug_key;
create unique index forms_slug_key on forms (slug);

-- primary key dropped
--   missing constraint public.cache.cache_pkey
alter table cache drop constraint cache_pkey;

-- exclusion dropped
--   missing constraint public.answers.answers_during_excl
alter table answers drop constraint answers_during_excl;

-- foreign key dropped
--   missing constraint public.answers.answers_form_fkey
alter table answers drop constraint answers_form_fkey;

-- foreign key action
--   differs constraint public.answers.answers_form_fkey
alter table answers drop constraint answers_form_fkey, add constraint answers_form_fkey foreign key (form) references forms;

-- foreign key not valid
--   differs constraint public.answers.answers_form_fkey
alter table answers drop constraint answers_form_fkey, add constraint answers_form_fkey foreign key (form) references forms on delete cascade not valid;

-- foreign key deferrable
--   differs constraint billing.invoices.invoices_answer_fkey
alter table billing.invoices alter constraint invoices_answer_fkey not deferrable;

-- foreign key from a partitioned table
--   extra column public.events.form
alter table events add form int references forms;

-- index dropped
--   missing index public.forms_title_idx
drop index forms_title_idx;

-- index added
--   extra index public.forms_old_idx
create index forms_old_idx on forms (owner);

-- index renamed
--   missing index public.forms_title_idx
--   extra index public.forms_title_idx1
alter index forms_title_idx rename to forms_title_idx1;

-- index method
--   differs index public.forms_title_idx
drop index forms_title_idx;
create index forms_title_idx on forms using hash (title);

-- index predicate
--   differs index public.forms_live_idx
drop index forms_live_idx;
create index forms_live_idx on forms (lower(title), made desc) where status in ('live');

-- index made unique
--   differs index public.forms_title_idx
drop index forms_title_idx;
create unique index forms_title_idx on forms (title);

-- index option
--   differs index public.forms_title_idx
alter index forms_title_idx set (fillfactor = 50);

-- constraint's index option
--   extra index public.forms_pkey
alter index forms_pkey set (fillfactor = 50);

-- index clustered
--   differs index public.forms_title_idx
alter table forms cluster on forms_title_idx;

-- constraint's index clustered
--   extra index public.forms_pkey
alter table forms cluster on forms_pkey;

-- partitioned index
--   missing index public.events_kind_idx
drop index events_kind_idx;

-- index on a partition
--   extra index public.rest_idx
create index rest_idx on events_rest (count);

-- view added
--   extra view public.v
create view v as select 1 as one;

-- view dropped
--   missing view public.live_forms
drop view live_forms;

-- view changed
--   differs view public.live_forms
create or replace view live_forms with (security_barrier) as select id, title, status from forms where status = 'live';

-- view column gone
--   differs view public.live_forms
drop view live_forms;
create view live_forms with (security_barrier) as select id, title from forms where status in ('live', 'gone');

-- view column added
--   differs view public.live_forms
create or replace view live_forms with (security_barrier) as select id, title, status, slug from forms where status in ('live', 'gone');

-- view option
--   differs view public.live_forms
alter view live_forms set (security_invoker = true);

-- view default
--   differs view public.live_forms
--   no mend
alter view live_forms alter title set default 'x';

-- materialized view changed
--   differs materialized view public.form_counts
--   no mend
drop materialized view form_counts;
create materialized view form_counts as select status, count(id) as n from forms group by status;
create index form_counts_idx on form_counts (status);

-- materialized view dropped
--   missing materialized view public.form_counts
drop materialized view form_counts;

-- function body
--   differs function public.add(text)
create or replace function add(a text) returns text language sql as 'select upper(a)';

-- function dropped
--   missing function public.add(text)
drop function add(text);

-- function overloaded
--   extra function public.add(date)
create function add(a date) returns date language sql as 'select a';

-- function security
--   differs function public.add(text)
alter function add(text) security definer;

-- function volatility
--   differs function public.add(text)
alter function add(text) stable;

-- function setting
--   differs function public.add(text)
alter function add(text) set search_path = public;

-- function default
--   differs function public.add(integer, integer)
drop function add(integer, integer);
create function add(a integer, b integer) returns integer immutable language sql as 'select a + b';

-- procedure changed
--   differs procedure public.tidy()
create or replace procedure tidy() language sql as 'select 1';

-- aggregate changed
--   differs aggregate public.total(integer)
--   no mend
drop aggregate total(integer);
create aggregate total(integer) (sfunc = int4pl, stype = integer, initcond = '1');

-- operator dropped
--   missing operator public.===(integer,integer)
--   no mend
drop operator === (integer, integer);

-- cast changed
--   differs cast (public.pair as text)
--   no mend
drop cast (pair as text);
create cast (pair as text) with inout as assignment;

-- trigger dropped
--   missing trigger public.forms.touch
drop trigger touch on forms;

-- trigger disabled
--   differs trigger public.forms.touch
alter table forms disable trigger touch;

-- trigger always
--   differs trigger public.forms.touch
alter table forms enable always trigger touch;

-- trigger changed
--   differs trigger public.forms.touch
create or replace trigger touch after update on forms for each row execute function touch();

-- trigger of a partitioned table
--   missing trigger public.events.touch
drop trigger touch on events;

-- a partition's trigger disabled
--   extra trigger public.events_rest.touch
--   no mend
alter table events_rest disable trigger touch;

-- constraint trigger
--   extra trigger public.loose.late
create constraint trigger late after insert on loose deferrable for each row execute function touch();

-- policy dropped
--   missing policy public.forms.own
drop policy own on forms;

-- policy changed
--   differs policy public.forms.own
alter policy own on forms using (true);

-- policy restrictive
--   differs policy public.forms.write
drop policy write on forms;
create policy write on forms as restrictive for insert with check (title <> '');

-- rule dropped
--   missing rule public.cache.keep
drop rule keep on cache;

-- rule changed
--   differs rule public.cache.keep
create or replace rule keep as on delete to cache where old.key = 'k' do instead nothing;

-- rule disabled
--   differs rule public.cache.keep
alter table cache disable rule keep;

-- statistics dropped
--   missing statistics public.loose_stats
drop statistics loose_stats;

-- statistics kinds
--   differs statistics public.loose_stats
drop statistics loose_stats;
create statistics loose_stats (ndistinct) on a, b from loose;

-- statistics target
--   differs statistics public.loose_stats
alter statistics loose_stats set statistics 7;

-- statistics on an expression
--   extra statistics public.lower
create statistics lower on lower(title) from forms;

-- publication table
--   differs publication news
--   no mend
alter publication news drop table forms;

-- publication filter
--   differs publication news
--   no mend
alter publication news set table forms, answers (id, form) where (id > 11);

-- publication columns
--   differs publication news
--   no mend
alter publication news set table forms, answers (id, body) where (id > 10);

-- publication operations
--   differs publication news
--   no mend
alter publication news set (publish = 'insert');

-- publication schema
--   differs publication everything
--   no mend
alter publication everything drop tables in schema billing;

-- publication dropped
--   missing publication news
drop publication news;

-- event trigger disabled
--   differs event trigger watch
alter event trigger watch disable;

-- event trigger dropped
--   missing event trigger watch
drop event trigger watch;

-- text search mapping
--   differs text search configuration public.plain
--   no mend
alter text search configuration plain drop mapping for asciiword;

-- index invalid
--   differs index public.forms_title_idx
update pg_index set indisvalid = false where indexrelid = 'forms_title_idx'::regclass;

-- constraint's index invalid
--   extra index public.forms_slug_key
update pg_index set indisvalid = false where indexrelid = 'forms_slug_key'::regclass;

-- partition detached
--   differs table public.events_2025
--   extra column public.events_2025.at
--   extra column public.events_2025.kind
--   extra column public.events_2025.count
--   no mend
alter table events detach partition events_2025;

-- table became partitioned
--   differs table public.loose
--   no mend
alter table loose rename to old;
create table loose (a integer, b integer, c integer not null) partition by range (a);
drop table old cascade;
create statistics loose_stats (dependencies) on a, b from loose;

-- table became a view
--   missing table public.loose
--   extra view public.loose
--   no mend
drop table loose;
create view loose as select 1 as a, 2 as b, 3 as c;

-- sequence of another type
--   differs sequence public.ticket
alter sequence ticket as integer;

-- several at once
--   missing column public.forms.tags
--   extra column public.answers.note
--   differs column public.forms.title
--   extra index public.answers_form_idx
--   missing policy public.forms.write
alter table forms drop tags, alter title drop not null;
alter table answers add note text;
create index answers_form_idx on answers (form);
drop policy write on forms;

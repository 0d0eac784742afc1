"""Schemas that are the same in all that matters give no difference."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from database_scratch import BASE, Scratch, scratch

from higuera.database.catalog import Catalog, catalog_script
from higuera.database.parity import compare
from higuera.errors import DatabaseError


@pytest.fixture(scope="module")
def ground() -> Iterator[Scratch]:
    with scratch() as ground:
        yield ground


@pytest.fixture(scope="module")
def expected(ground: Scratch) -> Catalog:
    return ground.catalog("base")


def same(one: Catalog, other: Catalog) -> bool:
    assert compare(one, other) == []
    assert compare(other, one) == []
    return one.fingerprint == other.fingerprint


def test_made_twice(ground: Scratch, expected: Catalog) -> None:
    filler = "create table filler (a int, b text); drop table filler;"  # other numbers inside
    assert same(expected, ground.made(filler + BASE))


def test_dumped_and_restored(ground: Scratch, expected: Catalog) -> None:
    restored = ground.dump("base")
    assert "ARRAY['live'::character varying, 'gone'::character varying])::text[]" in restored
    with ground.database(restored, "template0") as name:
        assert same(expected, ground.catalog(name))
        with ground.database(ground.dump(name), "template0") as again:
            assert same(expected, ground.catalog(again))


def test_made_in_another_order(ground: Scratch) -> None:
    statements = [
        "create table a (x int, y text not null, check (x > 0));",
        "create table b (y text, x int unique, z serial);",
        "create type mood as enum ('sad', 'ok');",
        "create function f() returns int language sql as 'select 1';",
        "create sequence s;",
        "create view v as select 1 as one;",
    ]
    one, other = "".join(statements), "".join(reversed(statements))
    assert same(ground.made(one), ground.made(other))


def test_columns_in_another_order(ground: Scratch) -> None:
    one = ground.made("create table t (a int, b text, c date, primary key (a, b));")
    two = ground.made(
        "create table t (gone int, c date, b text, a int, primary key (a, b));"
        "alter table t drop gone; create index i on t (c); drop index i;"
    )
    assert same(one, two)


def test_numbers_of_made_up_names(ground: Scratch) -> None:
    one = ground.made("create table t (a int check (a > 0) check (a < 9)); create index on t (a)")
    two = ground.made("create table t (a int check (a < 9) check (a > 0)); create index on t (a)")
    assert compare(one, two) == []


def test_a_swap_that_loses_a_check_is_seen(ground: Scratch) -> None:
    one = ground.made("create table t (a int check (a > 0) check (a < 9))")
    two = ground.made("create table t (a int check (a < 9) check (a < 9))")
    assert [each.object for each in compare(one, two)] == ["constraint public.t.t_a_check"]


NOISE = {
    "owners": "create role somebody; alter table forms owner to somebody; "
    "alter function touch() owner to somebody; alter schema billing owner to somebody",
    "grants": "create role reader; grant select on forms to reader; "
    "revoke all on schema public from public; "
    "alter default privileges in schema public grant select on tables to reader",
    "comments": "comment on table forms is 'x'; comment on column forms.title is 'y'",
    "rows": "insert into forms (title) values ('x'); select nextval('ticket'); analyze; vacuum",
    "a temporary table": "create temp table mine (a int)",
    "a toast table": "alter table loose add t text; alter table loose drop t",
    "settings": "set search_path = billing; alter role postgres set datestyle = 'German, DMY'; "
    "alter role postgres set search_path = billing, public; "
    "alter role postgres set quote_all_identifiers = on; "
    "alter role postgres set intervalstyle = 'iso_8601'; "
    "alter role postgres set timezone = 'Asia/Tokyo'",
}


def test_a_name_alone_is_no_provider(ground: Scratch, expected: Catalog) -> None:
    """Without a provider's roles, a schema `auth` is one that no migration made."""
    with ground.database(
        "create schema auth; create table auth.users (id uuid primary key)"
    ) as name:
        found = compare(expected, ground.catalog(name))
    assert [(difference.object, difference.change) for difference in found] == [
        ("schema auth", "extra")
    ]


@pytest.mark.parametrize("noise", NOISE)
def test_noise(ground: Scratch, expected: Catalog, noise: str) -> None:
    with ground.database(NOISE[noise]) as name:
        try:
            assert compare(expected, ground.catalog(name)) == []
        finally:
            ground.server.sql("alter role postgres reset all")
    for role in ("somebody", "reader"):
        ground.server.sql(f"drop role if exists {role}")


def test_the_ledger_is_left_out(ground: Scratch, expected: Catalog) -> None:
    ledgers = (
        "create schema drizzle; create table drizzle.__drizzle_migrations (id serial primary key,"
        " hash text not null unique, made bigint);"
        "create index on drizzle.__drizzle_migrations (made);"
        'create table "_Odd Ledger" (id serial primary key, at timestamptz check (at is not null));'
    )
    leave_out = ["schema drizzle", 'table public."_Odd Ledger"']
    with ground.database(ledgers) as name:
        assert same(expected, ground.catalog(name, leave_out))
        found = compare(expected, ground.catalog(name))
        assert [each.object for each in found] == ["schema drizzle", 'table public."_Odd Ledger"']


def test_members_of_extensions_are_left_out(ground: Scratch) -> None:
    empty = ground.made("")
    more = ground.made(
        "create extension citext; create extension hstore; create extension pg_trgm; "
        "create extension pg_stat_statements; create extension postgres_fdw; "
        "create extension btree_gist; create extension xml2; create extension dict_int"
    )
    assert {each.object.split()[0] for each in compare(empty, more)} == {"extension"}


def test_an_apps_own_schema_of_such_a_name_counts(ground: Scratch) -> None:
    own = ground.made("create schema auth; create table auth.users (id int, email text)")
    drifted = ground.made("create schema auth; create table auth.users (id int)")
    assert [each.object for each in compare(own, drifted)] == ["column auth.users.email"]


# A role that tells whose server it is, and a schema that it keeps there.
PROVIDERS = [
    ("supabase_admin", "auth"),
    ("neon_superuser", "neon_auth"),
    ("cloud_admin", "neon"),
    ("cloud_admin", "neon_migration"),
]


@contextmanager
def role(ground: Scratch, name: str) -> Iterator[None]:
    """A role of the server, as long as it is needed."""
    ground.server.sql(f"create role {name} superuser")
    try:
        yield
    finally:
        ground.server.sql(f"drop role {name}")


@pytest.mark.parametrize(("owner", "schema"), PROVIDERS)
def test_a_providers_schema_is_known_by_its_roles(ground: Scratch, owner: str, schema: str) -> None:
    users = f"create schema {schema}; create table {schema}.users (id int)"
    with role(ground, owner):
        one = ground.made(f"set role {owner}; {users}")
        assert (one.provider, f"schema {schema}" in one.objects) == ((schema,), False)
        own = ground.made(users)
        assert (own.provider, f"table {schema}.users" in own.objects) == ((), True)
    two = ground.made(f"{users}; alter table {schema}.users add more text")
    assert two.provider == (), "without its roles it is nobody's but the app's"
    assert compare(two, one) == compare(one, two) == []


def test_a_schema_of_one_provider_is_none_of_another(ground: Scratch) -> None:
    with role(ground, "neon_superuser"):
        theirs = "set role neon_superuser; create schema auth; create schema storage"
        found = ground.made(theirs)
    assert (found.provider, "schema auth" in found.objects) == ((), True)


@pytest.mark.parametrize("owner", ["supabase_admin", "neon_superuser", "cloud_admin"])
def test_what_a_provider_publishes_and_watches_is_its_own(ground: Scratch, owner: str) -> None:
    empty = ground.made("")
    theirs = (
        f"create publication supabase_realtime; set role {owner}; create publication theirs; "
        "create function seen() returns event_trigger language plpgsql as 'begin end'; "
        "create event trigger seen on ddl_command_end execute function seen(); "
        "reset role; create publication ours"
    )
    with role(ground, owner):
        found = [each.object for each in compare(empty, ground.made(theirs))]
    ours = ["function public.seen()", "publication ours"]
    # Only Supabase's customers find one of that name that is theirs and was not made by them.
    named = ["publication supabase_realtime"] if owner != "supabase_admin" else []
    assert found == ours + named


@pytest.mark.parametrize("name", ["neon", "neon_utils", "pg_stat_statements"])
def test_an_extension_that_a_provider_added_is_its_own(name: str) -> None:
    added = {f"extension {name}": {"schema": "public"}}
    empty, other = Catalog({}, "15.1"), Catalog(added, "15.1")
    assert compare(empty, Catalog(added, "15.1", provider=("neon",))) == []
    assert [each.object for each in compare(empty, other)] == [f"extension {name}"]


def test_one_statement_reads_a_schema_of_any_size(ground: Scratch) -> None:
    """500 tables with 10,000 columns: a drift check asks each side once, and sees one column."""
    columns = ", ".join(f"c{number} text" for number in range(19))
    tables = f"""do $$ begin for n in 1..500 loop
        execute format('create table t%s (id int not null, {columns})', n); end loop; end $$"""
    log = ground.server.folder / "log"
    with ground.database(tables) as name, ground.database("", name) as other:
        ground.server.sql("alter table t250 drop c7", other)
        for each in (name, other):
            ground.server.sql(f"alter database {each} set log_statement = 'all'")
        before = len(log.read_text())
        one, two = ground.catalog(name), ground.catalog(other)
        logged = log.read_text()[before:]
    statements = re.findall(r"LOG:  statement: (\w+)", logged)
    assert [word for word in statements if word not in ("begin", "set", "commit")] == ["with"] * 2
    assert sum(key.startswith("column public.t") for key in one.objects) == 10_000
    assert [each.object for each in compare(one, two)] == ["column public.t250.c7"]


def test_a_plain_role_reads_the_same(ground: Scratch, expected: Catalog) -> None:
    ground.server.sql("create role plain login password 'x'")
    try:
        script = f"set session authorization plain;\n{catalog_script()}"
        assert same(expected, Catalog.from_json(ground.server.sql(script, "base")))
    finally:
        ground.server.sql("drop role plain")


def test_nothing_is_written(ground: Scratch) -> None:
    script = catalog_script()
    assert "read only" in script.split("\n", 1)[0]
    assert script.rstrip().endswith("commit;")


def test_there_and_back(expected: Catalog) -> None:
    assert Catalog.from_json(expected.to_json()) == expected
    assert "\n" not in expected.to_json()
    assert expected.server.startswith("1")


@pytest.mark.parametrize(
    "text", ["", "psql: error", "[]", "{}", '{"objects": []}', '{"objects": {"a": 1}, "server": 1}']
)
def test_what_is_no_catalog(text: str) -> None:
    with pytest.raises(DatabaseError, match="is no catalog of a database"):
        Catalog.from_json(text)


def test_a_name_with_quotes_cannot_break_out(ground: Scratch, expected: Catalog) -> None:
    names = ["schema it's", 'table public."a\'b"', "'; drop table forms; --", "\\"]
    assert same(expected, ground.catalog("base", names))


def test_an_invalid_index_that_no_dump_shows(ground: Scratch, expected: Catalog) -> None:
    leftover = (
        "create unique index leftover on forms (size);"
        "update pg_index set indisvalid = false, indisready = false "
        "where indexrelid = 'leftover'::regclass"
    )
    with ground.database(leftover) as name:
        assert ground.dump(name) == ground.dump("base")
        (found,) = compare(expected, ground.catalog(name))
        assert (found.object, found.change) == ("index public.leftover", "extra")
        assert found.mend == "DROP INDEX CONCURRENTLY public.leftover;"
        ground.server.sql(found.mend, name)
        assert same(expected, ground.catalog(name))


def test_a_column_that_an_older_server_lacks(ground: Scratch) -> None:
    script = catalog_script().replace("attcompression", "attnovelty")
    assert Catalog.from_json(ground.server.sql(script, "base")).objects

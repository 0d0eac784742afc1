"""Names and types in the server's words, by a real server; and a snapshot's beside any server's."""

import json
from collections.abc import Iterator

import pytest
from database_scratch import Scratch
from pglast import keywords
from postgres_server import postgres

from higuera.database.catalog import Catalog
from higuera.database.fit import fit
from higuera.database.parity import compare
from higuera.database.wording import format_type, quote_ident

WORDS = sorted(
    keywords.RESERVED_KEYWORDS
    | keywords.COL_NAME_KEYWORDS
    | keywords.TYPE_FUNC_NAME_KEYWORDS
    | keywords.UNRESERVED_KEYWORDS
)
NAMES = ["plain", "_1", "1a", "a$", "camelCase", "é", "a b", 'a"b', "a.b", "a-b"]
TYPES = """
smallint | integer | int | bigint | int2 | int4 | int8 | smallserial | serial | SERIAL | bigserial
real | float4 | double precision | float8 | float | float(24) | float(25) | boolean | bool | money
numeric | decimal | numeric(10) | numeric(10, 2) | dec(3,1) | oid | bit | bit(3) | bit varying
bit varying(3) | varbit(3) | text | TEXT | varchar | varchar(80) | character varying(80) | char
char(5) | character(5) | "char" | name | bytea | BYTEA | uuid | json | jsonb | xml | date | time
time(3) | time (3) with time zone | timetz | timestamp | timestamp (3) | TIMESTAMP(0) | timestamptz
timestamp with time zone | timestamp (6) with time zone | timestamptz(3) | interval | interval(3)
interval year | interval year to month | interval day to second | interval day to second(3)
INTERVAL SECOND (2) | interval hour to minute | inet | cidr | macaddr | macaddr8 | point | line
polygon | int4range | tstzmultirange | tsvector | regclass | pg_lsn | pg_catalog.int4
pg_catalog.uuid | text[] | text[3] | integer[][] | integer array | integer array[4] | varchar(10)[]
numeric(10)[] | "char"[] | timestamp (3)[] | interval(3)[] | interval year[3] | bit(3)[] | json[]
"user"."order" | "user"."Odd T"[] | "user".plain | text collate "C" | text not null default 'x'
"""


@pytest.fixture(scope="module")
def ground() -> Iterator[Scratch]:
    with postgres() as server:
        yield Scratch(server)


def test_names_as_the_server_quotes_them(ground: Scratch) -> None:
    ask = "select json_object_agg(word, catcode) from pg_get_keywords()"
    known = json.loads(ground.server.sql(ask))
    assert len(known) > 400
    names = [*NAMES, *(word for word in WORDS if word in known)]
    listed = json.dumps(names).replace("'", "''")
    ask = f"select json_agg(quote_ident(n)) from json_array_elements_text('{listed}') n"
    assert [quote_ident(name) for name in names] == json.loads(ground.server.sql(ask))


def test_types_as_the_server_writes_them(ground: Scratch) -> None:
    written = [each.strip() for line in TYPES.strip().splitlines() for each in line.split("|")]
    columns = ", ".join(f"c{number} {each}" for number, each in enumerate(written))
    found = ground.made(
        'create schema "user"; create type "user"."order" as enum (); '
        'create domain "user"."Odd T" as text; create type "user".plain as enum (); '
        f"create table t ({columns})"
    )
    types = {
        each: found.objects[f"column public.t.c{number}"]["type"]
        for number, each in enumerate(written)
    }
    assert {each: format_type(each) for each in written} == types


@pytest.mark.parametrize("written", ["", "no type", "(", "serial serial"])
def test_what_is_no_type_stays(written: str) -> None:
    assert format_type(written) == written


def test_a_keyword_for_a_name_is_no_drift(ground: Scratch) -> None:
    """Whatever the server's version quotes, and with the names that an older Higuera recorded."""
    names = [*WORDS, *NAMES]
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    columns = ", ".join(f"{name} text" for name in quoted)
    actual = ground.made(f'create schema "user"; create table "user"."order" ({columns})')
    for words in (map(quote_ident, names), quoted, (*WORDS, *quoted[len(WORDS) :])):
        table = '"user"."order"'
        told = {f"column {table}.{word}": {"type": "text"} for word in words}
        snapshot = Catalog({f"table {table}": {}, **told}, "")
        assert compare(snapshot, actual) == []
        assert fit(snapshot, actual).verdict == "fits"
        assert len(compare(Catalog({f"table {table}": {}}, ""), actual)) == len(names)


@pytest.mark.parametrize(
    ("told", "there", "is_same"),
    [
        ("geometry(point,4326)", "extensions.geometry(Point,4326)", True),
        ("geometry(point,4326)", "extensions.geometry(Point,4269)", False),
        ("vector(3)", "public.vector(3)", True),
        ("vector(3)", "public.vector(4)", False),
        ("citext[]", "public.citext[]", True),
        ("public.mood", "public.mood", True),
        ("public.order", 'public."order"', True),
        ("public.mood", "other.mood", False),
        ("text", "integer", False),
    ],
)
def test_where_a_type_lives_a_snapshot_does_not_know(told: str, there: str, is_same: bool) -> None:
    """Nor how the extension that it comes from writes what stands in its brackets."""
    column = "column public.places.at"
    actual = Catalog({"table public.places": {}, column: {"type": there}}, "15.18")
    snapshot = Catalog({"table public.places": {}, column: {"type": told}}, "")
    found = compare(snapshot, actual)
    assert [each.object for each in found] == ([] if is_same else [column])

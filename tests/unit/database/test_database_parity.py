"""What is told of differences, and how the accept list parts them. Values only."""

from datetime import date
from typing import Any

import pytest

from higuera.database.catalog import Catalog
from higuera.database.names import name_of, reading_order
from higuera.database.parity import compare, describe, settle
from higuera.database.partial import partial_view
from higuera.spec.database import Accepted

FORMS: dict[str, Any] = {
    "schema public": {},
    "table public.forms": {},
    "column public.forms.slug": {"type": "text", "not null": True},
    "column public.forms.title": {"type": "text"},
    "function public.f()": {"definition": "CREATE FUNCTION f()\nAS $$a\nb$$\n"},
}


def catalog(objects: dict[str, Any]) -> Catalog:
    return Catalog(objects, "15.1")


def drifted() -> Catalog:
    return catalog(
        {
            "schema public": {},
            "table public.forms": {},
            "column public.forms.title": {"type": "character varying(80)", "not null": True},
            "index public.forms_old_idx": {
                "definition": "CREATE INDEX forms_old_idx ON public.forms USING btree (title)",
                "of": {"table": "public.forms", "columns": ["title"]},
            },
            "function public.f()": {"definition": "CREATE FUNCTION f()\nAS $$a\nc$$\n"},
        }
    )


def test_a_person_can_read_it() -> None:
    assert describe(compare(catalog(FORMS), drifted())) == [
        "~ function public.f()                      definition: expected (-), is (+)",
        "    - b$$",
        "    + c$$",
        "  mend: CREATE FUNCTION f()",
        "        AS $$a",
        "        b$$;",
        "- column public.forms.slug                 missing on the target: text, not null",
        "  mend: ALTER TABLE public.forms ADD COLUMN slug text NOT NULL;"
        " -- refused while the table holds rows: they have no value for it",
        "~ column public.forms.title                not null: expected no, is yes;"
        " type: expected text, is character varying(80)",
        "  mend: ALTER TABLE public.forms ALTER COLUMN title TYPE text;",
        "        ALTER TABLE public.forms ALTER COLUMN title DROP NOT NULL;",
        "+ index public.forms_old_idx               not made by any migration:"
        " CREATE INDEX forms_old_idx ON public.forms USING btree (title)",
        "  mend: DROP INDEX public.forms_old_idx;",
    ]


def test_an_invalid_index_is_rebuilt_or_dropped_at_once() -> None:
    index = {"definition": "CREATE INDEX i ON public.t USING btree (a)"}
    good, bad = ({"index public.i": index}, {"index public.i": {**index, "valid": False}})
    (found,) = compare(catalog(good), catalog(bad))
    assert found.mend == "REINDEX INDEX CONCURRENTLY public.i;"
    (found,) = compare(catalog({}), catalog(bad))
    assert found.mend == "DROP INDEX CONCURRENTLY public.i;"
    assert describe([found])[0].endswith("btree (a) (invalid)")


def test_a_missing_table_is_counted() -> None:
    table = {key: value for key, value in FORMS.items() if "forms" in key}
    (found,) = compare(catalog(table), catalog({}))
    assert [each.object for each in found.swallowed] == [
        "column public.forms.slug",
        "column public.forms.title",
    ]
    assert describe([found])[0] == (
        "- table public.forms                       missing on the target: with 2 columns"
    )
    assert found.mend.startswith("CREATE TABLE public.forms (\n    slug text NOT NULL,")


def test_what_may_be_a_rename_is_not_dropped() -> None:
    one = catalog({"table public.t": {}, "column public.t.a": {"type": "text"}})
    two = catalog({"table public.t": {}, "column public.t.b": {"type": "text"}})
    assert [each.mend for each in compare(one, two)] == [
        "ALTER TABLE public.t ADD COLUMN a text;",
        "",
    ]
    (found,) = compare(catalog({"table public.t": {}}), two)
    assert found.mend == "ALTER TABLE public.t DROP COLUMN b; -- its data is lost"


def accepted(key: str, until: date) -> Accepted:
    return Accepted(object=key, owner="data", reason="old", until=until)


def test_accepted_until_the_last_day() -> None:
    found = compare(catalog(FORMS), drifted())
    today = date(2027, 5, 31)
    slug = accepted("column public.forms.slug", today)
    title = accepted("column public.forms.title", date(2027, 5, 30))
    other = accepted("table public.other", date(2020, 1, 1))
    settled = settle(found, [slug, title, other], today)
    assert [each.object for each in settled.drift] == [
        "function public.f()",
        "column public.forms.title",
        "index public.forms_old_idx",
    ]
    assert [(each.object, entry) for each, entry in settled.accepted] == [(slug.object, slug)]
    assert (settled.expired, settled.unused) == ([title], [other])


def test_a_newer_entry_takes_over_from_an_expired_one() -> None:
    found = compare(catalog(FORMS), drifted())
    key = "column public.forms.slug"
    old, new = accepted(key, date(2026, 1, 1)), accepted(key, date(2028, 1, 1))
    settled = settle(found, [new, old], date(2027, 1, 1))
    assert [entry for _, entry in settled.accepted] == [new]
    assert key not in [each.object for each in settled.drift]


def test_partial_view() -> None:
    full = catalog({**FORMS, "column public.forms.n": {"type": "int", "default": "1"}})
    assert partial_view(full).objects == {
        "table public.forms": {},
        "column public.forms.slug": {"type": "text", "not null": True},
        "column public.forms.title": {"type": "text"},
        "column public.forms.n": {"type": "int"},
    }


def test_a_tools_snapshot_is_compared_with_what_it_knows() -> None:
    shown = {key: value for key, value in FORMS.items() if "forms" in key}
    snapshot = Catalog(shown, "")
    more = {"index public.i": {"definition": "CREATE INDEX i ON public.forms USING btree (slug)"}}
    slug = {"type": "text", "not null": True, "default": "''::text"}
    assert compare(snapshot, catalog({**FORMS, **more, "column public.forms.slug": slug})) == []
    (found,) = compare(snapshot, catalog({**FORMS, "column public.forms.slug": {"type": "int"}}))
    assert found.changed == ["not null", "type"]


@pytest.mark.parametrize(
    ("key", "kind", "parts"),
    [
        ("schema public", "schema", ["public"]),
        ("column public.forms.title", "column", ["public", "forms", "title"]),
        ('column "a.b"."c""d"."E f"', "column", ['"a.b"', '"c""d"', '"E f"']),
        ("function public.f(integer, a.b)", "function", ["public", "f"]),
        ("materialized view a.b", "materialized view", ["a", "b"]),
        ("operator class a.b using gist", "operator class", ["a", "b"]),
        ("cast (a.b as text)", "cast", []),
        ("novelty a.b", "novelty", ["a", "b"]),
    ],
)
def test_names(key: str, kind: str, parts: list[str]) -> None:
    assert (name_of(key).kind, name_of(key).parts) == (kind, parts)


def test_reading_order() -> None:
    keys = ["index a.i", "column a.t.c", "table a.t", "enum a.e", "schema a", "view a.v", "odd x"]
    assert sorted(keys, key=reading_order) == [
        *["schema a", "enum a.e", "table a.t", "column a.t.c", "index a.i", "view a.v", "odd x"]
    ]

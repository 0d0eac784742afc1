"""What is said of tables and columns, where, and what comes of it."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from higuera.database.governance.data_catalog import Coverage, DataCatalog, build
from higuera.database.governance.data_report import format_json, format_lines, format_markdown
from higuera.database.governance.data_words import (
    DataFile,
    Status,
    Words,
    parse_comment,
    parse_status,
    read_data_file,
)
from higuera.database.governance.dictionary import Row, ledger_tables, read_rows
from higuera.errors import DatabaseError, SpecError
from higuera.spec.database import Database

TODAY = date(2026, 11, 23)
DAY = date(2027, 1, 31)
ROWS = [
    Row("public", "forms", None, "table", "what people publish; owner: backend team"),
    Row("public", "forms", "id", "uuid", "key"),
    Row("public", "forms", "slug", "text"),
    Row("app", "old", None, "table", "status: scheduled for removal on 2026-11-22"),
]


def catalog(file: Mapping[str, object] | None = None, rows: list[Row] = ROWS) -> DataCatalog:
    return build(rows, DataFile.model_validate({"tables": file or {}}), "data.yml", TODAY)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("active", Status()),
        (" Deprecated ", Status("deprecated")),
        ("deprecated until 2027-01-31", Status("deprecated", DAY)),
        ("removal on 2027-01-31", Status("scheduled for removal", DAY)),
        ("scheduled  for removal on 2027-01-31", Status("scheduled for removal", DAY)),
    ],
)
def test_a_status(text: str, status: Status) -> None:
    assert parse_status(text) == status
    assert parse_status(str(status)) == status


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "should be active, deprecated"),
        ("gone", "should be active, deprecated"),
        ("removal", "should be active, deprecated"),
        ("deprecated until", "should be active, deprecated"),
        ("deprecated until soon", "soon: should be a day such as 2027-01-31"),
        ("deprecated until 2027-02-30", "2027-02-30: should be a day such as 2027-01-31"),
    ],
)
def test_no_status(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_status(text)


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("", Words()),
        ("the forms", Words(purpose="the forms")),
        ("a; b", Words(purpose="a; b")),
        ("purpose: a; Owner: team", Words("team", "a")),
        (
            "owner: team; the forms; status: deprecated",
            Words("team", "the forms", Status("deprecated")),
        ),
        ("a: b; owner:", Words("", "a: b")),
        ("see https://example.org/owner: page", Words("", "see https://example.org/owner: page")),
    ],
)
def test_a_comment(comment: str, words: Words) -> None:
    assert parse_comment(comment) == words


@given(st.text())
def test_any_comment_is_a_status_at_fault_or_words(comment: str) -> None:
    found = build([Row("public", "a", None, "table", comment)], DataFile(tables={}), "", TODAY)
    assert all(sentence.startswith("public.a: ") for sentence in found.stale)
    assert "\n# " not in format_markdown(found)[1:]


def test_yaml_wins_over_comments_field_by_field() -> None:
    file = {"forms": {"purpose": "ours", "columns": {"slug": "its name", "id": {"owner": "ana"}}}}
    table, key, slug, _ = catalog(file).items
    assert (table.owner, table.purpose) == ("backend team", "ours")
    assert (key.owner, key.purpose) == ("ana", "key")
    assert (slug.owner, slug.purpose, slug.missing) == ("backend team", "its name", [])


def test_a_column_has_the_status_of_its_table() -> None:
    file = {
        "forms": {"status": "deprecated until 2027-01-31", "columns": {"id": {"status": "active"}}}
    }
    assert [str(item.status) for item in catalog(file).items[:3]] == [
        "deprecated until 2027-01-31",
        "active",
        "deprecated until 2027-01-31",
    ]


def test_what_lacks_a_word_and_how_much() -> None:
    found = catalog()
    assert [(item.name, item.missing) for item in found.uncovered()] == [
        ("public.forms.slug", ["purpose"]),
        ("app.old", ["owner", "purpose"]),
    ]
    assert found.coverage() == Coverage(2, 4)
    assert format_lines(catalog({"app.old": {"owner": "a", "purpose": "b"}}), 80).splitlines() == [
        "public.forms.slug: no purpose",
        "stale: app.old: scheduled for removal on 2026-11-22, and is still there",
        "75.0 % have owner and purpose (3 of 4: 2 tables, 2 columns), under the 80 % asked for; "
        "1 stale",
    ]


def test_what_is_stale() -> None:
    file = {
        "gone": {"columns": {"a": "said once, of the table"}},
        "forms": {"columns": {"left": "x", "slug": {"status": "deprecated until 2026-11-23"}}},
        "app.forms": {},
        "app.old": {"status": "active"},
    }
    rows = [*ROWS, Row("app", "odd", None, "table", "all; status: lost; owner: ana")]
    found = catalog(file, rows)
    assert found.stale == [
        "app.odd: the status in its comment should be active, deprecated, deprecated until DATE "
        'or scheduled for removal on DATE, got "lost"',
        "data.yml: tables.gone: there is no such table",
        "data.yml: tables.forms.columns.left: there is no such column",
        "data.yml: tables.app.forms: there is no such table",
    ]
    assert (found.items[-1].owner, found.items[-1].purpose) == ("ana", "all")


@pytest.mark.parametrize(
    ("minimum", "stale", "status"),
    [(None, [], 0), (50, [], 0), (50.1, [], 2), (0, [], 0), (None, ["x"], 2)],
)
def test_the_exit_status(minimum: float | None, stale: list[str], status: int) -> None:
    assert DataCatalog(catalog().items, stale).status(minimum) == status


def test_almost_all_is_not_all() -> None:
    assert Coverage(9999, 10000).percent == 99.9
    assert Coverage(9999, 10000).is_under(100)
    assert Coverage(10000, 10000).percent == 100.0


def test_markdown() -> None:
    rows = [
        Row("public", "forms", None, "table", "a | b\n<c>"),
        Row("public", "forms", "a|`b", "text", "key"),
        Row("app", "old", None, "table"),
    ]
    assert format_markdown(catalog({"forms": {"owner": "ana"}}, rows)) == (
        "# Data catalog\n\n"
        "Made by `higuera db catalog --markdown`; edit the comments or the YAML file instead.\n\n"
        "| table | owner | purpose | status |\n"
        "| --- | --- | --- | --- |\n"
        "| `forms` | ana | a \\| b &lt;c> | active |\n"
        "| `app.old` | ? | ? | active |\n\n"
        "## `forms`\n\n"
        "| column | type | owner | purpose | status |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| ``a\\|`b`` | `text` | ana | key | active |\n\n"
        "## `app.old`\n\n"
        "| column | type | owner | purpose | status |\n"
        "| --- | --- | --- | --- | --- |\n"
    )


def test_json() -> None:
    found = json.loads(format_json(catalog(), 60))
    assert (found["status"], found["stale"]) == (
        2,
        ["app.old: scheduled for removal on 2026-11-22, and is still there"],
    )
    assert found["coverage"] == {"percent": 50.0, "covered": 2, "total": 4, "minimum": 60}
    assert found["tables"][1] == {
        "name": "app.old",
        "type": "table",
        "owner": None,
        "purpose": None,
        "status": "scheduled for removal",
        "until": "2026-11-22",
        "columns": [],
    }


AT_FAULT = {
    "": "should hold keys and values",
    "table: {}": "tables: is required\ndata.yml: table: unknown key (did you mean tables?)",
    "tables: {a: {ownr: x}}": "tables.a.ownr: unknown key (did you mean owner?)",
    "tables: {a: {owner: ' '}}": (
        'tables.a.owner: string should have at least 1 character, got " "'
    ),
    "tables: {a: {owner: 7}}": "tables.a.owner: should be text, got 7",
    "tables: {a: {columns: [b]}}": "tables.a.columns: should hold keys and values, got a list",
    "tables: {a: {columns: {b: 1}}}": "tables.a.columns.b: should hold keys and values, got 1",
    "tables: {a: {status: lost}}": (
        "tables.a.status: should be active, deprecated, deprecated until DATE or scheduled for "
        'removal on DATE, got "lost"'
    ),
    "tables: {a: {status: deprecated until soon}}": (
        "tables.a.status: soon: should be a day such as 2027-01-31"
    ),
    "tables: {a: {}, public.a: {}}": "tables: public.a: is a, which is here too",
    "tables: {a.b.c: {}}": "tables: a.b.c: should be a table's name, or schema.table",
}
NO_YAML = {
    "tables:\n  a: {}\n  a: {}": "data.yml:3: the key a stands here twice",
    "tables: {": "data.yml:1: expected the node content, but found '<stream end>'",
}


@pytest.mark.parametrize(
    ("text", "why"),
    [*((text, f"data.yml: {why}") for text, why in AT_FAULT.items()), *NO_YAML.items()],
)
def test_a_file_at_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.yml").write_text(text)
    with pytest.raises(SpecError) as caught:
        read_data_file(tmp_path / "data.yml")
    assert str(caught.value) == why


def test_a_key_without_a_value_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "data.yml").write_text("tables: {a: {owner: }}")
    assert read_data_file(tmp_path / "data.yml").tables["a"].words() == Words()


@pytest.mark.parametrize("text", ["", "{}", "7", '[{"schema": "a"}]', "psql: error", "[1]"])
def test_an_answer_that_is_none(text: str) -> None:
    with pytest.raises(DatabaseError, match="the target answered no list of tables but: "):
        read_rows(text)


def test_a_target_without_tables() -> None:
    with pytest.raises(DatabaseError, match="the target has no table: apply the migrations first"):
        read_rows("[]\n")


@pytest.mark.parametrize(
    ("migrate", "left_out"),
    [
        (None, []),
        ({}, []),
        ({"files": "a", "ledger": "ecto"}, ["table public.schema_migrations"]),
        ({"files": "a", "ledger": "ecto", "table": "app.done"}, ["table app.done"]),
        ({"files": "a", "ledger": "drizzle"}, ["schema drizzle"]),
    ],
)
def test_the_books_of_the_migrating_tool(
    migrate: dict[str, str] | None, left_out: list[str]
) -> None:
    job = {"service": "backend", "command": "true", **migrate} if migrate is not None else None
    assert ledger_tables(Database.model_validate({"url": "URL", "migrate": job})) == left_out

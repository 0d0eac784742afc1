"""What drizzle-kit wrote down of a schema against what a real PostgreSQL made of it: the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from database_scratch import Scratch
from postgres_server import postgres

from higuera.database.catalog import Catalog
from higuera.database.parity import compare
from higuera.database.snapshot import snapshot_of
from higuera.errors import DatabaseError
from higuera.spec.database import Migrate

HERE = Path(__file__).parent / "snapshots"


@pytest.fixture(scope="module")
def ground() -> Iterator[Scratch]:
    with postgres() as server:
        yield Scratch(server)


def migrate(files: str = ".", ledger: str = "drizzle") -> Migrate:
    data = {"service": "backend", "command": "b", "files": files, "ledger": ledger}
    return Migrate.model_validate(data)


@pytest.mark.parametrize("layout", ["journal", "v1"])
def test_what_drizzle_kit_tells_is_what_the_server_has(ground: Scratch, layout: str) -> None:
    (script,) = (HERE / layout).rglob("*.sql")
    extension = "create schema extensions; create extension citext schema extensions;"
    actual = ground.made(
        f"{extension} set search_path = public, extensions; {script.read_text()}",
        leave_out=["schema extensions"],
    )
    told = snapshot_of(migrate(layout), HERE)
    assert told is not None
    assert compare(told, actual) == []
    columns = [key for key in told.objects if key.startswith("column ")]
    assert len(columns) == 65
    for key in columns:  # and not because nothing is seen
        for other in ({"type": "xid"}, {"not null": not told.objects[key].get("not null")}):
            changed = {**told.objects, key: {**told.objects[key], **other}}
            (found,) = compare(Catalog(changed, ""), actual)
            assert found.changed == list(other), found.object


def journal(folder: Path, *columns: dict[str, Any], **table: Any) -> Catalog | None:
    """The newest of two snapshots, of one table."""
    meta = folder / "meta"
    meta.mkdir(parents=True)
    (meta / "0000_snapshot.json").write_text("{")
    forms = {
        "name": "forms",
        "schema": "",
        "columns": {str(number): column for number, column in enumerate(columns)},
        **table,
    }
    (meta / "0001_snapshot.json").write_text(json.dumps({"tables": {"t": forms}}))
    return snapshot_of(migrate(), folder)


def test_the_newest_counts(tmp_path: Path) -> None:
    column = {"name": "A b", "type": "serial", "notNull": True}
    found = journal(tmp_path, column, schema="S")
    shown = {"type": "integer", "not null": True}
    assert found == Catalog({'table "S".forms': {}, 'column "S".forms."A b"': shown}, "")


def v1(folder: Path, *ddl: dict[str, Any]) -> Catalog | None:
    """The newest of two snapshots, as drizzle-kit v1 writes them."""
    for name, text in (("1_a", "{"), ("2_b", json.dumps({"version": "8", "ddl": ddl}))):
        (folder / name).mkdir()
        (folder / name / "snapshot.json").write_text(text)
    return snapshot_of(migrate(), folder)


def test_the_newest_of_v1_counts(tmp_path: Path) -> None:
    """Of all that is listed, tables and columns."""
    own = {"schema": "public", "table": "forms"}
    column = {"entityType": "columns", **own, "typeSchema": None, "notNull": False}
    found = v1(
        tmp_path,
        {"entityType": "enums", "schema": "S", "name": "mood", "values": ["ok"]},
        {"entityType": "tables", "schema": "public", "name": "forms", "isRlsEnabled": False},
        {**column, "name": "a", "type": "integer", "dimensions": 2},
        {**column, "name": "b", "type": "mood", "typeSchema": "S", "dimensions": 1},
        {**column, "name": "c", "type": "text[]", "dimensions": 1},
        {**column, "name": "d", "type": "integer array", "dimensions": 0},
        {"entityType": "pks", **own, "name": "forms_pkey", "columns": ["a"]},
        {"entityType": "views", "schema": "public", "name": "v", "definition": "select 1"},
    )
    assert found is not None
    assert found.objects == {
        "table public.forms": {},
        "column public.forms.a": {"type": "integer[]", "not null": True},
        "column public.forms.b": {"type": '"S".mood[]'},
        "column public.forms.c": {"type": "text[]"},
        "column public.forms.d": {"type": "integer[]"},
    }


def test_none_is_none(tmp_path: Path) -> None:
    assert snapshot_of(migrate(), tmp_path) is None
    (tmp_path / "1_a").mkdir()
    (tmp_path / "1_a" / "snapshot.json").write_text("{")
    assert snapshot_of(migrate(ledger="sql"), tmp_path) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "JSONDecodeError: Expecting property name"),
        ("[]", "TypeError: "),
        ('{"version": "9"}', "KeyError: 'tables'"),
        ('{"tables": 1}', "AttributeError: "),
        ('{"tables": {"a": {}}}', "KeyError: 'schema'"),
        ('{"ddl": [1]}', "TypeError: "),
        ('{"ddl": [{"entityType": "tables", "name": "a"}]}', "KeyError: 'schema'"),
        ('{"ddl": [{"entityType": "columns", "schema": "a"}]}', "KeyError: 'table'"),
    ],
)
def test_one_that_cannot_be_read_is_named(tmp_path: Path, text: str, why: str) -> None:
    """With the reason, and with what makes it needless."""
    (tmp_path / "1_a").mkdir()
    (tmp_path / "1_a" / "snapshot.json").write_text(text)
    with pytest.raises(DatabaseError) as raised:
        snapshot_of(migrate(), tmp_path)
    assert f"1_a/snapshot.json: cannot be read as a snapshot of drizzle-kit ({why}" in str(
        raised.value
    )
    assert "database.scratch" in str(raised.value)

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


@pytest.mark.parametrize("layout", ["journal"])
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


def test_none_is_none_and_a_broken_one_is_a_fault(tmp_path: Path) -> None:
    assert snapshot_of(migrate(), tmp_path) is None
    assert snapshot_of(migrate(ledger="sql"), tmp_path) is None
    (tmp_path / "meta").mkdir()
    for text in ("{", "[]", '{"tables": 1}', '{"tables": {"a": {}}}'):
        (tmp_path / "meta" / "0000_snapshot.json").write_text(text)
        with pytest.raises(DatabaseError, match="cannot be read"):
            snapshot_of(migrate(), tmp_path)

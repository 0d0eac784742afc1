"""Whatever stands in a journal or in a table of the ledger's name: a state or one plain error."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_folders import SECOND, folders, journal, write

from higuera.database.ledger import LEDGERS, Migration, adapter
from higuera.errors import DatabaseError

COLUMNS = [
    "id", "hash", "created_at", "name", "applied_at", "version", "inserted_at", "checksum", "dirty",
    "migration_name", "started_at", "finished_at", "rolled_back_at", "filename", "success", "batch",
]  # fmt: skip
NAMES = ["1_a", "2_b", "20240101000000_a", "A1700000000000", "1_a.js", "", "x"]
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.sampled_from([1, 2, SECOND, SECOND + 1, 20240101000000, "1", "002", *NAMES]),
    st.text(max_size=5),
    st.floats(),
    st.lists(st.integers(), max_size=2),
)
rows = st.lists(st.dictionaries(st.sampled_from(COLUMNS), values, max_size=8), max_size=6)
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["entries", "tag", "when", "idx"]), inner, max_size=4),
    ),
)


def layout(tool: str, folder: Path) -> Path:
    """A good folder of a tool."""
    if tool == "prisma":
        return folders(folder, "20240101000000_a", "20240102000000_b")
    files = {
        "ecto": {"1_a.exs": "", "2_b.exs": ""},
        "knex": {"1_a.js": "", "2_b.ts": ""},
        "typeorm": {"a.ts": "class A1700000000000 {}", "b.ts": "class B1700000000001 {}"},
        "sql": {"1_a.sql": "", "002_b.up.sql": ""},
    }
    return write(folder, files[tool])


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Migration]]:
    found = {}
    for tool in [*LEDGERS, "drizzle v1"]:
        folder = tmp_path_factory.mktemp("ledger")
        if tool == "drizzle":
            journal(folder, {"1_a": SECOND, "2_b": SECOND + 1})
        elif tool == "drizzle v1":
            folders(folder, "20240101000000_a", "20240102000000_b")
        else:
            layout(tool, folder)
        found[tool] = adapter(tool.partition(" ")[0]).migrations(folder)
    return found


@pytest.mark.parametrize("tool", [*LEDGERS, "drizzle v1"])
@settings(deadline=None, max_examples=80)
@given(
    rows=rows, remembered=st.dictionaries(st.sampled_from(NAMES), st.text(max_size=3), max_size=3)
)
def test_any_rows_have_a_state(
    read: dict[str, list[Migration]],
    tool: str,
    rows: list[dict[str, Any]],
    remembered: dict[str, str],
) -> None:
    state = adapter(tool.partition(" ")[0]).state(read[tool], rows, remembered)
    assert set(state.pending) <= set(read[tool])
    assert len(set(state.pending)) == len(state.pending)
    # No file is lost: it was applied, is to come, or a problem names it.
    known = {*state.applied, *(one.name for one in state.pending)}
    known |= {problem.migration for problem in state.problems}
    assert {one.name for one in read[tool]} <= known
    assert all(
        "\n" not in problem.text.replace(problem.migration, "") for problem in state.problems
    )
    if not rows:
        assert state.pending == read[tool]


@settings(deadline=None, max_examples=100)
@given(
    st.one_of(documents, documents.map(lambda inner: {"entries": [inner]})), st.binary(max_size=9)
)
def test_any_journal_is_read_or_refused(document: object, garbage: bytes) -> None:
    with TemporaryDirectory() as name:
        folder = write(Path(name), {"meta/_journal.json": json.dumps(document)})
        for _ in ("document", "garbage"):
            try:
                found = adapter("drizzle").migrations(folder)
            except DatabaseError as error:
                assert "_journal.json" in str(error) or ".sql: " in str(error)
            else:
                assert found == []
            (folder / "meta" / "_journal.json").write_bytes(garbage)


def test_a_deep_journal_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"meta/_journal.json": '{"entries":' + "[" * 200_000})
    with pytest.raises(DatabaseError, match="is no journal"):
        adapter("drizzle").migrations(tmp_path)

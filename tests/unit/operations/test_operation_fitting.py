"""Whether a release fits the schema of now, in words; what a failed trial is blamed on."""

from unittest.mock import patch

import pytest
from operation_harness import fake_host

from higuera.database.catalog import Catalog
from higuera.deploys.smoke import _blame
from higuera.errors import SmokeError
from higuera.facts.schema import SchemaState
from higuera.operations.rollback import fitting, ways_on

TITLE = {"column public.forms.title": {"type": "text"}}
OLD = Catalog({"table public.forms": {}, **TITLE}, "15.18")
WIDER = Catalog({**OLD.objects, "column public.forms.note": {"type": "text"}}, "15.18")
SNAPSHOT = Catalog(OLD.objects, "")
LESS = Catalog({"table public.forms": {}}, "15.18")
TARGET = "20261122T100000Z-aa"
PART = " (partial: tables and columns only)"


@pytest.mark.parametrize(
    ("schema", "first", "is_refused"),
    [
        (SchemaState(OLD, OLD), f"{TARGET} fits: the schema is what it was proven on", False),
        (SchemaState(WIDER, OLD), f"{TARGET} fits, with these differences in the schema:", False),
        (SchemaState(LESS, OLD), f"{TARGET} does not fit the schema of now:", True),
        (
            SchemaState(OLD, SNAPSHOT),
            f"{TARGET} fits: the schema is what it was proven on{PART}",
            False,
        ),
        (
            SchemaState(WIDER, SNAPSHOT),
            f"{TARGET} fits, with these differences in the schema{PART}:",
            False,
        ),
        (
            SchemaState(LESS, SNAPSHOT),
            f"{TARGET} does not fit the schema of now{PART}:",
            True,
        ),
        (
            SchemaState(OLD, None),
            f"whether {TARGET} fits the schema cannot be told: none was",
            False,
        ),
        (
            SchemaState(None, OLD, why=("psql: refused",)),
            f"whether {TARGET} fits the schema cannot be told: psql: refused",
            False,
        ),
        (
            SchemaState(None, OLD),
            f"whether {TARGET} fits the schema cannot be told: no answer",
            False,
        ),
    ],
)
def test_fitting(schema: SchemaState, first: str, is_refused: bool) -> None:
    found = fitting(TARGET, schema)
    assert found.lines[0].startswith(first)
    assert found.is_refused is is_refused
    assert bool(found.lines[1:]) == first.endswith(":")
    assert all(line.startswith("  ") for line in found.lines[1:])


@pytest.mark.parametrize(
    ("backups", "restore"),
    [
        ((), "no dump from before is on the host"),
        (("20261121T000000Z-by-hand",), "no dump from before is on the host"),
        (
            ("20261124T000000Z-c", "20261123T000000Z-b", "20261121T000000Z-a"),
            "higuera db restore 20261123T000000Z-b (says first which rows would be lost)",
        ),
    ],
)
def test_ways_on_name_the_first_dump_after_the_release(
    backups: tuple[str, ...], restore: str
) -> None:
    said = ways_on(TARGET, SchemaState(LESS, OLD, backups))
    assert restore in said
    assert said.startswith("nothing was rolled back. Fix forward: ")
    assert said.endswith("--force (HIGUERA_FORCE=1)")


@pytest.mark.parametrize(
    ("tried", "live", "error", "logged"),
    [
        ({"a": "x"}, {}, "smoke a failed: x", []),
        ({"a": "x", "b": "y"}, {"b": "z"}, "smoke a failed: x", ["b"]),
        ({"b": "y"}, {"b": "z", "c": "z"}, "", ["b"]),
        ({"a": "x", "c": "y"}, {}, "smoke a failed: x\nsmoke c failed: y", []),
    ],
)
def test_what_fails_on_the_live_side_too_is_not_blamed_on_the_schema(
    tried: dict[str, str], live: dict[str, str], error: str, logged: list[str]
) -> None:
    host, lines = fake_host(), list[str]()
    with patch.object(host, "log", lines.append):
        if error:
            with pytest.raises(SmokeError) as raised:
                _blame(host, tried, live)
            assert str(raised.value) == error
        else:
            _blame(host, tried, live)
    assert [line.split()[1] for line in lines] == logged

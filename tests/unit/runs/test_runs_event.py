"""Events: documented by a schema, and read again whatever became of the file."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from higuera.offline.schema import schema_text
from higuera.runs import Event, parse, schema

SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "event.schema.json"
DONE = Event(event="step_done", step="Build", seconds=3.2, result="ok")


def test_the_schema_is_the_documented_one() -> None:
    assert SCHEMA.read_text() == schema_text(schema()), "write it anew: scripts/golden"
    documented = schema()
    assert documented["additionalProperties"] is False
    assert documented["required"] == ["event"]
    for name, field in documented["properties"].items():
        assert name == "event" or field["description"], name


def test_a_line_is_an_event_and_says_only_what_applies() -> None:
    line = DONE.line()
    assert line.endswith("\n") and line.count("\n") == 1
    assert json.loads(line).keys() == {"time", "event", "step", "seconds", "result"}
    assert parse(line) == DONE


@given(st.text())
def test_any_text_is_one_line(text: str) -> None:
    event = Event(event="log", text=text)
    assert event.line().count("\n") == 1
    assert parse(event.line()) == event


@given(st.integers(min_value=0, max_value=len(DONE.line()) - 3))
def test_half_a_line_is_no_event(end: int) -> None:
    assert parse(DONE.line()[:end]) is None


@given(st.binary())
def test_wild_bytes_are_no_event(wild: bytes) -> None:
    assert parse(wild) is None


def test_a_field_that_is_not_documented_is_no_event() -> None:
    assert parse('{"event": "log", "secret": "x"}') is None

"""The journal's lines as columns."""

import json

from hypothesis import given
from hypothesis import strategies as st

from higuera.cli.journal import format_journal

SWITCH = {
    "step": "switch",
    "result": "ok",
    "start": "2026-11-23T14:05:03Z",
    "end": "2026-11-23T14:05:05Z",
    "release": "20261123T140450Z-ab12cd3",
    "actor": "ana@laptop",
    "detail": "plan 0041 to 0042",
}


def test_columns() -> None:
    lines = [SWITCH, {"step": "deploy", "result": "abandoned", "end": "2026-11-23T15:00:00Z"}]
    assert format_journal("".join(json.dumps(line) + "\n" for line in lines)) == (
        "2026-11-23T14:05:05Z  switch  ok         2 s  20261123T140450Z-ab12cd3  ana@laptop"
        "  plan 0041 to 0042\n"
        "2026-11-23T15:00:00Z  deploy  abandoned\n"
    )


def test_nothing_yet() -> None:
    assert format_journal("") == ""


@given(st.lists(st.sampled_from([json.dumps(SWITCH), "torn {", "17", '{"step": null}', ""])))
def test_a_line_in_is_a_line_out(lines: list[str]) -> None:
    shown = format_journal("".join(f"{line}\n" for line in lines)).splitlines()
    assert len(shown) == len(lines)
    for line, out in zip(lines, shown, strict=True):
        assert out == line or line.startswith("{")

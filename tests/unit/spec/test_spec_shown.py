"""Text of somebody else's on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from higuera.spec.shown import shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Añade un formulario ✅", "Añade un formulario ✅"),
        ("a\tb", "a\tb"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("up\x1b[1A", r"up\x1b[1A"),
        ("over\rwritten", r"over\rwritten"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("", ""),
    ],
)
def test_what_steers_a_terminal_is_escaped(text: str, said: str) -> None:
    assert shown(text) == said


@given(st.text())
def test_nothing_steers_and_plain_text_stays(text: str) -> None:
    said = shown(text)
    assert said.replace("\t", "").isprintable()
    assert (said == text) == text.replace("\t", "").isprintable()

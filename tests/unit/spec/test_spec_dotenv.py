"""A `.env` text is read as python-dotenv reads it, and each mistake has its line."""

import io
import traceback

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from higuera.errors import SecretError
from higuera.spec.dotenv import parse_dotenv

CANARY = "canary-8f3b"
NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
WILD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)
LINES = st.lists(
    st.sampled_from(
        ["A=1", "B='x", "C", "# c", "", "export D=2", "E F", "=x", "G='a\nb'", '"', "é="]
    )
    | WILD
)


@given(LINES.map("\n".join))
def test_as_python_dotenv_reads_it(text: str) -> None:
    known = dotenv_values(stream=io.StringIO(text, newline=None), interpolate=False)
    found = parse_dotenv(text, "f", strict=False)
    assert {name: entry.value for name, entry in found.items()} == {
        name: value or "" for name, value in known.items()
    }


@given(st.dictionaries(NAME, WILD, max_size=5))
def test_what_is_quoted_is_read_back(values: dict[str, str]) -> None:
    text = "".join(
        "{}='{}'\n\n".format(name, value.replace("\\", "\\\\").replace("'", "\\'"))
        for name, value in values.items()
    )
    found = parse_dotenv(text, "f")
    assert {name: entry.value for name, entry in found.items()} == values
    assert all(text.split("\n")[e.line - 1].startswith(f"{n}='") for n, e in found.items())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"A=1\n\n# c\nnot a line {CANARY}\n", 4),
        (f"A=1\nB='{CANARY}\n", 2),
        (f"\n\n={CANARY}", 3),
        (f"A='1'{CANARY}\nB=2\n", 1),
        (f"A='1\n2'\nB='3' {CANARY}", 3),
    ],
)
def test_a_mistake_has_its_line(text: str, line: int) -> None:
    with pytest.raises(SecretError) as raised:
        parse_dotenv(text, ".env.x")
    assert str(raised.value).startswith(f".env.x:{line}: should be NAME=value")
    assert CANARY not in "".join(traceback.format_exception(raised.value))


def test_lines() -> None:
    found = parse_dotenv("\ufeffA=1\r\n\r\n# c\r\n  export B='x\r\ny'\r\nC=3\nA=4", "f")
    assert {name: tuple(entry) for name, entry in found.items()} == {
        "A": ("4", 7),
        "B": ("x\ny", 4),
        "C": ("3", 6),
    }

"""Owner, purpose and way back: in comments of four languages, or beside the file."""

from pathlib import Path

import pytest

from higuera.database.governance.headers import Papers, read_header, read_papers
from higuera.errors import SpecError

FULL = Papers("ana", "why", "drop it")
SQL = "-- owner: ana\n-- purpose: why\n-- way back: drop it\n"


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".sql", SQL),
        (".sql", "\ufeff" + SQL.replace("\n", "\r\n")),
        (
            ".sql",
            "\n\n--OWNER :ana\n-- a word\n--   Purpose:  why \n\n-- way_back: drop it\nselect 1",
        ),
        (".sql", "/* owner: ana\n * purpose: why */\n/* way-back: drop it */ select 1"),
        (".sql", f"{SQL}-- owner: somebody else\n"),
        (".exs", "# owner: ana\n# purpose: why\n# way back: drop it\ndefmodule A do"),
        (".js", "// owner: ana\n// purpose: why\n// way back: drop it\n"),
        (
            ".ts",
            "/**\n * owner: ana\n * purpose: why\n * way back: drop it\n */\nexport class A {}",
        ),
        (".js", "'use strict';\n// owner: ana\n// purpose: why\n// way back: drop it\n"),
        (".exs", "#!/usr/bin/env elixir\n# owner: ana\n# purpose: why\n# way back: drop it\n"),
    ],
)
def test_a_full_header(suffix: str, text: str) -> None:
    assert read_header(text, suffix) == FULL
    assert FULL.missing() == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "select 1;\n-- owner: ana\n",
        "select '\n-- owner: ana\n'",
        "-- the owner: ana\n",
        "# owner: ana\n",
        "-- owner ana\n",
    ],
)
def test_no_header(text: str) -> None:
    assert read_header(text, ".sql") == Papers()


@pytest.mark.parametrize(
    "word", ["", " ", "-", "?", "TODO", "tbd.", "n/a", "...", "<your team>", "FIXME!"]
)
def test_a_placeholder_is_missing(word: str) -> None:
    assert read_header(f"-- owner: {word}\n", ".sql").missing() == ["owner", "purpose", "way back"]


@pytest.mark.parametrize(
    ("text", "has"),
    [("none", False), ("Irreversible.", False), ("none: restore the dump", True), ("x", True)],
)
def test_a_way_back_that_is_one(text: str, has: bool) -> None:
    assert Papers("a", "b", text).has_way_back == has
    assert Papers("a", "b", text).missing() == []


def test_a_file_beside_fills_in_what_the_header_lacks(tmp_path: Path) -> None:
    (tmp_path / "1_a.yml").write_text("owner: bea\npurpose: why\nway_back: drop it\n")
    found = read_papers(tmp_path / "1_a.sql", "-- owner: ana\n")
    assert found == FULL


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("wayback: x", "1.yml: wayback: unknown key (did you mean way_back?)"),
        ("owner: [a]", "1.yml: owner: should be text, got a list"),
        ("- a", "1.yml: should hold keys and values"),
        ("owner: {", "1.yml:1: expected the node content, but found '<stream end>'"),
    ],
)
def test_a_file_beside_at_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1.yml").write_text(text)
    with pytest.raises(SpecError) as caught:
        read_papers(tmp_path / "1.sql", SQL)
    assert str(caught.value) == why

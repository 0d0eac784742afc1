"""Diffs of files, for a reader."""

import pytest

from higuera.facts.files import FileState, HostFiles
from higuera.operations.diff import format_diff
from higuera.render.files import File


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\n", "a", [" a", "+\\ No newline at end of file"]),
        ("a", "a\n", [" a", "-\\ No newline at end of file"]),
        ("a\x1b[2J\n", "b\n", [r"-a\x1b[2J", "+b"]),
        ("a\n", "a\r\n", ["-a", r"+a\r"]),
        ("a\n", "a\n\n", [" a", "+"]),
        ("", "a\n", ["+a"]),
        ("a\n", "", ["-a"]),
    ],
)
def test_every_change_of_text_shows(before: str, after: str, lines: list[str]) -> None:
    there = HostFiles(files={"/a": FileState("", "0644", "root:root", before)})
    assert format_diff([File("/a", after)], there)[3:] == lines

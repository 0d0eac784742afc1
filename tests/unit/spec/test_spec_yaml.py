"""Every mistake in the YAML itself has a file and a line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from higuera.errors import SpecError
from higuera.spec.yaml import read_yaml


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "stack.yml"


def fault(file: Path, text: str | bytes) -> str:
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpecError) as raised:
        read_yaml(file)
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("app: forms\n\tport: 1\n", "stack.yml:2: found character '\\t'"),
        ("app: a\nport: 1\napp: b\n", "stack.yml:3: the key app stands here twice"),
        ("a:\n  b: 1\n  b: 2\n", "stack.yml:3: the key b stands here twice"),
        ("- {a: {b: 1, b: 2}}\n", "stack.yml:1: the key b stands here twice"),
        ("app: forms\n3001: web\n", "stack.yml:2: the key 3001 should be text"),
        ("app: forms\non: web\n", "stack.yml:2: the key True should be text"),
        ("a: 1\n? [b]\n: 2\n", "stack.yml:2: the key ['b'] should be text"),
        ("a: 1\ndate: 2026-13-45\n", "stack.yml:2: '2026-13-45' is no timestamp"),
        ("a: 1\nb: [1, !!int '']\n", "stack.yml:2: '' is no int"),
        ("a: 1\nb: !!int x\n", "stack.yml:2: 'x' is no int"),
        ("a: 1\nb: !!float ''\n", "stack.yml:2: '' is no float"),
        ("a: 1\nb: !!bool maybe\n", "stack.yml:2: 'maybe' is no bool"),
        ("a: 1\nb: !!timestamp soon\n", "stack.yml:2: 'soon' is no timestamp"),
        (f"a: 1\nb: {'1' * 5000}\n", "stack.yml:2: '1111"),
        ("a: 1\nb: !!python/object/apply:os.getcwd []\n", "stack.yml:2: could not determine"),
        ("a: 1\nb: !secret x\n", "stack.yml:2: could not determine a constructor"),
        ("a: *b\n", "stack.yml:1: found undefined alias"),
        ("a: 1\nb: 'open\n", "stack.yml:3: found unexpected end of stream"),
        ("a: 1\n---\nb: 2\n", "stack.yml:2: but found another document"),
        ("a: 1\nb: \0\n", "stack.yml:2: holds a control character"),
        ("a: 1\nb: \x1b[0m\n", "stack.yml:2: holds a control character"),
        (b"a: 1\nb: \xff\xfe\n", "stack.yml:2: is not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n\0\0", "stack.yml:1: is not UTF-8 text"),
        ("[" * 20_000, "stack.yml: is nested too deeply"),
        ("a: " + "{a: " * 20_000, "stack.yml: is nested too deeply"),
        ("- a\n", "stack.yml: should hold keys and values"),
        ("text\n", "stack.yml: should hold keys and values"),
        ("", "stack.yml: should hold keys and values"),
        ("null\n", "stack.yml: should hold keys and values"),
    ],
)
def test_fault_has_file_and_line(file: Path, text: str | bytes, sentence: str) -> None:
    found = fault(file, text)
    assert found.startswith(sentence), found
    assert "\n" not in found


def test_missing_file(file: Path) -> None:
    with pytest.raises(SpecError, match=r"^stack.yml: there is no such file$"):
        read_yaml(file)


def test_folder_in_place_of_a_file(file: Path) -> None:
    file.mkdir()
    with pytest.raises(SpecError, match=r"^stack.yml: cannot be read: Is a directory$"):
        read_yaml(file)


def test_file_elsewhere_is_named_in_full(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    file.write_text("- a\n")
    monkeypatch.chdir("/usr")
    assert fault(file, "- a\n").startswith(f"{file}: ")


def test_good_file(file: Path) -> None:
    file.write_text("a: &x {b: 1}\nc: *x\nd: 2026-01-02\n'on': [é, 1.5, null]\n")
    data = read_yaml(file)
    assert data["c"] == {"b": 1}
    assert data["on"] == ["é", 1.5, None]


@given(st.text())
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    readable(tmp_path_factory, text.encode(errors="surrogatepass"))


@given(st.binary())
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    readable(tmp_path_factory, data)


TOKENS = ["a", "b: ", "- ", "{", "}", "[", "]", "&x ", "*x", "!!int ", "!!timestamp ", "!!set "]
TOKENS += ["!!binary ", "!!omap ", "<<: ", "? ", "|\n", ">\n", "\n", "  ", "\t", "'", '"', "\\x41"]
TOKENS += ["2026-13-45", "1:99", "0x", ".inf", "~", "---\n", "...\n", "%YAML 9.9\n", "#", ","]


@given(st.lists(st.sampled_from(TOKENS), max_size=30).map("".join))
def test_any_tokens(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    readable(tmp_path_factory, text.encode())


def readable(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Reads as a mapping with keys of text, or is refused with a sentence."""
    file = tmp_path_factory.getbasetemp() / "any.yml"
    file.write_bytes(data)
    try:
        found = read_yaml(file)
    except SpecError as error:
        assert str(error).startswith(str(file))
    else:
        assert all(isinstance(key, str) for key in found)

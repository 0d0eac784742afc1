"""A render as a folder: whole or not at all, and never over what is not a render's."""

import json
from contextlib import chdir
from pathlib import Path

import pytest

from higuera.errors import RenderError
from higuera.offline.tree import INDEX, write_tree
from higuera.render.files import File

ONE = [File("/etc/a/one", "1\n"), File("/etc/b/two", "2\n", mode="0600")]
OTHER = [File("/etc/a/one", "other\n", mode="0755"), File("/etc/c", "3\n")]


def content(folder: Path) -> dict[str, tuple[str, int]]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != INDEX]
    return {
        str(path.relative_to(folder)): (path.read_text(), path.stat().st_mode & 0o7777)
        for path in files
    }


def test_a_render_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    folder = tmp_path / "new/there"
    write_tree(folder, ONE)
    assert content(folder) == {"etc/a/one": ("1\n", 0o644), "etc/b/two": ("2\n", 0o600)}
    write_tree(folder, OTHER)
    assert content(folder) == {"etc/a/one": ("other\n", 0o755), "etc/c": ("3\n", 0o644)}
    assert not (folder / "etc/b").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["there"]
    assert json.loads((folder / INDEX).read_text())[0] == {
        "path": "/etc/a/one",
        "mode": "0755",
        "owner": "root:root",
    }


def test_an_empty_folder_and_a_link_to_one(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    write_tree(tmp_path / "link", ONE)
    assert (tmp_path / "link").is_symlink()
    assert len(content(tmp_path / "empty")) == 2


@pytest.mark.parametrize("index", [None, "[]", "{}", "[1]", "no", '[{"path": 1}]'])
def test_what_no_render_wrote_stays(tmp_path: Path, index: str | None) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    (folder / "mine").write_text("mine")
    if index is not None:
        (folder / INDEX).write_text(index)
    with pytest.raises(RenderError, match="which no render wrote: name another folder"):
        write_tree(folder, ONE)
    assert (folder / "mine").read_text() == "mine"


def test_a_file_added_to_a_render_stays(tmp_path: Path) -> None:
    write_tree(tmp_path / "there", ONE)
    (tmp_path / "there/etc/a/mine").write_text("mine")
    with pytest.raises(RenderError, match="holds etc/a/mine, which no render wrote"):
        write_tree(tmp_path / "there", OTHER)
    assert len(content(tmp_path / "there")) == 3


def test_not_where_one_is_nor_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RenderError, match="is no folder"):
        write_tree(tmp_path / "file", ONE)
    with pytest.raises(RenderError, match="cannot be made: File exists"):
        write_tree(tmp_path / "file/in", ONE)
    (tmp_path / "here/below").mkdir(parents=True)
    for place in ("here", "here/below"):
        with chdir(tmp_path / place), pytest.raises(RenderError, match="is where you are"):
            write_tree(tmp_path / "here", ONE)


@pytest.mark.parametrize("call", ["write_text", "rename", "chmod"])
@pytest.mark.parametrize("after", [0, 1])
def test_a_ctrl_c_leaves_the_earlier_render_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, after: int
) -> None:
    folder = tmp_path / "there"
    write_tree(folder, ONE)
    before = content(folder)
    real, calls = getattr(Path, call), []

    def interrupted(*given: object, **named: object) -> object:
        calls.append(given)
        if len(calls) == after + 1:
            raise KeyboardInterrupt
        return real(*given, **named)

    monkeypatch.setattr(Path, call, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_tree(folder, OTHER)
    monkeypatch.undo()
    assert content(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["there"]

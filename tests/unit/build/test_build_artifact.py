"""Equal trees give equal bytes, and the real tools unpack what was packed."""

import hashlib
import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from build_project import tree_of, write
from hypothesis import given, settings
from hypothesis import strategies as st

from higuera.build.artifact import Artifact, pack, sha256_of
from higuera.errors import BuildError

NAMES = [
    "a",
    "b b",
    "é",
    "-rf",
    "new\nline",
    "x" * 150,
    os.fsdecode(b"\xff"),
    "d/e",
    "d/f/g",
    "z/y",
]


def fill(folder: Path, names: list[str]) -> Path:
    for name in names:
        write(folder, name, f"content of {os.fsencode(name).hex()}\n")
    write(folder, "program", "#!/bin/sh\n", 0o755)
    (folder / "link").symlink_to("d/e")
    (folder / "dangling").symlink_to("/no/where")
    (folder / "empty").mkdir()
    return folder


def unpacked(artifact: Artifact, folder: Path) -> Path:
    folder.mkdir()
    script = 'zstd -dc -- "$1" | tar -x -C "$2"'
    subprocess.run(["sh", "-ec", script, "sh", artifact.path, folder], check=True)
    return folder


def test_real_tools_unpack_an_equal_tree(tmp_path: Path) -> None:
    origin = fill(tmp_path / "origin", NAMES)
    artifact = pack(origin, tmp_path / "a.tar.zst")
    there = unpacked(artifact, tmp_path / "there")
    assert tree_of(there) == tree_of(origin)
    assert artifact.sha256 == hashlib.sha256(artifact.path.read_bytes()).hexdigest()
    assert artifact.size == artifact.path.stat().st_size
    assert not list(tmp_path.glob("*.part"))


def test_equal_trees_give_equal_bytes(tmp_path: Path) -> None:
    one = fill(tmp_path / "one", NAMES)
    two = fill(tmp_path / "two", NAMES[::-1])
    for number, path in enumerate(sorted(two.rglob("*"))):
        os.utime(path, (number, number), follow_symlinks=False)
        if os.geteuid() == 0:
            os.chown(path, 1000 + number, 1000, follow_symlinks=False)
        if path.is_file() and not path.is_symlink():
            path.chmod(0o4777 if path.stat().st_mode & 0o100 else 0o600)
    first, second = (pack(tree, tmp_path / f"{tree.name}.tar.zst") for tree in (one, two))
    assert first.path.read_bytes() == second.path.read_bytes()
    assert (first.content, first.sha256) == (second.content, second.sha256)


def test_entries_are_in_order_whatever_the_file_system_says(tmp_path: Path) -> None:
    artifact = pack(fill(tmp_path / "tree", NAMES[::-1]), tmp_path / "a.tar.zst")
    plain = subprocess.run(["zstd", "-dc", artifact.path], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        names = tar.getnames()
    assert names == sorted(names)
    assert len(names) == len(tree_of(tmp_path / "tree"))


def test_hard_links_are_packed_as_the_files_they_are(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, "a", "same\n")
    os.link(tmp_path / "one/a", tmp_path / "one/b")
    write(tmp_path / "two", "b", "same\n")
    first, second = (pack(tmp_path / n, tmp_path / f"{n}.tar.zst") for n in ("one", "two"))
    assert first.content == second.content
    assert tree_of(unpacked(first, tmp_path / "there")) == tree_of(tmp_path / "two")


def test_content_is_of_the_tree_and_not_of_the_name(tmp_path: Path) -> None:
    tree = fill(tmp_path / "tree", NAMES)
    found = {pack(tree, tmp_path / f"{name}.tar.zst").content for name in ("x", "y")}
    assert len(found) == 1
    assert pack(tree, tmp_path / "z.tar.zst", content="given").content == "given"


@pytest.mark.parametrize("name", ["program", "d/e", "a"])
def test_content_changes_with_mode_and_bytes(tmp_path: Path, name: str) -> None:
    tree = fill(tmp_path / "tree", NAMES)
    before = pack(tree, tmp_path / "a.tar.zst")
    mode = (tree / name).stat().st_mode
    (tree / name).chmod(mode ^ 0o111)
    other_mode = pack(tree, tmp_path / "b.tar.zst").content
    (tree / name).chmod(mode)
    write(tree, name, "other\n", mode & 0o777)
    other_bytes = pack(tree, tmp_path / "c.tar.zst").content
    assert len({before.content, other_mode, other_bytes}) == 3


def test_empty_folder_is_no_artifact(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BuildError, match="the build left nothing there"):
        pack(tmp_path / "empty", tmp_path / "a.tar.zst")
    assert not (tmp_path / "a.tar.zst").exists()


def test_sha256(tmp_path: Path) -> None:
    assert sha256_of(write(tmp_path, "a", "abc")) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


FILE_NAME = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=40
)


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        FILE_NAME.filter(lambda name: name not in (".", "..")), st.binary(), min_size=1, max_size=5
    )
)
def test_any_tree_comes_back(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    origin = folder / "origin"
    origin.mkdir()
    for name, content in files.items():
        (origin / name).write_bytes(content)
    there = unpacked(pack(origin, folder / "a.tar.zst"), folder / "there")
    assert tree_of(there) == tree_of(origin)

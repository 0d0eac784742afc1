"""Rendered files as a folder on this machine, with the paths that they have on the host."""

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from higuera.errors import RenderError
from higuera.render.files import File
from higuera.spec.yaml import shown

# What a folder holds that a render made: path, mode and owner of each file.
INDEX = "files.json"


def listing(files: Iterable[File]) -> list[dict[str, str]]:
    """Path, mode and owner, in the order of the files."""
    return [{"path": file.path, "mode": file.mode, "owner": file.owner} for file in files]


def write_tree(folder: Path, files: list[File]) -> None:
    """Write the files below a folder; replaces an earlier render whole, and nothing else.

    Owners are named in the index only. Raises RenderError where the folder is in other use.
    """
    folder = folder.resolve()
    _refuse(folder)
    beside = _beside(folder)
    try:
        for file in files:
            path = beside / "new" / file.path.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")
            path.chmod(int(file.mode, 8))
        index = json.dumps(listing(files), indent=1)
        (beside / "new" / INDEX).write_text(f"{index}\n", encoding="utf-8")
        _swap(beside / "new", folder, beside / "old")
    except OSError as error:
        raise RenderError(f"{shown(folder)}: cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _beside(folder: Path) -> Path:
    """A folder of the same file system, so that a rename is all that is left to do."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise RenderError(f"{shown(folder)}: cannot be made: {error.strerror}") from None


def _swap(new: Path, folder: Path, old: Path) -> None:
    new.chmod(0o755)
    if folder.exists():
        folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:  # Ctrl-C too
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise


def _refuse(folder: Path) -> None:
    where = shown(folder)
    if Path.cwd().is_relative_to(folder):
        raise RenderError(f"{where}: is where you are: name a folder of its own")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise RenderError(f"{where}: is no folder")
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    foreign = sorted(there - _rendered(folder / INDEX))
    if foreign:
        raise RenderError(
            f"{where}: holds {foreign[0]}, which no render wrote: name another folder"
        )


def _rendered(index: Path) -> set[str]:
    try:
        entries = json.loads(index.read_text(encoding="utf-8"))
        return {INDEX, *(entry["path"].lstrip("/") for entry in entries)}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return set()

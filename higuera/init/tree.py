"""The files of an app, as a build would take them, and what was guessed from which."""

from dataclasses import dataclass
from pathlib import Path

from higuera.build.source import source_files
from higuera.errors import SpecError

# Bytes; nothing that is read here is larger, and generated files are.
READABLE = 1_000_000


@dataclass(frozen=True)
class Guess:
    """One line for the user: what is taken to be so, and the file that says it."""

    says: str
    seen: str

    def __str__(self) -> str:
        return f"{self.says} ({self.seen})".encode("ascii", "backslashreplace").decode()


@dataclass(frozen=True)
class Tree:
    """A folder and its files, relative to it, what git ignores left out."""

    root: Path
    files: tuple[str, ...]

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self.files

    def text(self, name: str) -> str:
        """What a file says; nothing where it is no text, or too large to have been written."""
        path = self.root / name
        try:
            return path.read_text() if path.stat().st_size <= READABLE else ""
        except (OSError, UnicodeDecodeError):
            return ""

    def below(self, folder: str) -> list[str]:
        """The files of a folder and its folders; all of them for the empty name."""
        return [name for name in self.files if not folder or name.startswith(f"{folder}/")]

    def first(self, folder: str, *stems: str) -> str | None:
        """The first file right in a folder whose name starts with one of these."""
        depth = folder.count("/") + 1 if folder else 0
        here = [name for name in self.below(folder) if name.count("/") == depth]
        return next((n for n in here if n.rpartition("/")[2].startswith(stems)), None)


def tree_of(root: Path) -> Tree:
    """The tree of a folder. Raises SpecError where there is none, BuildError where it is empty."""
    if not root.is_dir():
        raise SpecError(f"{root}: there is no such folder; give the folder of the app")
    return Tree(root, tuple(source_files(root)))


def inside(folder: str, name: str) -> str:
    """A path in a folder, which is empty at the top."""
    return f"{folder}/{name}" if folder else name

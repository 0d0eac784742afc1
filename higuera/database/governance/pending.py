"""Which migrations are pending, offline: what git says was added or changed. Others run git."""

from dataclasses import dataclass
from pathlib import Path

from higuera.database.governance.ran import Ran, Run
from higuera.errors import DatabaseError

# Where others work from; the first that is there counts.
UPSTREAM = ("origin/HEAD", "origin/main", "main")
SHALLOW = "a shallow clone may lack it: fetch all of the history"


@dataclass(frozen=True)
class Pending:
    """The choice that was made. `files` is None where every file counts."""

    choice: str
    files: frozenset[Path] | None = None

    def has(self, path: Path) -> bool:
        """Whether a file is pending."""
        return self.files is None or path in self.files


def choose(folder: Path, files: list[Path], since: str | None, every: bool, run: Run) -> Pending:
    """`--all`, `--since`, or what can be told. Raises DatabaseError for a REF that is no good."""
    if every and since is not None:
        raise DatabaseError("give either --all or --since, not both")
    if every:
        return Pending("all files (--all)")
    if since is not None:
        return _since(folder, files, since, run)
    try:
        return _since_upstream(folder, files, run)
    except DatabaseError as error:  # nobody asked for git
        return Pending(f"all files ({error})")


def _since_upstream(folder: Path, files: list[Path], run: Run) -> Pending:
    here = _git(folder, run, "rev-parse", "--git-dir")
    if here.status != 0:
        raise DatabaseError(f"git: {_why(here)}")
    for name in UPSTREAM:
        if _git(folder, run, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").status == 0:
            return _since(folder, files, name, run)
    raise DatabaseError(f"git knows none of {', '.join(UPSTREAM)} here")


def _since(folder: Path, files: list[Path], ref: str, run: Run) -> Pending:
    commit = _git(folder, run, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if commit.status != 0:
        raise DatabaseError(f"git knows no {ref}: {_why(commit)}; {SHALLOW}")
    base = _git(folder, run, "merge-base", commit.out.strip(), "HEAD")
    if base.status != 0:
        raise DatabaseError(f"git finds no merge base with {ref}: {_why(base)}; {SHALLOW}")
    start = base.out.strip()
    # Against the files as they are now, committed or not. What git does not track is new.
    changed = _names(folder, run, "diff", "--relative", "--name-only", "--no-renames", "-z", start)
    tracked = _names(folder, run, "ls-files", "-z")
    found = (path for path in files if path in changed or path not in tracked)
    return Pending(f"files changed since {ref} (merge base {start[:10]})", frozenset(found))


def _names(folder: Path, run: Run, *words: str) -> set[Path]:
    ran = _git(folder, run, *words, "--", ".")
    if ran.status != 0:
        raise DatabaseError(f"git {words[0]} failed: {_why(ran)}")
    return {folder / name for name in ran.out.split("\0") if name}


def _git(folder: Path, run: Run, *words: str) -> Ran:
    return run(["git", "-C", str(folder), *words], "")


def _why(ran: Ran) -> str:
    lines = [line for line in ran.err.splitlines() if line.strip()]
    return lines[0].removeprefix("fatal: ") if lines else f"exit {ran.status}"

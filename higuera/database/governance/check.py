"""`higuera migrations check`: headers of all files, class and lint of the pending ones. Pure."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from higuera.database.governance.headers import Papers, mark_of, read_papers
from higuera.database.governance.lint import SYNTAX, run_squawk
from higuera.database.governance.pending import Pending
from higuera.database.governance.ran import Run
from higuera.database.governance.statements import Action, Unreadable, kind_of, read_actions
from higuera.database.governance.syntax import Kind
from higuera.errors import HigueraError, SpecError
from higuera.spec.database import Lint
from higuera.spec.load import STACK_FILE, Deployment
from higuera.spec.yaml import shown

Weight = Literal["note", "finding", "error"]


@dataclass(frozen=True)
class Remark:
    """What is to be said of a line. An error means that a check did not run."""

    file: str
    line: int
    weight: Weight
    source: str
    """Who says so: `header`, `class`, `squawk RULE`; a class for a note, `error` for an error."""
    text: str


@dataclass(frozen=True)
class Checked:
    """One migration."""

    file: str
    pending: bool
    kind: Kind | None
    """None where it is not pending, or could not be read."""
    papers: Papers
    remarks: list[Remark] = field(default_factory=list)
    syntax: Remark | None = None
    """Where PostgreSQL would refuse to read it."""


@dataclass(frozen=True)
class Report:
    """All of them."""

    choice: str
    files: list[Checked]

    @property
    def remarks(self) -> list[Remark]:
        """In the order of the files, then of their lines."""
        return [remark for file in self.files for remark in sorted(file.remarks, key=_line)]

    def count(self, weight: Weight) -> int:
        """How many remarks of a weight."""
        return sum(remark.weight == weight for remark in self.remarks)

    @property
    def status(self) -> int:
        """The exit status: 1 where a check did not run, else 2 with findings, else 0."""
        return 1 if self.count("error") else 2 if self.count("finding") else 0


def settings_of(deployment: Deployment) -> tuple[Path, Lint]:
    """The folder of migrations and the rules. Raises SpecError where the stack names none."""
    database = deployment.stack.database
    migrate = database.migrate if database else None
    stack = shown(deployment.inventory / STACK_FILE)
    if migrate is None or migrate.files is None:
        raise SpecError(f"{stack}: database.migrate.files: is required: the folder of migrations")
    folder = deployment.source / migrate.files
    if not folder.is_dir():
        where = f"{stack}: database.migrate.files"
        raise SpecError(f"{where}: there is no folder {migrate.files} in {deployment.stack.source}")
    return folder, migrate.lint


def check(source: Path, files: list[Path], pending: Pending, lint: Lint, run: Run) -> Report:
    """Check migrations; their paths are shown relative to `source`. Raises when squawk fails."""
    return Report(
        pending.choice, [_check(source, path, pending.has(path), lint, run) for path in files]
    )


def _check(source: Path, path: Path, pending: bool, lint: Lint, run: Run) -> Checked:
    name = path.relative_to(source).as_posix()
    file = os.fsencode(name).decode(errors="backslashreplace")  # to print, whatever its bytes
    try:
        text = path.read_bytes().decode()
        papers = read_papers(path, text)
    except (OSError, UnicodeDecodeError, HigueraError) as error:
        return Checked(file, pending, None, Papers(), [_error(file, 1, _why(error))])
    remarks = list(_header(file, path, papers))
    if not pending:
        return Checked(file, pending, None, papers, remarks)
    if path.suffix.lower() != ".sql":
        note = Remark(
            file, 1, "note", "unknown", "no SQL: not known what it does, read it yourself"
        )
        return _classed(file, papers, [Action(1, "unknown", note.text)], [*remarks, note])
    actions = read_actions(text)
    if isinstance(actions, Unreadable):
        fault = _error(file, actions.line or 1, f"PostgreSQL's parser: {actions.why}")
        syntax = fault if actions.line is not None else None  # else it is the parser that gave up
        return Checked(file, pending, None, papers, [*remarks, fault], syntax)
    remarks += [
        Remark(file, action.line, "note", action.kind, action.what)
        for action in actions
        if action.what
    ]
    linted = list(_linted(file, text, lint, run))
    remarks += [*linted, *(_refused(file, actions, linted) if lint.assume_in_transaction else ())]
    return _classed(file, papers, actions, remarks)


def _header(file: str, path: Path, papers: Papers) -> Iterator[Remark]:
    for word in papers.missing():
        beside = path.with_suffix(".yml").name
        key = word.replace(" ", "_")
        where = f"`{mark_of(path)} {word}: …` at the top, or {key} in {beside}"
        yield Remark(file, 1, "finding", "header", f"says no {word} ({where})")


def _classed(file: str, papers: Papers, actions: list[Action], remarks: list[Remark]) -> Checked:
    """With a finding where a contract has no way back; a missing one is the header's already."""
    kind = kind_of(actions)
    if kind in ("contract", "unknown") and papers.way_back and not papers.has_way_back:
        first = next(action for action in actions if action.kind == kind)
        text = f'{kind} wants a way back, and "{papers.way_back}" is none'
        remarks = [*remarks, Remark(file, first.line, "finding", "class", text)]
    return Checked(file, True, kind, papers, remarks)


def _linted(file: str, text: str, lint: Lint, run: Run) -> Iterator[Remark]:
    for found in run_squawk(lint, file, text, run):
        if found.rule == SYNTAX:
            yield _error(file, found.line, f"squawk cannot read this: {found.message}")
        else:
            yield Remark(file, found.line, "finding", f"squawk {found.rule}", found.message)


def _refused(file: str, actions: list[Action], linted: list[Remark]) -> Iterator[Remark]:
    """squawk says so only in files of several statements; Drizzle wraps all of them in one."""
    known = {remark.line for remark in linted if "transaction" in remark.source}
    for line in dict.fromkeys(action.line for action in actions if action.alone):
        if line not in known:
            text = "PostgreSQL refuses this inside a transaction, and the migrating tool opens one"
            yield Remark(file, line, "finding", "transaction", text)


def _error(file: str, line: int, why: str) -> Remark:
    return Remark(file, line, "error", "error", why)


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror}"
    return "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)


def _line(remark: Remark) -> int:
    return remark.line

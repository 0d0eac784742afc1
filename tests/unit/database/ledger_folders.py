"""Folders of migrations as the tools write them, and states as short text."""

import json
from pathlib import Path

from higuera.database.ledger import LedgerState

SECOND = 1_700_000_000_000


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def journal(folder: Path, entries: dict[str, int], **texts: str) -> Path:
    """A folder of Drizzle up to 0.45: each tag with its `when`, each text a table by default."""
    listed = [
        {"idx": at, "version": "7", "when": when, "tag": tag, "breakpoints": True}
        for at, (tag, when) in enumerate(entries.items())
    ]
    files = {f"{tag}.sql": texts.get(tag, f'create table "{tag}" (id int);') for tag in entries}
    text = json.dumps({"version": "7", "dialect": "postgresql", "entries": listed}, indent=2)
    return write(folder, {**files, "meta/_journal.json": text})


def folders(folder: Path, *names: str) -> Path:
    """A folder of Drizzle v1 or of Prisma: each migration a folder with a table."""
    files = {f"{name}/migration.sql": f'create table "{name}" (id int);\n' for name in names}
    return write(folder, files)


def brief(state: LedgerState) -> dict[str, list[str]]:
    """What a state says, without its sentences and without what is empty."""
    said = {
        "applied": state.applied,
        "pending": [migration.name for migration in state.pending],
    }
    for problem in state.problems:
        said.setdefault(problem.kind, []).append(problem.migration)
    return {kind: names for kind, names in said.items() if names}

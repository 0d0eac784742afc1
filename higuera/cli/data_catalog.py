"""`higuera db catalog`: owner, purpose and status of every table and column of the target."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from higuera.cli.database import ask_database
from higuera.cli.host import Env
from higuera.database.governance.data_catalog import build
from higuera.database.governance.data_report import (
    format_json,
    format_lines,
    format_markdown,
    summary,
)
from higuera.database.governance.data_words import data_file_of
from higuera.database.governance.dictionary import dictionary_script, ledger_tables, read_rows
from higuera.errors import DatabaseError, SpecError
from higuera.spec.load import load_deployment


def catalog(
    environment: Env = None,
    markdown: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the catalog there; - is stdout.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    minimum: Annotated[
        float | None, typer.Option("--min", metavar="PERCENT", help="The coverage to have.")
    ] = None,
) -> None:
    """Owner, purpose and status of every table and column; exits 2 when stale or under --min."""
    if minimum is not None and not 0 <= minimum <= 100:
        raise SpecError(f"--min {minimum:g}: should be from 0 to 100 percent")
    if as_json and markdown == "-":
        raise SpecError("--json and --markdown - both want stdout: give the Markdown a file")
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    file, name = data_file_of(deployment)
    leave_out = ledger_tables(deployment.stack.database)
    rows = read_rows(ask_database(deployment, dictionary_script(leave_out)))
    found = build(rows, file, name, datetime.now(UTC).date())
    if markdown == "-":
        sys.stdout.write(format_markdown(found))
        print(summary(found, minimum), file=sys.stderr)
    else:
        sys.stdout.write(format_json(found, minimum) if as_json else format_lines(found, minimum))
    if markdown is not None and markdown != "-":
        _write(Path(markdown), format_markdown(found))
    sys.exit(found.status(minimum))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DatabaseError(f"{path}: the catalog cannot be written: {error.strerror}") from None

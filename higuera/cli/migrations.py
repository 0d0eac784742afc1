"""`higuera migrations check`: what CI asks before a migration may be merged."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from higuera.cli.host import Env
from higuera.database.governance.programs import run_program
from higuera.spec.load import load_deployment

app = typer.Typer(help="Checks of migrations, for CI.", no_args_is_help=True)


@app.command("check")
def check(
    environment: Env = None,
    every: Annotated[bool, typer.Option("--all", help="Hold every file pending.")] = False,
    since: Annotated[
        str | None,
        typer.Option(metavar="REF", help="Pending is what changed since the merge base with it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Owner, purpose and way back of every migration; class and locks of the pending ones.

    Exits 2 with findings, and 1 when a check did not run.
    """
    # They load PostgreSQL's parser, which --help can do without.
    from higuera.database.governance.check import check as check_files
    from higuera.database.governance.check import settings_of
    from higuera.database.governance.check_report import format_json, format_lines
    from higuera.database.governance.files import files_of
    from higuera.database.governance.pending import choose

    deployment = load_deployment(Path("inventory"), environment)
    folder, lint = settings_of(deployment)
    files = files_of(folder)
    pending = choose(folder, files, since, every, run_program)
    report = check_files(deployment.source, files, pending, lint, run_program)
    sys.stdout.write(format_json(report) if as_json else format_lines(report))
    sys.exit(report.status)

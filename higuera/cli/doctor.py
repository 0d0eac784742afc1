"""`higuera doctor`: everything that would go wrong later, told now."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from higuera.cli.host import Env, ssh_command
from higuera.cli.plain import plain
from higuera.doctor.report import Finding, Report

COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "not checked": "dim"}


def doctor(
    environment: Env = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check this machine, the way to the host, and the host. Changes nothing.

    Exit status 1: a deploy would fail. 0: it would not, though there may be warnings.
    """
    # Templates, pyinfra and the parser of catalogs, which --help can do without.
    from higuera.doctor.checks import examine
    from higuera.doctor.facts import gather

    report = examine(gather(Path("inventory"), environment, ssh_command))
    console = Console()
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    elif console.is_terminal:
        console.print(format_table(report))
        console.print(summary(report), markup=False, highlight=False)
    else:
        sys.stdout.write(format_lines(report) + summary(report) + "\n")
    sys.exit(0 if report.deployable else 1)


def format_lines(report: Report) -> str:
    """A line a check, its columns aligned."""
    wide = max(len(check.name) for check in report.checks)
    return "".join(
        f"{check.name:{wide}}  {check.status:11}  {_told(check)}\n" for check in report.checks
    )


def format_table(report: Report) -> Table:
    """The same for a terminal."""
    table = Table("check", "", "found", "what to do", box=None, pad_edge=False)
    for check in report.checks:
        shown = Text(check.status, style=COLOURS[check.status])
        table.add_row(check.name, shown, Text(plain(check.found)), Text(plain(check.advice)))
    return table


def summary(report: Report) -> str:
    """The last line: would a deploy fail?"""
    count = {status: sum(check.status == status for check in report.checks) for status in COLOURS}
    told = ", ".join(f"{number} {status}" for status, number in count.items() if number)
    return f"{'a deploy can go ahead' if report.deployable else 'a deploy would fail'}: {told}"


def _told(check: Finding) -> str:
    return plain(f"{check.found} → {check.advice}" if check.advice else check.found)

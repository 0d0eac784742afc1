"""`higuera audit`: the public auditors' scores of a host, beside the targets."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from higuera.audit.report import AuditReport, Finding
from higuera.cli.host import Env, as_root, ssh_command
from higuera.cli.plain import plain
from higuera.spec.load import load_deployment

COLOURS = {"met": "green", "below": "red", "not run": "yellow", "not applicable": "dim"}


def audit(
    environment: Env = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also what the scores consist of.")
    ] = False,
) -> None:
    """Let the public auditors score the host: ssh-audit, lynis, systemd, gixy, sslyze.

    Takes about half a minute and leaves nothing behind. Exit status 0: every target is met. 2: one
    is missed. 1: an auditor could not run.
    """
    # The connectors, which --help can do without.
    from higuera.audit.run import audit as run_auditors
    from higuera.audit.subject import subject_of

    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    subject = subject_of(deployment, ssh_command, as_root)
    with _progress() as waiting_for:
        report = run_auditors(subject, waiting_for)
    console = Console(emoji=False)
    if as_json:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    elif console.is_terminal:
        console.print(format_table(report))
        for line in format_details(report, verbose):
            console.print(Text(line))
        console.print(summary(report), markup=False, highlight=False)
    else:
        lines = [*format_lines(report), *format_details(report, verbose), summary(report)]
        sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(report.exit_status)


@contextmanager
def _progress() -> Iterator[Callable[[list[str]], None]]:
    """Who still runs: on a terminal a line that changes, elsewhere nothing."""
    console = Console(stderr=True, emoji=False)
    with console.status("auditing") as status:
        yield lambda names: status.update(Text(f"auditing: waiting for {', '.join(names)}"))


def format_lines(report: AuditReport) -> list[str]:
    """A line a score, its columns aligned."""
    name = max(len(check.name) for check in report.checks)
    target = max(len(check.target) for check in report.checks)
    return [
        f"{check.name:{name}}  {check.status:14}  {check.target:{target}}  {plain(check.found)}"
        for check in report.checks
    ]


def format_table(report: AuditReport) -> Table:
    """The same for a terminal."""
    table = Table("audit", "", "target", "found", box=None, pad_edge=False)
    for check in report.checks:
        status = Text(check.status, style=COLOURS[check.status])
        table.add_row(Text(check.name), status, Text(check.target), Text(plain(check.found)))
    return table


def format_details(report: AuditReport, verbose: bool) -> list[str]:
    """What misses a target; of the rest only when asked for."""
    shown = [check for check in report.checks if verbose or check.status == "below"]
    return [line for check in shown for line in _details(check)]


def _details(check: Finding) -> list[str]:
    return [f"{check.name}: {plain(detail)}" for detail in check.details]


def summary(report: AuditReport) -> str:
    """The last line: the verdict."""
    count = {status: sum(check.status == status for check in report.checks) for status in COLOURS}
    told = ", ".join(f"{number} {status}" for status, number in count.items() if number)
    verdict = ("every target is met", "no verdict, not all could run", "a target is missed")
    return f"{verdict[report.exit_status]}: {told}"

"""`higuera smoke`: run the smoke checks against an environment or a URL."""

import difflib
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from higuera.cli.host import answer
from higuera.errors import SmokeError
from higuera.smoke import Limits, Report, load_checks, run_checks
from higuera.smoke.loader import Check
from higuera.smoke.model import url_problem
from higuera.smoke.report import format_json, format_junit, format_lines, format_table
from higuera.spec.load import Deployment

if TYPE_CHECKING:
    from higuera.facts.certificate import CertificateState

SSH_FAILED = 255  # ssh(1)


def smoke(
    environment: Annotated[
        str | None,
        typer.Argument(metavar="ENV", help="Environment; the default one if left out."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Base URL to check instead of the environment's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write JUnit XML there as well.")
    ] = None,
    deadline: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.1, help="Time for each check with its retries."),
    ] = Limits.check,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Run only this check; repeatable.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Accept a self-signed certificate.")
    ] = False,
) -> None:
    """Run the smoke checks; exit 1 when one fails or none ran."""
    from higuera.deploys.smoke import smoke_target  # loads pyinfra, which --help can do without

    project = Path.cwd()
    wanted = only or []
    checks = _chosen(load_checks(project), wanted)
    target = smoke_target(project, environment, _usable(url), _shown)
    if insecure:
        target = replace(target, verify=False)
    limits = Limits(check=deadline, total=max(Limits.total, deadline))
    report = run_checks(checks, target, limits, required=wanted)
    sys.stdout.write(_printed(report, as_json=as_json))
    if junit is not None:
        _write(junit, format_junit(report))
    if not report.ok:
        raise typer.Exit(1)


def _shown(deployment: Deployment) -> "CertificateState":
    """The certificate that the host shows; without ssh to it, as if an authority had given it."""
    from higuera.facts.certificate import CertificateState, parse_certificate, question

    done = answer(deployment, f"sh -c {shlex.quote(question(deployment.stack.app))}")
    if done.returncode == SSH_FAILED:
        return CertificateState(sends_on=True)
    return parse_certificate(done.stdout.splitlines())


def _usable(url: str | None) -> str | None:
    """Raise a usage error (exit 2) for a base URL that no request could be sent to."""
    problem = url_problem(url) if url is not None else None
    if problem:
        raise typer.BadParameter(f"the base URL {problem}", param_hint="--url")
    return url


def _chosen(checks: Sequence[Check], only: Sequence[str]) -> list[Check]:
    """Return the checks named; all if none is. Raises a usage error (exit 2) for a wrong name."""
    names = [check.name for check in checks]
    for name in only:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}."
            raise typer.BadParameter(f"no check is called {name}: {hint}", param_hint="--only")
    return [check for check in checks if not only or check.name in only]


def _printed(report: Report, *, as_json: bool) -> str:
    if as_json:
        return format_json(report)
    console = Console()
    if not console.is_terminal:
        return format_lines(report)
    return format_table(report, width=console.width, color=not console.no_color)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SmokeError(f"{path}: the JUnit report cannot be written: {error.strerror}") from error

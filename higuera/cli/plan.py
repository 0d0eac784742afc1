"""`higuera plan`: what a deploy would do, with an exit status to gate on; changes nothing.

pyinfra takes longest to start, so it is started first; all else is imported meanwhile.
"""

import os
import subprocess
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higuera.errors import PlanError

if TYPE_CHECKING:
    from higuera.plan.model import Plan

STYLES = {"  +": "green", "  -": "red", "  @@": "cyan", "refused": "red"}


class Format(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def plan(
    environment: Annotated[
        str | None, typer.Argument(metavar="ENV", help="Environment; the default one if left out.")
    ] = None,
    style: Annotated[Format, typer.Option("--format", help="How it is printed.")] = Format.TEXT,
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format json.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep it as JSON, for `higuera deploy --plan FILE`."),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="No host, no database: render and check all files.")
    ] = False,
    no_way_back: Annotated[bool, typer.Option("--no-way-back", help="Plan such a deploy.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show pyinfra's own messages.")
    ] = False,
) -> None:
    """Say what a deploy would do. It changes nothing.

    Exit status 0: nothing to do. 2: changes. 1: it could not be told, or it would be refused.
    With --offline, for every environment unless one is named, 0: all checks passed. 1: not.
    """
    style = Format.JSON if as_json else style
    if offline:
        if out is not None or no_way_back:
            raise PlanError("--offline knows no host: leave out --out and --no-way-back")
        sys.exit(_check_offline(environment, style))
    with Making(environment, no_way_back, verbose) as making:
        from higuera.spec.load import load_deployment  # while pyinfra starts

        load_deployment(Path("inventory"), environment)
        found = making.plan()
    if out is not None:
        _keep(out, found)
    _show(found, style)
    sys.exit(found.status)


def _check_offline(environment: str | None, style: Format) -> int:
    """Print the report of the offline checks; the exit status."""
    from higuera.offline.check import check_offline  # PostgreSQL's parser, which others do without
    from higuera.offline.report import format_lines as report_lines
    from higuera.offline.report import format_markdown as report_markdown

    report = check_offline(Path("inventory"), environment)
    if style is Format.JSON:
        sys.stdout.write(report.model_dump_json(indent=2) + "\n")
    else:
        sys.stdout.write((report_markdown if style is Format.MARKDOWN else report_lines)(report))
    return report.status


class Making:
    """`pyinfra inventory deploy.py`, which is under way up to where it would act."""

    def __init__(self, environment: str | None, no_way_back: bool, verbose: bool) -> None:
        if not Path("deploy.py").exists():
            raise PlanError("there is no deploy.py here: run this where the project is")
        self._folder = tempfile.TemporaryDirectory(prefix="higuera-plan-")
        self._to = Path(self._folder.name) / "plan.json"
        variables = {**os.environ, "HIGUERA_PLAN_TO": str(self._to)}
        variables.pop("HIGUERA_PLAN", None)
        if environment is not None:
            variables["HIGUERA_ENV"] = environment
        if no_way_back:
            variables["HIGUERA_NO_WAY_BACK"] = "1"
        command = [sys.executable, "-P", "-m", "pyinfra", "inventory", "deploy.py", "--dry"]
        pipe = None if verbose else subprocess.PIPE
        self._process = subprocess.Popen(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr if verbose else pipe,
            stderr=None if verbose else subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def __enter__(self) -> "Making":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()
        self._folder.cleanup()

    def plan(self) -> "Plan":
        """Wait for it. Raises PlanError where it failed; why stands on stderr by then."""
        from higuera.plan.model import Plan

        told, _ = self._process.communicate()
        if self._process.returncode != 0 or not self._to.exists():
            sys.stderr.write(told or "")
            raise PlanError("there is no plan; why is above")
        return Plan.model_validate_json(self._to.read_text(encoding="utf-8"))


def _keep(out: Path, found: "Plan") -> None:
    new = out.with_name(f".{out.name}.new")
    try:
        new.write_text(found.model_dump_json(indent=2) + "\n", encoding="utf-8")
        new.replace(out)
    except OSError as error:
        raise PlanError(f"{out}: the plan cannot be written: {error.strerror}") from None


def _show(found: "Plan", style: Format) -> None:
    from higuera.plan.markdown import format_markdown
    from higuera.plan.text import format_lines

    if style is Format.JSON:
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
    elif style is Format.MARKDOWN:
        sys.stdout.write(format_markdown(found))
    else:
        for line in format_lines(found):
            typer.secho(line, fg=_colour(line))


def _colour(line: str) -> str | None:
    return next((style for start, style in STYLES.items() if line.startswith(start)), None)

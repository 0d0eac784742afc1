"""`higuera plan`: what a deploy would do, with an exit status to gate on; changes nothing."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from higuera.cli.making import Making, Order
from higuera.errors import PlanError

STYLES = {"  +": "green", "  -": "red", "  @@": "cyan", "refused": "red"}


class Format(StrEnum):
    """How a plan is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


ENDINGS = {Format.TEXT: "txt", Format.MARKDOWN: "md", Format.JSON: "json"}


def plan(
    context: typer.Context,
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
    order = Order(environment, no_way_back, verbose)
    begun = context.find_object(Making)
    with begun if begun is not None and begun.order == order else Making(order) as making:
        status = making.finish()
        if out is not None:
            _keep(out, making.read("json"))
        _show(making.read(ENDINGS[style]), style)
    sys.exit(status)


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


def _keep(out: Path, text: str) -> None:
    new = out.with_name(f".{out.name}.new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(out)
    except OSError as error:
        raise PlanError(f"{out}: the plan cannot be written: {error.strerror}") from None


def _show(text: str, style: Format) -> None:
    if style is not Format.TEXT:
        sys.stdout.write(text)
        return
    for line in text.removesuffix("\n").split("\n"):
        typer.secho(line, fg=_colour(line))


def _colour(line: str) -> str | None:
    return next((style for start, style in STYLES.items() if line.startswith(start)), None)

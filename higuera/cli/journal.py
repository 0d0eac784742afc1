"""`higuera journal`: the steps that were taken on a host, for a person or for a program."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from higuera.cli.host import Env, answer, refuse, tool_of
from higuera.spec.load import load_deployment
from higuera.spec.release import moment


def journal(
    environment: Env = None,
    lines: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """The last steps that were taken: when, what, how it ended, how long it took, by whom."""
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    done = answer(deployment, f"{tool_of(deployment)} journal {lines}")
    refuse(deployment, done.returncode)
    print(done.stdout if as_json else format_journal(done.stdout), end="")
    sys.exit(done.returncode)


def format_journal(text: str) -> str:
    """The journal's JSON lines as columns; a line that is none is shown as it is."""
    rows = [_row(line) for line in text.splitlines()]
    widths = [max(map(len, column)) for column in zip(*filter(None, rows), strict=True)]
    shown = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if row
        else line
        for row, line in zip(rows, text.splitlines(), strict=True)
    ]
    return "".join(f"{line}\n" for line in shown)


def _row(line: str) -> list[str] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict):
        return None
    keys = ("step", "result", "release", "actor", "detail")
    step, result, *rest = (str(entry.get(key, "")) for key in keys)
    return [str(entry.get("end", "")), step, result, _took(entry), *rest]


def _took(entry: dict[str, Any]) -> str:
    start, end = (moment(str(entry.get(key, ""))) for key in ("start", "end"))
    return f"{(end - start).total_seconds():.0f} s" if start and end else ""

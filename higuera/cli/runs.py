"""`higuera runs`: the deploys and rollbacks that were run from here, and what came of each."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from higuera.cli.host import Env
from higuera.cli.steps import duration
from higuera.runs import records
from higuera.runs.story import row
from higuera.spec.load import load_deployment


def runs(
    environment: Env = None,
    lines: Annotated[int, typer.Option("-n", min=1, help="How many.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object a line.")] = False,
) -> None:
    """The last deploys and rollbacks from here, newest first: when, what, result, how long, who."""
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    rows = [row(record) for record in records(deployment.project, deployment.name)[:lines]]
    text = "".join(f"{json.dumps(each)}\n" for each in rows) if as_json else format_runs(rows)
    print(text, end="")


def format_runs(rows: list[dict[str, Any]]) -> str:
    """Runs as columns."""
    cells = [_cells(each) for each in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
    return "".join(f"{line}\n" for line in lines)


def _cells(run: dict[str, Any]) -> list[str]:
    result = run["result"]
    if "step" in run:
        result += f" at {run['step']}"
    took = duration(run["seconds"]) if "seconds" in run else ""
    told = [str(run.get(key, "")) for key in ("actor", "release")]
    return [str(run.get("started", "")), run["what"], result, took, *told]

"""`higuera rollback`: `pyinfra inventory rollback.py`, and with `--json` what came of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from higuera.cli.child import command, run_pyinfra
from higuera.cli.display import Raw
from higuera.cli.host import Env, Yes, answer, tool_of
from higuera.errors import HostError
from higuera.spec.load import Deployment, load_deployment


def rollback(
    environment: Env = None,
    to: Annotated[
        str | None, typer.Option(metavar="RELEASE", help="Which; default: the last good one.")
    ] = None,
    yes: Yes = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="What came of it, as JSON on stdout; wants --yes.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also where the old code does not fit the schema.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say where it would go.")] = False,
) -> None:
    """Take traffic back to an earlier release; exits non-zero when that did not happen."""
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    if as_json and not (yes or dry_run):
        raise HostError("--json asks nobody: give --yes or --dry-run with it")
    if not yes and not dry_run and not sys.stdin.isatty():
        raise HostError("there is no terminal to ask on: give --yes; nothing was changed")
    before, target = _standing(deployment) if as_json else (None, None)
    variables = {"HIGUERA_TO": to or "", **({"HIGUERA_FORCE": "1"} if force else {})}
    if dry_run:
        status = _look(deployment, variables)
    else:
        status = run_pyinfra(deployment, "rollback.py", ["-y"] if yes else [], variables, Raw())
    if as_json:
        live, _ = _standing(deployment)
        moved = status == 0 and not dry_run
        answer = {"rolled_back": moved, "from": before, "to": to or target, "live": live}
        print(json.dumps(answer, indent=2))
    sys.exit(status)


def _look(deployment: Deployment, variables: dict[str, str]) -> int:
    given = {**os.environ, **variables, "HIGUERA_ENV": deployment.name}
    words = command("rollback.py", ["--dry"])
    return subprocess.run(words, env=given, stdout=sys.stderr, check=False).returncode


def _standing(deployment: Deployment) -> tuple[str | None, str | None]:
    """The release that serves and the one to go back to, as the host says; None where it cannot."""
    from higuera.facts.standing import Standing  # loads pyinfra, which --help can do without

    tool = tool_of(deployment)
    done = answer(deployment, f"{tool} status --json && {tool} target")
    standing = Standing().process(done.stdout.splitlines())
    return (standing.live or None, standing.target or None) if standing else (None, None)

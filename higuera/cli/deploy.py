"""`higuera deploy`: `pyinfra inventory deploy.py`, shown step by step, with a truthful exit."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from higuera.cli.child import run_pyinfra
from higuera.cli.display import display
from higuera.cli.host import Env, Yes
from higuera.errors import HostError
from higuera.plan.held import read_plan
from higuera.spec.load import load_deployment


def deploy(
    environment: Env = None,
    yes: Yes = False,
    no_way_back: Annotated[
        bool,
        typer.Option(
            "--no-way-back", help="Go on where the live release cannot live on the new schema."
        ),
    ] = False,
    end_sessions: Annotated[
        bool,
        typer.Option("--end-sessions", help="Go on where everybody has to sign in again."),
    ] = False,
    plan: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Only if all is as `higuera plan --out FILE` found it."),
    ] = None,
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Show what pyinfra says, as it is.")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON object an event on stdout; wants --yes.")
    ] = False,
) -> None:
    """Take the stack to its VPS; exits non-zero when that did not happen."""
    deployment = load_deployment(Path("inventory"), environment)
    if as_json and not yes:
        raise HostError("--json asks nobody: give --yes with it")
    if not yes and not sys.stdin.isatty():
        raise HostError("there is no terminal to ask on: give --yes; nothing was changed")
    variables = {"HIGUERA_NO_WAY_BACK": "1"} if no_way_back else {}
    if end_sessions:
        variables["HIGUERA_END_SESSIONS"] = "1"
    if plan is not None:
        read_plan(plan)  # what is no plan is said before anything starts
        variables["HIGUERA_PLAN"] = str(plan.resolve())
    flags = [*(["-y"] if yes else []), *(["-v"] * verbose)]
    shown = display(as_json, verbose > 0)
    sys.exit(run_pyinfra(deployment, "deploy.py", flags, variables, shown))

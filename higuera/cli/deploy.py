"""`higuera deploy`: `pyinfra inventory deploy.py`, with what the deploy has to be told."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from higuera.cli.host import Env
from higuera.errors import HostError
from higuera.spec.load import load_deployment


def deploy(
    environment: Env = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    no_way_back: Annotated[
        bool,
        typer.Option(
            "--no-way-back", help="Go on where the live release cannot live on the new schema."
        ),
    ] = False,
) -> None:
    """Take the stack to its VPS; exits non-zero when that did not happen."""
    deployment = load_deployment(Path("inventory"), environment)
    if not Path("deploy.py").exists():
        raise HostError("there is no deploy.py here: run this where the project is")
    variables = {**os.environ, "HIGUERA_ENV": deployment.name}
    if no_way_back:
        variables["HIGUERA_NO_WAY_BACK"] = "1"
    command = [sys.executable, "-m", "pyinfra", "inventory", "deploy.py", *(["-y"] if yes else [])]
    sys.exit(subprocess.run(command, env=variables, check=False).returncode)

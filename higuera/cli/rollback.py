"""`higuera rollback`: `pyinfra inventory rollback.py` with a word on what it is about to do."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from higuera.cli.host import Env
from higuera.errors import HostError
from higuera.spec.load import load_deployment


def rollback(
    environment: Env = None,
    to: Annotated[
        str | None, typer.Option(metavar="RELEASE", help="Which; default: the last good one.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="pyinfra's JSON on stdout.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say where it would go.")] = False,
) -> None:
    """Take traffic back to an earlier release; exits non-zero when that did not happen."""
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    script = Path("rollback.py")
    if not script.exists():
        raise HostError("there is no rollback.py here: run this where deploy.py is")
    flags = [("--dry", dry_run), ("-y", yes and not dry_run), ("--json", as_json)]
    given = [flag for flag, wanted in flags if wanted]
    variables = {**os.environ, "HIGUERA_ENV": deployment.name, "HIGUERA_TO": to or ""}
    command = [sys.executable, "-m", "pyinfra", "inventory", str(script), *given]
    sys.exit(subprocess.run(command, env=variables, check=False).returncode)

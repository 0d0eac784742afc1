"""`higuera db`: questions to the target database, and how one is asked."""

import subprocess

import typer

from higuera.cli.host import as_root, refuse, tool_of
from higuera.errors import DatabaseError
from higuera.spec.load import Deployment

app = typer.Typer(no_args_is_help=True)


def ask_database(deployment: Deployment, script: str) -> str:
    """What a script of SQL prints on the target, asked from the host. Raises DatabaseError."""
    words = as_root(deployment.environment.host, f"{tool_of(deployment)} sql target")
    done = subprocess.run(words, input=script, stdout=subprocess.PIPE, text=True, check=False)
    refuse(deployment, done.returncode)
    if done.returncode != 0:
        address = deployment.environment.host.address
        raise DatabaseError(f"{address}: the target database gave no answer; why is above")
    return done.stdout

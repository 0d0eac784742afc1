"""`higuera db`: questions to the target database, and how one is asked."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from higuera.cli.host import Env, Yes, answer, as_root, ask, refuse, run, tool_of
from higuera.errors import DatabaseError
from higuera.spec.load import Deployment, load_deployment

app = typer.Typer(help="The target database.", no_args_is_help=True)


def ask_database(deployment: Deployment, script: str) -> str:
    """What a script of SQL prints on the target, asked from the host. Raises DatabaseError."""
    words = as_root(deployment.environment.host, f"{tool_of(deployment)} sql target")
    done = subprocess.run(words, input=script, stdout=subprocess.PIPE, text=True, check=False)
    refuse(deployment, done.returncode)
    if done.returncode != 0:
        address = deployment.environment.host.address
        raise DatabaseError(f"{address}: the target database gave no answer; why is above")
    return done.stdout


Id = Annotated[str, typer.Argument(metavar="ID", help="As `higuera db backups` lists it.")]


@app.command()
def backup(environment: Env = None) -> None:
    """Dump the target on the VPS, verify the dump, print its id; the oldest ones go."""
    ask(environment, "backup by-hand")


@app.command()
def backups(environment: Env = None) -> None:
    """Every dump on the VPS, newest first: id, size, objects."""
    ask(environment, "backups")


@app.command()
def restore(backup: Id, environment: Env = None, yes: Yes = False) -> None:
    """Put the target back to a dump, in one transaction; says first what is lost, and asks.

    Today's database is dumped before. Exits non-zero when it was not restored.
    """
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    since = answer(deployment, f"{tool_of(deployment)} since-backup {shlex.quote(backup)}")
    refuse(deployment, since.returncode)
    if since.returncode != 0:
        sys.exit(since.returncode)
    print(
        f"written since {backup} (as the server counted rows), and lost with a restore, with all "
        f"that is written until it is done:"
    )
    print("".join(f"  {line}\n" for line in since.stdout.splitlines()), end="")
    if not yes and not typer.confirm("Restore it?", err=True):
        raise DatabaseError("declined: nothing was restored")
    run(deployment, f"{tool_of(deployment)} restore {shlex.quote(backup)}")

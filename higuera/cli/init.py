"""`higuera init`: a project for an app, from the app's own files and a few answers."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from higuera.errors import SpecError
from higuera.init.detect import Detected, detect
from higuera.init.stack import stack_of
from higuera.init.tree import Guess, tree_of
from higuera.init.write import SANDBOX, Written, environment_text, stack_text, write
from higuera.spec.load import Deployment, load_deployment

# Where the database is: on the VPS, elsewhere; or there is none.
Place = Literal["local", "external", "none"]


def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER_OF_THE_APP")] = Path(),
    app: Annotated[
        str | None, typer.Option(metavar="NAME", help="Names folders, accounts, units.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="[USER@]ADDRESS", help="The VPS; or @sandbox/NAME.")
    ] = None,
    domain: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Served under it; repeatable.")
    ] = None,
    database: Annotated[
        Place | None, typer.Option(help="PostgreSQL on the VPS, elsewhere, or none.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
) -> None:
    """Write inventory/ and what belongs beside it, here; no file that is there is changed.

    Exits 1 where nothing of the app can be run.
    """
    tree = tree_of(folder)
    found = detect(tree)
    _tell("taken to be so", found.guesses)
    _tell("left out", found.left)
    if not found.services:
        raise SpecError(f"{folder}: nothing here that Higuera can run; nothing was written")
    if not yes and not sys.stdin.isatty():
        raise SpecError("there is no terminal to ask at: say --yes, and with options what differs")
    app = _asked("Name of the app", app, found.name, yes)
    host = _asked("VPS, [USER@]ADDRESS", host, f"{SANDBOX}{app}", yes)
    if domain is None:
        domain = _asked("Domains, a blank between (none: any name)", None, "", yes).split()
    place = _database(found, database, yes)
    source = os.path.relpath(folder.resolve(), Path("inventory").resolve())
    stack = stack_text(stack_of(tree, found, app, source, place))
    written = write(Path(), stack, environment_text(host, domain))
    _tell_files(written)
    _next_steps(load_deployment(Path("inventory"), "production"))


def _asked(question: str, given: str | None, default: str, yes: bool) -> str:
    if given is not None or yes:
        return given if given is not None else default
    answer: str = typer.prompt(question, default=default, show_default=bool(default))
    return answer


def _database(found: Detected, given: Place | None, yes: bool) -> str:
    default = "local" if found.has_database else "none"
    answer = _asked("PostgreSQL: local, external or none", given, default, yes)
    if answer not in get_args(Place):
        raise SpecError(f"{answer}: PostgreSQL is local, external or none")
    return answer


def _tell(title: str, guesses: list[Guess]) -> None:
    for guess in guesses:
        print(f"{title}: {guess}")


def _tell_files(written: Written) -> None:
    for name in written.made:
        print(f"written: {name}")
    for name in written.kept:
        print(f"was there, left as it is: {name}")


def _next_steps(deployment: Deployment) -> None:
    names = ", ".join(deployment.stack.secret_names())
    print("next: read inventory/stack.yml; it is guessed, and yours")
    if names and deployment.environment.secrets == "given":
        print(f"next: write {names} into .env.production, a NAME=value a line")
    print("next: higuera deploy production")

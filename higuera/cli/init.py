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
from higuera.init.write import (
    PRODUCTION,
    SANDBOX,
    STACK,
    Written,
    environment_text,
    stack_text,
    write_inventory,
    write_rest,
)
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
    has_stack, has_environment = _is_there(STACK), _is_there(PRODUCTION)
    found = detect(tree)
    _tell("taken to be so", found.guesses)
    _tell("left out", found.left)
    if not found.services:
        raise SpecError(f"{folder}: nothing here that Higuera can run; nothing was written")
    knows_stack, knows_environment = yes or has_stack, yes or has_environment
    if not (knows_stack and knows_environment) and not sys.stdin.isatty():
        raise SpecError("there is no terminal to ask at: say --yes, and with options what differs")
    app = _asked("Name of the app", app, found.name, knows_stack)
    host = _asked("VPS, [USER@]ADDRESS", host, f"{SANDBOX}{app}", knows_environment)
    if domain is None:
        question = "Domains, a blank between (none: any name)"
        domain = _asked(question, None, "", knows_environment).split()
    place = _database(found, database, knows_stack)
    source = os.path.relpath(folder.resolve(), Path("inventory").resolve())
    stack = stack_text(stack_of(tree, found, app, source, place))
    _tell_files(write_inventory(Path(), stack, environment_text(host, domain)))
    deployment = load_deployment(Path("inventory"), "production")
    _tell_files(write_rest(Path(), deployment.stack))
    _next_steps(deployment)


def _is_there(name: str) -> bool:
    """Said first, since what is guessed or answered changes nothing of it."""
    is_there = Path(name).exists()
    if is_there:
        print(f"is there and stays, whatever is guessed or answered: {name}")
    return is_there


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
    for name in (kept for kept in written.kept if kept not in (STACK, PRODUCTION)):
        print(f"was there, left as it is: {name}")


def _next_steps(deployment: Deployment) -> None:
    names = ", ".join(deployment.stack.secret_names())
    print("next: read inventory/stack.yml; it is guessed, and yours")
    if names and deployment.environment.secrets == "given":
        print(f"next: write {names} into .env.production, a NAME=value a line")
    print("next: higuera deploy production")

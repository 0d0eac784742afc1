"""`higuera drift`: is the target's schema still what it was last proven to be?"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from higuera.cli.host import Env, answer, refuse, tool_of
from higuera.database.drift import THIS_RUN, drift_of, drift_report, format_drift, parse_standing
from higuera.database.target import of_schema
from higuera.errors import DatabaseError
from higuera.spec.database import Accepted
from higuera.spec.load import Deployment, load_deployment

Objects = Annotated[
    list[str] | None,
    typer.Option("--accept", metavar="OBJECT", help="Not counted in this run; may be repeated."),
]


def drift(
    environment: Env = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Rehearse the migrations anew; takes the lock.")
    ] = False,
    accept: Objects = None,
) -> None:
    """Compare the target's schema with what the last release's migrations make.

    Exit status 0: equal. 2: drift, object by object. 1: it could not be told.
    """
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    database = deployment.stack.database
    if database is None or not database.is_gated:
        raise DatabaseError("the stack file has no database.migrate: there is nothing to compare")
    standing = parse_standing(_ask(deployment, "drift --fresh" if fresh else "drift"))
    if standing.expected is None:
        print("nothing fitting is recorded: rehearsing the migrations", file=sys.stderr)
        standing = parse_standing(_ask(deployment, "drift --fresh"))
    if standing.expected is None:
        raise DatabaseError("no empty database can be had to rehearse the migrations on")
    today = datetime.now(UTC).date()
    passing = [
        Accepted(object=name, owner=THIS_RUN, reason="--accept", until=today)
        for name in accept or []
    ]
    found = drift_of(standing, [*of_schema(database), *passing], today)
    told = drift_report(found).model_dump_json(indent=2) if as_json else None
    print(told or "\n".join(format_drift(found)))
    sys.exit(0 if found.is_equal else 2)


def _ask(deployment: Deployment, command: str) -> list[str]:
    done = answer(deployment, f"{tool_of(deployment)} {command}")
    refuse(deployment, done.returncode)
    if done.returncode == 2:
        raise DatabaseError("the tool on the host is older than this one: deploy once")
    if done.returncode != 0:
        raise DatabaseError("the host could not tell; its message is above")
    return done.stdout.splitlines()

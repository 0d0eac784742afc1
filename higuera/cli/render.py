"""`higuera render`: the exact files that the host will hold, with stand-ins for secrets."""

import json
from pathlib import Path
from typing import Annotated

import typer

from higuera.cli.host import Env
from higuera.offline.rendered import rendered
from higuera.offline.tree import listing, write_tree
from higuera.spec.load import load_deployment


def render(
    environment: Env = None,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write them below; an earlier render goes.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Every file that the host will hold: path, mode, owner. No secret is asked for or shown.

    Where sshd listens on other ports than 22, the host's own firewall file names those.
    """
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    files = rendered(deployment)
    if to is not None:
        write_tree(to, files)
    if as_json:
        typer.echo(json.dumps(listing(files), indent=2))
    elif to is not None:
        typer.echo(f"{to}: {len(files)} files of {deployment.name}")
    else:
        for file in files:
            typer.echo(f"{file.mode} {file.owner} {file.path}")

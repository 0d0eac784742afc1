"""`higuera sandbox`: boot, reach, list and remove throw-away VPSes on this machine."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from higuera import sandbox
from higuera.errors import SandboxError
from higuera.sandbox import Vps

app = typer.Typer(
    help="Throw-away Debian VPSes on this machine (Linux, root).", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Name of the VPS: a-z, 0-9 and -.", show_default=False)]


@app.command("up")
def up(
    name: Name,
    layer: Annotated[
        str | None, typer.Option(help="Start a new VPS on this saved layer.", show_default=False)
    ] = None,
) -> None:
    """Boot a VPS, making it first if there is none of that name."""
    with _progress() as say:
        vps = sandbox.up(name, layer=layer, say=say)
    typer.echo(format_up(vps))


@app.command("down")
def down(
    name: Annotated[
        str | None, typer.Argument(help="Name of the VPS to remove.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Remove all VPSes and the network.")] = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="With --all: remove the caches and layers too.")
    ] = False,
) -> None:
    """Stop a VPS and remove it with everything on it."""
    if (name is None) != every or (purge and not every):
        raise typer.BadParameter("give either a name, or --all (with --purge if wanted)")
    with _progress() as say:
        say(f"removing {name or 'all VPSes'}")
        removed = sandbox.down_all(purge=purge) if name is None else _down(name)
    caches = " and the caches" if purge else ""
    typer.echo(f"removed: {', '.join(removed) or 'no VPS'}{caches}")


def _down(name: str) -> list[str]:
    sandbox.down(name)
    return [name]


@app.command("list")
def listing(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """List the VPSes on this machine."""
    machines = sandbox.listing()
    if as_json:
        typer.echo(json.dumps([vps.public() for vps in machines], indent=2))
    elif machines:
        Console().print(format_listing(machines))
    else:
        typer.echo("no sandbox VPS; `higuera sandbox up NAME` boots one")


@app.command("ssh", context_settings={"allow_interspersed_args": False})
def ssh(
    name: Name,
    command: Annotated[
        list[str] | None, typer.Argument(help="What to run there; a shell if nothing.")
    ] = None,
    user: Annotated[str, typer.Option(help="root, deploy (sudo) or nosudo.")] = "root",
) -> None:
    """Log in to a VPS, or run a command there and exit with its code."""
    vps = sandbox.get(name)
    if vps.state == "stopped":
        raise SandboxError(f"sandbox: {name} is stopped; `higuera sandbox up {name}` boots it")
    words = command or []
    argv = sandbox.ssh_command(vps, words[1:] if words[:1] == ["--"] else words, user=user)
    os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted


@app.command("reset")
def reset(name: Name) -> None:
    """Throw away all that a VPS wrote, and boot it again as it began."""
    with _progress() as say:
        say(f"resetting {name}")
        vps = sandbox.reset(name, say=say)
    typer.echo(format_up(vps))


def format_up(vps: Vps) -> str:
    """Return the line that says how to reach a VPS."""
    on = f" on layer {vps.layer}" if vps.layer else ""
    return f"{vps.name} is {vps.state} at {vps.address}{on}; `higuera sandbox ssh {vps.name}`"


def format_listing(machines: list[Vps]) -> Table:
    """Return the VPSes as a table."""
    table = Table("name", "state", "address", "layer", box=None, pad_edge=False)
    table.add_column("key", overflow="fold")
    for vps in machines:
        table.add_row(vps.name, vps.state, vps.address, vps.layer or "-", str(vps.key))
    return table


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Give a function that shows a step: a spinner on a terminal, else a line on stderr."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda line: console.print(f"{line} …", markup=False, emoji=False, soft_wrap=True)
        return
    with console.status("…") as status:
        yield lambda line: status.update(f"{line} …")

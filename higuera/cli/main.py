"""The `higuera` command: typer prints, parses and exits; every decision lives in a layer below."""

import os
import sys

import typer
from rich.console import Console

from higuera.cli import (
    data_catalog,
    database,
    deploy,
    doctor,
    drift,
    host,
    init,
    journal,
    migrations,
    plan,
    render,
    rollback,
    runs,
    sandbox,
    secrets,
    smoke,
)
from higuera.errors import HigueraError

# The options of a command for the host are not ours.
AS_THEY_ARE = {"ignore_unknown_options": True, "allow_interspersed_args": False}

app = typer.Typer(
    name="higuera",
    help="Takes a web stack to a plain Debian VPS and never lets a bad release take traffic.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(sandbox.app, name="sandbox", help="Throw-away Debian VPSes on this machine.")
app.command("init")(init.init)
app.command("smoke")(smoke.smoke)
app.command("journal")(journal.journal)
app.command("plan")(plan.plan)
app.command("deploy")(deploy.deploy)
app.command("doctor")(doctor.doctor)
app.command("rollback")(rollback.rollback)
app.command("runs")(runs.runs)
app.command("drift")(drift.drift)
app.command("render")(render.render)
for verb in (host.status, host.releases, host.logs):
    app.command(verb.__name__)(verb)
app.add_typer(migrations.app, name="migrations", help="Checks of migrations, for CI.")
app.add_typer(database.app, name="db", help="The target database.")
database.app.command("catalog")(data_catalog.catalog)
app.add_typer(secrets.app, name="secrets", help="The secrets by name; never their values.")
app.command("ssh", context_settings=AS_THEY_ARE)(host.ssh)
app.add_typer(host.lock, name="lock", help="The lock that one deploy at a time holds.")


def main() -> None:
    """Run the command line: a known error is one red sentence and exit 1; Ctrl-C exits 130."""
    try:
        app()
    except HigueraError as error:
        if os.environ.get("HIGUERA_DEBUG"):
            raise
        console = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
        console.print(f"error: {error}", style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)

"""The `higuera` command: typer prints, parses and exits; every decision lives in a layer below."""

import os
import sys

import typer

from higuera.cli.lazy import Commands
from higuera.cli.making import Making
from higuera.errors import HigueraError

app = typer.Typer(
    name="higuera",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def higuera() -> None:
    """Take a web stack to a plain Debian VPS, and never let a bad release take traffic."""


def main(begun: Making | None = None) -> None:
    """Run the command line: a known error is one red sentence and exit 1; Ctrl-C exits 130.

    + begun: a plan that is being made already
    """
    try:
        app(obj=begun)
    except HigueraError as error:
        if os.environ.get("HIGUERA_DEBUG"):
            raise
        from rich.console import Console

        console = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
        console.print(f"error: {error}", style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)

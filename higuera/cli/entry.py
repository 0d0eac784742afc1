"""Where `higuera` begins: the pyinfra of a plan is under way before a command line is parsed."""

import sys
from contextlib import ExitStack
from pathlib import Path

from higuera.cli.making import Making, order_in


def main() -> None:
    """Run the command line."""
    with ExitStack() as stack:
        making = None
        # what is no project is told by the command itself
        if (order := order_in(sys.argv[1:])) is not None and Path("deploy.py").exists():
            making = stack.enter_context(Making(order))
        from higuera.cli.main import main as run  # typer, which takes as long as Python itself

        run(making)

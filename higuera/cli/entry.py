"""Where `higuera` begins: the pyinfra of a plan is under way before a command line is parsed."""

import sys
from contextlib import ExitStack
from pathlib import Path

from higuera.cli.making import Making, order_in


def main() -> None:
    """Run the command line."""
    with ExitStack() as stack:
        order = order_in(sys.argv[1:])
        # what is no project is told by the command itself
        is_begun = order is not None and Path("deploy.py").exists()
        making = stack.enter_context(Making(order)) if order is not None and is_begun else None
        from higuera.cli.main import main as run  # typer, which takes as long as Python itself

        run(making)

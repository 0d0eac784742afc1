"""The flip of deploys and rollbacks: one rename moves all traffic, a proof keeps it there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from shlex import quote

from pyinfra.api import Host

from higuera.errors import HigueraError, HostError
from higuera.operations.remote import run_remote


def flip(host: Host, tool: str, plan: str, seconds: int, prove: Callable[[Host], None]) -> None:
    """Move traffic to a plan, prove it and confirm it; whatever fails takes it back at once.

    + tool: the on-host tool, for a shell
    + plan: its number
    + seconds: after which the host goes back by itself, should nobody confirm
    + prove: raises when the public side is not as it should be

    Raises HostError that ends with what serves now.
    """
    try:
        run_remote(host, f"{tool} switch {quote(plan)} {seconds} && {tool} check")
        prove(host)
        run_remote(host, f"{tool} confirm {quote(plan)}")
    except BaseException as error:
        with undoing(error) as told:
            told += run_remote(host, f"{tool} revert {quote(plan)}")
        raise


@contextmanager
def undoing(error: BaseException) -> Iterator[list[str]]:
    """Undo what failed: what comes of that is told after the failure, and never instead of it.

    Lines for the list that it yields follow the error's own, where that is one of ours.
    """
    told: list[str] = []
    try:
        yield told
    except HostError as second:  # the host is gone, or there is nothing to go back to
        told.append(str(second))
    if isinstance(error, HigueraError) and told:
        raise HostError("\n".join([str(error), *told])) from None

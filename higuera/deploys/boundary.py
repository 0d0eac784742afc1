"""Where Higuera's errors become pyinfra's: one sentence, exit 1, no traceback."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from pyinfra.api.exceptions import PyinfraError

from higuera.errors import HigueraError


class Told(PyinfraError):  # noqa: N818 - it carries an error across
    """A HigueraError on its way through pyinfra; the hook prints just its sentences."""


P = ParamSpec("P")
T = TypeVar("T")


def told(function: Callable[P, T]) -> Callable[P, T]:
    """Let a verb fail with its sentence."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except HigueraError as error:
            raise Told(str(error)) from None

    return wrapped

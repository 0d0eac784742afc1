"""Where Higuera's errors become pyinfra's: one sentence, exit 1, no traceback."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from pyinfra.api.exceptions import PyinfraError

from higuera.errors import HigueraError

P = ParamSpec("P")
T = TypeVar("T")


def told(function: Callable[P, T]) -> Callable[P, T]:
    """Let a verb fail with its sentence."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except HigueraError as error:
            raise PyinfraError(str(error)) from None

    return wrapped

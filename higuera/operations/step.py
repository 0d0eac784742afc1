"""A step that runs Python on the controller in the middle of an operation."""

import sys
import traceback
from collections.abc import Callable

from pyinfra import logger
from pyinfra.api import FunctionCommand, Host, State

from higuera.errors import HigueraError


def step(function: Callable[[Host], None]) -> FunctionCommand:
    """A command that calls `function(host)`.

    A HigueraError fails the operation with its sentence; anything else is a bug and shows itself.
    """

    def call(state: State, host: Host) -> bool:
        try:
            function(host)
        except HigueraError as error:
            for line in str(error).splitlines():
                host.log_styled(line, fg="red", log_func=logger.error)
            if state.print_output:
                traceback.print_exc(file=sys.stderr)
            return False
        return True

    return FunctionCommand(call, [], {})

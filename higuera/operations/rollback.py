"""A rollback: the slots of an earlier release, its traffic plan, the same proof as a deploy."""

from collections.abc import Callable, Generator
from shlex import quote

from pyinfra.api import FunctionCommand, Host, operation

from higuera.errors import HostError
from higuera.facts.standing import StandingState
from higuera.operations.remote import run_remote
from higuera.operations.step import step
from higuera.spec.load import Deployment


@operation(is_idempotent=False)
def rolled_back(
    deployment: Deployment, target: str, prove: Callable[[Host], None]
) -> Generator[FunctionCommand, None, None]:
    """Move traffic to an earlier release, prove it, keep it; or stay where it is and fail.

    + deployment: whose app
    + target: its id
    + prove: raises when the public side is not as it should be
    """
    stack = deployment.stack
    tool = quote(stack.paths.tool)

    def go(host: Host) -> None:
        plan = run_remote(host, f"{tool} back {quote(target)}")[-1]
        run_remote(host, f"{tool} switch {quote(plan)} {stack.settings.confirm_deadline}")
        try:
            run_remote(host, f"{tool} check")
            prove(host)
        except BaseException as error:
            lines = _taken_back(host, tool)
            raise HostError(
                "\n".join([str(error), *lines, "the rollback did not happen"])
            ) from None
        run_remote(host, f"{tool} confirm {quote(plan)}")
        host.log(f"release {target} is live (plan {plan})")

    yield step(go)


def _taken_back(host: Host, tool: str) -> list[str]:
    try:
        return run_remote(host, f"{tool} revert")
    except HostError as error:  # by the timer, before this; or the host itself is in trouble
        return [str(error)]


def target_of(app: str, standing: StandingState | None, release: str | None) -> str:
    """The release to go to: the named one, or the last good one before the live one.

    Raises HostError when there is none.
    """
    if standing is None or not standing.live:
        raise HostError(f"{app} was never deployed here: there is nothing to roll back")
    if release == standing.live:
        raise HostError(f"release {release} is live already: nothing was rolled back")
    target = release or standing.target
    if not target:
        raise HostError(
            f"there is no release to go back to: {standing.live} serves, and none before it was "
            f"ever confirmed live"
        )
    return target

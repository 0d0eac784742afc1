"""A rollback: the slots of an earlier release, its traffic plan, the same proof as a deploy."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from shlex import quote

from pyinfra.api import FunctionCommand, Host, operation

from higuera.database.catalog import PART_ONLY
from higuera.database.fit import fit
from higuera.errors import HostError
from higuera.facts.schema import SchemaState
from higuera.facts.standing import StandingState
from higuera.operations.flip import flip
from higuera.operations.remote import run_remote
from higuera.operations.step import step
from higuera.spec.actor import by_this_deploy
from higuera.spec.load import Deployment
from higuera.spec.release import ago, made, moment


@operation(is_idempotent=False)
def rolled_back(
    deployment: Deployment,
    live: str,
    target: str,
    prove: Callable[[Host], None],
    moved: Callable[[list[str]], None],
) -> Generator[FunctionCommand, None, None]:
    """Move traffic to an earlier release, prove it, keep it; or stay where it is and fail.

    + deployment: whose app
    + live: the release that serves, as far as whoever asked for this knows
    + target: the id of the one to go to
    + prove: raises when the public side is not as it should be
    + moved: is told which services went to another slot
    """
    stack = deployment.stack
    tool = by_this_deploy(stack.paths.tool)

    def go(host: Host) -> None:
        ask = f'basename "$(readlink -f {quote(stack.paths.live_release)})"'
        now, *before = run_remote(host, f"{ask}; {_slots(f'{stack.paths.traffic}/live')}")
        if now != live:  # this is known only under the lock
            raise HostError(
                f"release {now} went live meanwhile, and not {live} serves: nothing was rolled "
                f"back; look at it, and ask again"
            )
        plan = run_remote(host, f"{tool} back {quote(target)}")[-1]
        after = run_remote(host, _slots(f"{stack.paths.traffic}/plans/{plan}"))
        try:
            flip(host, tool, plan, stack.settings.confirm_deadline, prove)
        except HostError as error:
            raise HostError(f"{error}\nthe rollback did not happen") from None
        moved(sorted({line.split()[0] for line in set(before) ^ set(after)}))
        if not stack.settings.warm:
            run_remote(host, f"{tool} retire")
        host.log(f"release {target} is live (plan {plan})")

    yield step(go)


def _slots(plan: str) -> str:
    """Shell that prints each service of a plan, and the slot that it has there."""
    return f"find {quote(plan)}/services/ -type l -printf '%f %l\\n'"


@dataclass(frozen=True)
class Fitting:
    """Whether the code of a release can live on the schema of now, in words for on-call."""

    lines: list[str]
    is_refused: bool = False


def fitting(target: str, schema: SchemaState) -> Fitting:
    """Compare what a release was proven on with the target's schema of now."""
    if schema.now is None:
        why = " ".join(schema.why) or "no answer"
        return Fitting([f"whether {target} fits the schema cannot be told: {why}"])
    if schema.recorded is None:
        return Fitting([f"whether {target} fits the schema cannot be told: none was recorded"])
    found = fit(schema.recorded, schema.now)
    part = f" {PART_ONLY}" if found.is_partial else ""
    if found.verdict == "fits":
        return Fitting([f"{target} fits: the schema is what it was proven on{part}"])
    reasons = found.shown()
    if found.verdict == "differs":
        return Fitting([f"{target} fits, with these differences in the schema{part}:", *reasons])
    return Fitting([f"{target} does not fit the schema of now{part}:", *reasons], is_refused=True)


def ways_on(target: str, schema: SchemaState) -> str:
    """What to do where the old code does not fit: forward, or back with the data."""
    since = target.partition("-")[0]
    # Its own was taken before its migrations: that is not the schema it fits.
    own = f"-before-{target}"
    dumps = [name for name in schema.backups if name > since and not name.endswith(own)]
    restore = (
        f"higuera db restore {dumps[-1]} (says first which rows would be lost), then roll back"
        if dumps
        else "no dump from before is on the host"
    )
    return (
        "nothing was rolled back. Fix forward: deploy a migration that gives back what is missing. "
        f"Or go back with the data: {restore}. Or all the same: --force (HIGUERA_FORCE=1)"
    )


def announcement(standing: StandingState, target: str, now: datetime) -> list[str]:
    """What a rollback says before it moves anything: from what, to what, how old."""
    since = str((standing.status.get("live") or {}).get("since", ""))
    return [
        f"from {standing.live} back to {target}",
        f"{standing.live}: went live {ago(moment(since), now)}",
        f"{target}: made {ago(made(target), now)}",
        "the database stays as it is: a rollback moves code, not data",
    ]


def target_of(app: str, standing: StandingState | None, release: str | None) -> str:
    """The release to go to: the named one, or the last good one before the live one.

    Raises HostError when there is none.
    """
    if standing is None or not standing.live:
        raise HostError(f"{app} was never deployed here: there is nothing to roll back")
    if release == standing.live:
        raise HostError(f"release {release} is live already: nothing was rolled back")
    if release is not None and release not in standing.confirmed:
        known = ", ".join(standing.confirmed)
        raise HostError(
            f"release {release} is not here, or was never confirmed live (there are: {known})"
        )
    target = release or standing.target
    if not target:
        raise HostError(
            f"there is no release to go back to: {standing.live} serves, and none before it was "
            f"ever confirmed live"
        )
    return target

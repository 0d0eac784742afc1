"""Whether a plan still holds, and what moved where it does not."""

from pathlib import Path

from pydantic import ValidationError

from higuera.errors import PlanError
from higuera.plan.model import VERSION, Basis, Plan


def read_plan(path: Path) -> Plan:
    """Read what `higuera plan --out` wrote. Raises PlanError where it is no plan."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(f"{path}: cannot be read: {error}") from None
    try:
        plan = Plan.model_validate_json(text)
    except ValidationError:
        raise PlanError(
            f"{path}: is no plan of this version of Higuera; make it anew: higuera plan --out"
        ) from None
    if plan.version != VERSION:
        raise PlanError(f"{path}: is a plan of version {plan.version}, not {VERSION}")
    return plan


def refuse_other(plan: Plan, app: str, environment: str, address: str) -> None:
    """Raise PlanError where a plan is for another place, or for a deploy that cannot go well."""
    planned = (plan.app, plan.environment, plan.address)
    if planned != (app, environment, address):
        there = f"{app} in {environment} at {address}"
        raise PlanError("the plan is for {} in {} at {}, not for {}".format(*planned, there))
    if plan.refusals:
        raise PlanError("the plan says that this deploy would be refused:\n" + plan.refusals[0])


def refuse_no_way_back(plan: Plan, asked: bool) -> None:
    """Raise PlanError where a deploy is asked to give up the way back that its plan keeps."""
    if asked and not plan.no_way_back:
        raise PlanError(
            "the plan keeps the way back, and --no-way-back would give it up: leave that out, or "
            "plan anew: higuera plan --no-way-back --out"
        )


def refuse_moved(plan: Plan, now: Basis) -> None:
    """Raise PlanError that names all that is no longer as it was planned."""
    moved = [
        *_moved("on the host", plan.basis.host, now.host),
        *_moved("in the source", plan.basis.source, now.source),
        *_moved("in the database", plan.basis.database, now.database),
    ]
    if moved:
        listed = "\n".join(f"  {line}" for line in moved)
        raise PlanError(
            f"this is not what was planned at {plan.made}; since then moved\n{listed}\n"
            f"nothing was changed; look at it, and plan anew: higuera plan --out"
        )


def _moved(where: str, then: dict[str, str], now: dict[str, str]) -> list[str]:
    lines = []
    for name in sorted(then.keys() | now.keys()):
        before, after = then.get(name), now.get(name)
        if before == after:
            continue
        what = "is new" if before is None else "is gone" if after is None else "changed"
        plain = before and after and not (_is_digest(before) or _is_digest(after))
        shown = f" ({before} → {after})" if plain else ""
        lines.append(f"{where}: {name} {what}{shown}")
    return lines


def _is_digest(value: str) -> bool:
    return len(value) == 16 and set(value) <= set("0123456789abcdef")

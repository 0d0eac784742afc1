"""The database of the app: rights, room for dumps, programs; as the gate of a deploy asks."""

from higuera.database.catalog import Catalog
from higuera.database.target import Target, problems_of
from higuera.doctor.facts import Facts
from higuera.doctor.report import Verdict, failed, not_checked, ok, warning


def database(facts: Facts) -> Verdict:
    """What a migration would need of it."""
    stack = facts.known.stack
    if stack.database is None or not stack.is_gated:
        return not_checked("the stack migrates no database")
    answers = answers_of(facts.there.database)
    if "server" not in answers:
        told = [line for line in facts.there.database if line.strip()]
        if any(line.startswith("usage:") for line in told):
            return not_checked("the tool on the host is older than this one", "deploy once")
        name = stack.database.direct or stack.database.url
        return failed(
            f"{name} gives no answer: {told[-1] if told else 'not within 8 s'}",
            "asked from the VPS: does it run, may this host connect, is the password right?",
        )
    try:
        target = _target(answers, facts)
    except (KeyError, ValueError) as error:
        return failed(f"the database gave no whole answer: {error}", "see: higuera drift")
    if problems := problems_of(target, dumps=False):
        return failed("; ".join(problems), "grant it, or name another role in the URL")
    if problems := problems_of(target, dumps=True):
        return warning("; ".join(problems), "a deploy with a pending migration would fail")
    return ok(f"{target.role}: may create, {target.free // 1024} MiB free for dumps")


def _target(answers: dict[str, str], facts: Facts) -> Target:
    return Target(
        catalog=Catalog({}, answers["server"]),
        server=int(answers["server"]),
        client=max(facts.there.clients, default=0),
        size=int(answers["size"]),
        free=facts.there.dumps,
        is_read_only=answers["readonly"] == "true",
        may_create=answers["creates"] == "true",
        role=answers["role"],
    )


def answers_of(lines: tuple[str, ...]) -> dict[str, str]:
    """What psql printed, by its first word."""
    found = (line.partition(" ") for line in lines)
    return {key: rest for key, _, rest in found if rest}

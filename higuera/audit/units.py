"""`systemd-analyze security`: how much of the host each unit could reach."""

import json

from higuera.audit.report import Finding, judged, not_run
from higuera.audit.subject import Subject
from higuera.errors import ProgramError

NGINX, SERVICE = 3.0, 1.5
COMMAND = "systemd-analyze security --no-pager --json=short"


def audit(subject: Subject) -> list[Finding]:
    """Of nginx, and of each service in the colours that are loaded there. Raises ProgramError."""
    return judge(subject.ask(COMMAND), expected(subject))


def expected(subject: Subject) -> dict[str, list[str]]:
    """The units of nginx and of each service, of which one at least has to be there."""
    stack = subject.deployment.stack
    units = {
        name: [f"{stack.paths.unit(name, colour)}.service" for colour in ("blue", "green")]
        for name in stack.services
    }
    return {"nginx": ["nginx.service"], **units}


def judge(output: str, wanted: dict[str, list[str]]) -> list[Finding]:
    """From its JSON: a list of `{unit, exposure, …}`. Raises ProgramError."""
    try:
        exposure = {entry["unit"]: float(entry["exposure"]) for entry in json.loads(output)}
    except (ValueError, TypeError, KeyError):
        raise ProgramError("systemd-analyze answered no JSON") from None
    found = []
    for name, units in wanted.items():
        limit = NGINX if units == ["nginx.service"] else SERVICE
        loaded = [unit for unit in units if unit in exposure]
        if not loaded:
            found.append(not_run(f"unit {name}", f"≤ {limit}", "no such unit is loaded"))
        found += [
            judged(
                f"unit {unit.removesuffix('.service')}",
                f"≤ {limit}",
                exposure[unit],
                f"exposure {exposure[unit]}",
                [f"systemd-analyze security {unit} tells each point"],
                met=exposure[unit] <= limit,
            )
            for unit in loaded
        ]
    return found

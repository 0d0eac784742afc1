"""The app on its host: ports, versions, lock, what is open."""

from typing import Any

from higuera.doctor.facts import Facts
from higuera.doctor.host import Listener
from higuera.doctor.judge_database import answers_of
from higuera.doctor.report import Verdict, failed, not_checked, ok, warning
from higuera.spec.paths import runtime
from higuera.spec.service import COLOURS
from higuera.spec.stack import Stack

POSTGRESQL = 5432
NEVER = "the app was never deployed here"


def wanted_ports(stack: Stack, is_tls: bool = False) -> dict[int, tuple[str, str]]:
    """What a deploy will listen on: for what, and how the unit begins that may have it already."""
    nginx = "nginx.service"
    wanted = {
        80: ("nginx", nginx),
        stack.nginx.status_port: ("nginx.status_port", nginx),
        stack.nginx.candidate_port: ("nginx.candidate_port", nginx),
        **({443: ("nginx", nginx)} if is_tls else {}),
    }
    for name, service in stack.services.items():
        if service.is_worker:
            continue
        for slot in (*COLOURS, *(("trial",) if name in stack.tried_services() else ())):
            port = service.port_of(slot)
            wanted.setdefault(port, (f"{name} ({slot})", f"{stack.app}-{name}-"))
    if stack.database is not None and stack.database.provision == "local":
        wanted[POSTGRESQL] = ("PostgreSQL", "postgresql@")
    return wanted


def ports(facts: Facts) -> Verdict:
    """Whether somebody else has a port that the stack needs."""
    wanted = wanted_ports(facts.known.stack, facts.known.environment.tls.is_on)
    taken = [
        f"{listener.port} for {wanted[listener.port][0]} is held by {_who(listener)}"
        for listener in facts.there.listeners
        if listener.port in wanted and not listener.unit.startswith(wanted[listener.port][1])
    ]
    if taken:
        return failed(
            "; ".join(dict.fromkeys(taken)), "end it (ss -ltnp there), or give another port"
        )
    return ok(f"nobody else has {', '.join(map(str, sorted(wanted)))}")


def _who(listener: Listener) -> str:
    unit = "" if listener.unit == "-" else f" of {listener.unit}"
    return f"{listener.name} (process {listener.process}{unit})"


def nginx(facts: Facts) -> Verdict:
    """Whether it runs, which is all that people see; and whether a deploy may start it."""
    found = facts.there.nginx
    if "masked" in found:
        return failed(f"it is masked ({found}): a deploy fails", "there: systemctl unmask nginx")
    if not facts.there.tool:
        return not_checked(NEVER)
    if found not in ("active enabled", "reloading enabled"):
        advice = "there: systemctl enable --now nginx; a deploy does it too"
        return warning(f"it does not run, or will not after a reboot: {found}", advice)
    return ok("it runs")


def versions(facts: Facts) -> Verdict:
    """What runs there, beside what this side would bring."""
    host, stack = facts.there, facts.known.stack
    shown = [
        f"{name} {host.packages[name]}" for name in ("nginx", "systemd") if name in host.packages
    ]
    server = answers_of(host.database).get("server", "")
    if server.isdecimal():
        shown.append(f"PostgreSQL {int(server) // 10000}.{int(server) % 10000}")
    shown += [f"PostgreSQL's programs {major}" for major in host.clients]
    shown += sorted(host.runtimes)
    node = stack.runtimes.node
    if node is not None and runtime("node", node).rsplit("/", 1)[1] not in host.runtimes:
        shown.append(f"node-{node} comes with the next deploy")
    missing = facts.missing_packages
    if missing:
        shown.append(f"to be installed: {', '.join(missing)}")
    return ok(", ".join(shown) or "nothing is installed yet")


def tool(facts: Facts) -> Verdict:
    """Whether the on-host tool is the one that this side writes."""
    if not facts.there.tool:
        return not_checked(NEVER)
    if not facts.project.tool:
        return not_checked("the files of the host cannot be rendered")
    if facts.there.tool != facts.project.tool:
        return warning(
            "the tool on the host is another version's, or of another stack file",
            "the next deploy replaces it; until then it may not know what you ask it",
        )
    return ok("the tool on the host is this Higuera's")


def lock(facts: Facts) -> Verdict:
    """Who holds the lock of a deploy."""
    owner = _status(facts).get("lock")
    if not owner:
        return ok("nobody holds it")
    held = owner if isinstance(owner, dict) else {}
    who, since, what = (str(held.get(key, "?")) for key in ("actor", "since", "what"))
    return failed(
        f"held by {who} since {since} for: {what}", "wait for its end; see: higuera lock status"
    )


def cutover(facts: Facts) -> Verdict:
    """Whether one waits for its confirmation."""
    status = _status(facts)
    if armed := status.get("armed"):
        back = armed.get("back_to") if isinstance(armed, dict) else "?"
        return warning(
            f"nobody has confirmed it yet; it goes back to plan {back}",
            "wait: a deploy takes it back first; see: higuera status",
        )
    if notice := status.get("notice"):
        return warning(str(notice), "see: higuera journal")
    live = status.get("live")
    return ok(f"release {live['release']} is live, none is open" if live else "nothing is live yet")


def migration(facts: Facts) -> Verdict:
    """Whether one is under way."""
    if running := facts.there.migrations:
        return warning(f"{', '.join(running)} is under way", "a deploy waits for its end")
    return ok("none is under way")


def units(facts: Facts) -> Verdict:
    """Units that failed, services that do not answer."""
    broken = [f"{unit} failed" for unit in facts.there.failed_units]
    for name, service in _status(facts).get("services", {}).items():
        if service.get("health") != "healthy":
            broken.append(f"{name} is {service.get('health')}")
    if broken:
        return warning("; ".join(broken), "see: higuera logs SERVICE; systemctl --failed there")
    return ok("none failed")


def incident(facts: Facts) -> Verdict:
    """The newest note; an old one is no fault."""
    last = str(_status(facts).get("incident") or "")
    return ok(f"the last one: {last}" if last else "there was none")


def _status(facts: Facts) -> dict[str, Any]:
    return facts.there.status or {}

"""The way to the host and to its users: ssh, clock, names, ports."""

from higuera.doctor.facts import Facts
from higuera.doctor.host import clocks
from higuera.doctor.network import Network
from higuera.doctor.report import Verdict, failed, not_checked, ok, warning

CLOCK_WARNING, CLOCK_LIMIT = 2.0, 60.0  # seconds


def ssh(facts: Facts) -> Verdict:
    """Whether the key is accepted, and the host's own key known."""
    connection = facts.connection
    if connection is None:
        return not_checked(facts.why_no_host)
    if connection.problem is not None:
        return connection.problem
    address = facts.known.environment.host.address
    if not connection.is_known:
        shown = connection.fingerprint or "not told"
        return warning(
            f"{address}: its host key is not known here ({shown}); a deploy accepts it unseen",
            f"compare it with the provider's console, then: ssh {address}",
        )
    return ok(f"{address}: the key is accepted, the host key is known")


def clock(facts: Facts) -> Verdict:
    """The host's clock against this one."""
    connection = facts.connection
    told = clocks(list(connection.lines)) if connection is not None else []
    if connection is None or len(told) < 2:
        return not_checked("the host does not tell its time")
    offset = offset_of(told[0], told[-1], connection.started, connection.ended)
    found = f"{abs(offset):.1f} s {'ahead' if offset > 0 else 'behind'}"
    advice = "timedatectl set-ntp true there, and look at this machine's clock too"
    if abs(offset) > CLOCK_LIMIT:
        why = "certificates and sessions count as expired or not yet valid"
        return failed(f"the host's clock is {found}: {why}", advice)
    if abs(offset) > CLOCK_WARNING:
        return warning(f"the host's clock is {found}", advice)
    return ok("the clocks agree" if offset == 0 else f"the host's clock is {found}")


def offset_of(first: float, last: float, started: float, ended: float) -> float:
    """Seconds by which the host is ahead, at least; 0 where its clock may well be right.

    It told its time after the start and before the end: so far and no further may it be off.
    """
    least, most = last - ended, first - started
    if least <= 0 <= most:
        return 0.0
    return least if least > 0 else most


def names(facts: Facts) -> Verdict:
    """Whether each domain leads to this host, and nowhere else."""
    network, domains = facts.network, facts.known.environment.domains
    if network is None or not network.domains:
        why = "a sandbox VPS has no public name" if domains else "no domains are named"
        return not_checked(why)
    own = network.host.addresses | (facts.host.addresses if facts.host else frozenset())
    told = [problem for name in network.domains if (problem := _name_problem(network, name, own))]
    if told:
        shown = ", ".join(sorted(network.host.addresses)) or "the host's address"
        return warning(
            "; ".join(told), f"set its A or AAAA record to {shown}, unless a proxy is in front"
        )
    return ok(f"{', '.join(network.domains)}: the host's address")


def _name_problem(network: Network, name: str, own: frozenset[str]) -> str:
    found = network.domains[name]
    if found.problem:
        return f"{name} does not resolve ({found.problem})"
    others = ", ".join(sorted(found.addresses - own))
    if not others:
        return ""
    also = "also " if found.addresses & own else ""
    return f"{name} leads {also}to {others}, which is not this host"


def port_80(facts: Facts) -> Verdict:
    """What users and the last smoke checks of a deploy come through."""
    if unreachable := _unreachable(facts):
        return unreachable
    assert facts.network is not None
    answer = facts.network.ports.get(80, "")
    if answer == "open":
        return ok("80 answers")
    if answer != "refused":
        return failed(
            f"80: {answer}: a firewall drops it, and the public smoke checks would fail",
            "open 80 in the provider's firewall, or in the one on the host",
        )
    if facts.host is not None and (facts.host.status or {}).get("live"):
        return warning("80 refuses, though a release is live", "see there: systemctl status nginx")
    return ok("80 can be reached; nothing listens there yet")


def port_443(facts: Facts) -> Verdict:
    """Only who has a certificate needs it."""
    if unreachable := _unreachable(facts):
        return unreachable
    assert facts.network is not None
    answer = facts.network.ports.get(443, "")
    if answer == "open":
        return ok("443 answers")
    if answer == "refused":
        return ok("443 can be reached; nothing listens there")
    return warning(f"443: {answer}: a firewall drops it", "open it before you serve TLS")


def _unreachable(facts: Facts) -> Verdict | None:
    network = facts.network
    if network is None:
        return not_checked(facts.why_no_host)
    if network.by_way_of:
        return not_checked(f"ssh goes by way of {network.by_way_of}; from here it says nothing")
    has_ssh = facts.connection is not None and facts.connection.problem is None
    if not has_ssh and "open" not in network.ports.values():
        return not_checked("the host could not be reached over ssh either")
    return None

"""Certificates: those of nginx on the host, and those that the public side shows."""

import time
from typing import Any

from higuera.doctor.facts import Facts
from higuera.doctor.report import Verdict, failed, not_checked, ok, warning

SOON = 21  # days
CERTBOT = "renew it (certbot renew), and see why nobody did: systemctl list-timers"
DAY = 86400
TIMER = "active enabled"  # as it should be, in systemd's words


def certificates(facts: Facts) -> Verdict:
    """How long they are good for."""
    now = time.time()
    days: dict[str, int | str] = {}
    for file, ends in (facts.host.certificates if facts.host else {}).items():
        days[file] = "cannot be read" if ends is None else int((ends - now) // DAY)
    for domain, shown in (facts.network.certificates if facts.network else {}).items():
        if shown.expires is not None:
            days[domain] = int((shown.expires - now) // DAY)
        else:
            days[domain] = -1 if shown.is_expired else f"is not trusted ({shown.problem})"
    soon = facts.known.environment.tls.warn
    renewal, lasting = judge_renewal(facts), judge_days(days, soon, _advice(facts))
    if renewal is None:
        return lasting
    is_over = lasting.status == "failed"
    return failed(f"{lasting.found}; {renewal.found}", renewal.advice) if is_over else renewal


def judge_renewal(facts: Facts) -> Verdict | None:
    """What the host's own tool says of the one that it shows; None: nothing is wrong there.

    The first try that failed is told, weeks before the end.
    """
    told = (facts.host.status or {}).get("certificate") if facts.host else None
    known = told if isinstance(told, dict) else {}
    if known.get("problem"):
        is_none = known.get("kind") == "stand-in"
        there = "there is none yet; not got" if is_none else f"{_shown(known)}; not renewed"
        return warning(
            f"{there}: {known['problem']}",
            f"then there: systemctl start {facts.known.stack.app}-certificate",
        )
    if (timer := known.get("timer")) and timer != TIMER:
        unit = f"{facts.known.stack.app}-certificate.timer"
        return warning(
            f"{_shown(known)}; nobody renews it: {unit} is {timer}",
            f"there: systemctl enable --now {unit}; the next deploy does it too",
        )
    if known.get("kind") == "stand-in":
        return warning("there is none yet; a stand-in is shown", "higuera deploy asks for it")
    return None


def _shown(known: dict[str, Any]) -> str:
    return f"{known.get('kind')}, until {known.get('ends')}"


def _advice(facts: Facts) -> str:
    known = facts.known
    if known.environment.tls.mode == "files":
        return "bring a new one, and deploy"
    if known.environment.tls.is_on:
        unit = f"{known.stack.app}-certificate"
        return f"there: systemctl start {unit}; why nobody did: systemctl status {unit}.timer"
    return CERTBOT


def judge_days(days: dict[str, int | str], soon: int = SOON, advice: str = CERTBOT) -> Verdict:
    """By name: days left, or what is wrong with it."""
    if not days:
        return not_checked("there is none yet")
    found = "; ".join(
        f"{name} {left}"
        if isinstance(left, str)
        else f"{name} has expired"
        if left < 0
        else f"{name}: {left} days"
        for name, left in days.items()
    )
    counted = [left for left in days.values() if isinstance(left, int)]
    if any(left < 0 for left in counted):
        return failed(found, advice)
    if any(left < soon for left in counted) or len(counted) < len(days):
        return warning(found, advice)
    return ok(found)

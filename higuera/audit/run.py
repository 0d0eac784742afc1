"""All auditors, at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from higuera.audit import gixy, lynis, ports, sshd, tls, units
from higuera.audit.report import AuditReport, Finding, exit_status, not_run
from higuera.audit.subject import Subject
from higuera.errors import HigueraError


@dataclass(frozen=True)
class Auditor:
    """One of them."""

    name: str
    target: str
    audit: Callable[[Subject], list[Finding]]


AUDITORS = (
    Auditor(sshd.NAME, sshd.TARGET, sshd.audit),
    Auditor(lynis.NAME, lynis.TARGET, lynis.audit),
    Auditor("units", f"nginx ≤ {units.NGINX}, services ≤ {units.SERVICE}", units.audit),
    Auditor(gixy.NAME, gixy.TARGET, gixy.audit),
    Auditor(tls.NAME, tls.TARGET, tls.audit),
    Auditor(ports.NAME, ports.TARGET, ports.audit),
)


def audit(subject: Subject, waiting_for: Callable[[list[str]], None]) -> AuditReport:
    """Run them all; one that cannot leaves the others alone.

    + waiting_for: is told who still runs
    """
    found: dict[str, list[Finding]] = {}
    with ThreadPoolExecutor(max_workers=len(AUDITORS)) as pool:
        futures = {pool.submit(_findings, auditor, subject): auditor for auditor in AUDITORS}
        waiting_for([auditor.name for auditor in AUDITORS])
        for future in as_completed(futures):
            found[futures[future].name] = future.result()
            waiting_for([auditor.name for auditor in AUDITORS if auditor.name not in found])
    checks = [finding for auditor in AUDITORS for finding in found[auditor.name]]
    deployment = subject.deployment
    return AuditReport(
        app=deployment.stack.app,
        environment=deployment.name,
        host=subject.host.address,
        exit_status=exit_status(checks),
        checks=checks,
    )


def _findings(auditor: Auditor, subject: Subject) -> list[Finding]:
    try:
        return auditor.audit(subject)
    except HigueraError as error:
        return [not_run(auditor.name, auditor.target, str(error))]

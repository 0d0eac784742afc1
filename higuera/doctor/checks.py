"""Every check, as data, in the order in which they are told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from higuera.doctor import (
    judge_app,
    judge_certificates,
    judge_database,
    judge_here,
    judge_machine,
    judge_way,
)
from higuera.doctor.facts import Facts
from higuera.doctor.report import Finding, Report, Verdict, not_checked

# What has to be known first. Each needs those before it.
Need = Literal["nothing", "inventory", "host", "root", "app"]
NEEDS: tuple[Need, ...] = ("nothing", "inventory", "host", "root", "app")


@dataclass(frozen=True)
class Check:
    """One question."""

    name: str
    needs: Need
    judge: Callable[[Facts], Verdict]


CHECKS = (
    Check("python", "nothing", judge_here.python),
    Check("pyinfra", "nothing", judge_here.pyinfra),
    Check("zstd", "nothing", judge_here.zstd),
    Check("git", "nothing", judge_here.git),
    Check("cache", "nothing", judge_here.cache),
    Check("project", "nothing", judge_here.project),
    Check("inventory", "nothing", judge_here.inventory),
    Check("templates", "inventory", judge_here.templates),
    Check("secrets", "inventory", judge_here.secrets),
    Check("tls files", "inventory", judge_here.tls_files),
    Check("source", "inventory", judge_here.source),
    Check("build", "inventory", judge_here.build),
    Check("node", "inventory", judge_here.node),
    Check("squawk", "inventory", judge_here.squawk),
    Check("smoke", "inventory", judge_here.smoke),
    Check("ssh", "inventory", judge_way.ssh),
    Check("dns", "inventory", judge_way.names),
    Check("port 80", "inventory", judge_way.port_80),
    Check("port 443", "inventory", judge_way.port_443),
    Check("certificates", "inventory", judge_certificates.certificates),
    Check("clock", "host", judge_way.clock),
    Check("system", "host", judge_machine.system),
    Check("systemd", "host", judge_machine.systemd),
    Check("sudo", "host", judge_machine.sudo),
    Check("disk", "host", judge_machine.disk),
    Check("inodes", "host", judge_machine.inodes),
    Check("memory", "host", judge_machine.memory),
    Check("apt lock", "root", judge_machine.apt),
    Check("dpkg", "host", judge_machine.dpkg),
    Check("upgrades", "host", judge_machine.upgrades),
    Check("reboot", "host", judge_machine.reboot),
    Check("ports", "root", judge_app.ports),
    Check("nginx", "host", judge_app.nginx),
    Check("versions", "host", judge_app.versions),
    Check("tool", "host", judge_app.tool),
    Check("lock", "app", judge_app.lock),
    Check("cutover", "app", judge_app.cutover),
    Check("migration", "app", judge_app.migration),
    Check("units", "app", judge_app.units),
    Check("incident", "app", judge_app.incident),
    Check("database", "app", judge_database.database),
)


def examine(facts: Facts) -> Report:
    """Ask every question as far as it can be answered."""
    found = [_finding(check, facts) for check in CHECKS]
    deployment = facts.deployment
    return Report(
        app=deployment.stack.app if deployment else None,
        environment=deployment.name if deployment else None,
        host=deployment.environment.host.address if deployment else None,
        deployable=all(finding.status != "failed" for finding in found),
        checks=found,
    )


def _finding(check: Check, facts: Facts) -> Finding:
    why = next((why for need in _first(check.needs) if (why := _lacks(need, facts))), "")
    verdict = not_checked(why) if why else check.judge(facts)
    return Finding(
        name=check.name, status=verdict.status, found=verdict.found, advice=verdict.advice
    )


def _first(need: Need) -> tuple[Need, ...]:
    return NEEDS[: NEEDS.index(need) + 1]


def _lacks(need: Need, facts: Facts) -> str:
    """Why this is not known; empty where it is."""
    if need == "inventory" and facts.deployment is None:
        return "the inventory does not load"
    if need == "host" and facts.host is None:
        return "ssh failed" if facts.connection else facts.why_no_host
    if need == "root" and not facts.there.is_root:
        return "sudo wants a password, and only root can see it"
    if need == "app" and not facts.there.tool:
        return judge_app.NEVER
    if need == "app" and facts.there.status is None:
        return f"the tool on the host does not answer (try there: {_tool(facts)} status)"
    return ""


def _tool(facts: Facts) -> str:
    return facts.known.stack.paths.tool

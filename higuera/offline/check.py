"""Everything that can be checked without a host, for each environment; all findings are kept."""

from collections.abc import Callable
from pathlib import Path

from higuera.database.target import questions_of
from higuera.errors import HigueraError, RenderError
from higuera.offline.firewall import check_firewall
from higuera.offline.nginx import check_nginx
from higuera.offline.problems import told
from higuera.offline.report import Check, Finding, OfflineReport
from higuera.offline.shell import check_shell
from higuera.offline.units import check_units
from higuera.render.every import parts
from higuera.render.files import File
from higuera.render.host import FIREWALL
from higuera.render.nginx import NGINX_CONF
from higuera.render.template import faults
from higuera.spec.load import Deployment, environments, load_deployment
from higuera.spec.stand_ins import stand_ins


def check_offline(inventory: Path, environment: str | None = None) -> OfflineReport:
    """Check one environment, or all that have a file. Wants no host, no database, no secret."""
    names = [environment] if environment else environments(inventory)
    if not names:
        text = f"{inventory}: holds no environment file"
        return OfflineReport(checks=[_check("inventory", "", [Finding(text=text)])])
    return OfflineReport(checks=[check for name in names for check in _checks(inventory, name)])


def _checks(inventory: Path, name: str) -> list[Check]:
    deployment, findings = _load(inventory, name)
    checks = [_check("inventory", name, findings)]
    if deployment is None:
        return checks
    files, findings = _render(deployment)
    checks.append(_check("templates", name, findings))
    paths = [file.path for file in files]
    app = deployment.stack.app
    if NGINX_CONF in paths:
        checks.append(_ran("nginx", name, lambda: check_nginx(files)))
    checks.append(_ran("units", name, lambda: check_units(files, app)))
    checks.append(_ran("shell", name, lambda: check_shell(files, deployment)))
    if FIREWALL in paths:
        rules = files[paths.index(FIREWALL)]
        checks.append(_ran("firewall", name, lambda: check_firewall(rules)))
    return [*checks, *_migrations(deployment)]


def _load(inventory: Path, name: str) -> tuple[Deployment | None, list[Finding]]:
    """Without the checkout of the app, where that is what is missing: the rest is checked."""
    try:
        return load_deployment(inventory, name), []
    except HigueraError as error:
        findings = told(error)
    try:
        return load_deployment(inventory, name, with_source=False), findings
    except HigueraError:
        return None, findings


def _render(deployment: Deployment) -> tuple[list[File], list[Finding]]:
    files: list[File] = []
    found = dict.fromkeys(faults(deployment.project))
    stack = deployment.stack
    for part in parts(deployment, stand_ins(stack), questions_of(stack)):
        try:
            files += part()
        except HigueraError as error:  # beside templates: a root of `tls.ca` that is not there
            found[str(error)] = None
    return files, [finding for text in found for finding in told(RenderError(text))]


def _migrations(deployment: Deployment) -> list[Check]:
    """None for a stack without; they load PostgreSQL's parser."""
    migrate = deployment.stack.database.migrate if deployment.stack.database else None
    if migrate is None:
        return []
    if migrate.files is None:
        why = "database.migrate.files names no folder"
        return [Check(name="migrations", environment=deployment.name, outcome="left out", why=why)]
    from higuera.offline.migrations import check_migrations

    return [_ran("migrations", deployment.name, lambda: check_migrations(deployment))]


def _ran(name: str, environment: str, check: Callable[[], list[Finding]]) -> Check:
    """A check that could not run has failed."""
    try:
        findings = check()
    except HigueraError as error:
        findings = told(error)
    return _check(name, environment, findings)


def _check(name: str, environment: str, findings: list[Finding]) -> Check:
    outcome = "failed" if findings else "ok"
    return Check(name=name, environment=environment, outcome=outcome, findings=findings)

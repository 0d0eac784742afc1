"""The smoke checks of a deployment: where they are sent, and what a failure means to a deploy."""

from collections.abc import Callable
from pathlib import Path

from pyinfra.api import Host

from higuera.connectors.address import address_of
from higuera.errors import SmokeError
from higuera.smoke import Limits, load_checks, run_checks
from higuera.smoke.model import Target
from higuera.spec.load import Deployment, load_deployment


def smoke_target(project: Path, environment: str | None, url: str | None) -> Target:
    """The target of `higuera smoke`: an environment's public side, or a URL with its settings."""
    deployment = load_deployment(project / "inventory", environment)
    if url is not None:
        return target_of(deployment, base_url=url)
    return public_target(deployment, address_of(deployment.environment.host))


def public_target(deployment: Deployment, address: str) -> Target:
    """The public side: the first domain, reached at the host's address; or just the address."""
    domains = deployment.environment.domains
    name = f"[{address}]" if ":" in address else address
    if domains:
        return target_of(deployment, base_url=f"http://{domains[0]}", connect_to=name)
    return target_of(deployment, base_url=f"http://{name}")


def target_of(deployment: Deployment, base_url: str, connect_to: str | None = None) -> Target:
    """A target with the deployment's smoke settings and its secrets."""
    return Target(
        base_url=base_url,
        health=deployment.stack.public_health(),
        settings=deployment.stack.smoke,
        secrets=deployment.secrets.reveal,
        connect_to=connect_to,
    )


def public_smoke(deployment: Deployment) -> Callable[[Host], None]:
    """What a cutover calls to prove the public side.

    The checks are loaded here, before anything moves: a broken check stops a deploy, and never
    takes back a good release. The returned function raises SmokeError with every failed check.
    """
    checks = load_checks(deployment.project)

    def prove(host: Host) -> None:
        address = str(host.connector.data["ssh_hostname"] or host.name)
        report = run_checks(
            checks,
            public_target(deployment, address),
            Limits(check=5.0, total=30.0, fail_fast=True),
        )
        failed = [outcome for outcome in report.outcomes if outcome.status == "failed"]
        if not report.ok:
            lines = [
                f"smoke {outcome.name} failed: {outcome.detail} (request {outcome.request_id})"
                for outcome in failed
            ]
            raise SmokeError("\n".join(lines) or "no smoke check ran")
        host.log(f"{sum(outcome.ok for outcome in report.outcomes)} smoke checks passed")

    return prove

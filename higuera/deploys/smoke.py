"""The smoke checks of a deployment: where they are sent, and what a failure means to a deploy."""

import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
from cryptography import x509
from pyinfra import logger
from pyinfra.api import Host

from higuera.connectors.address import address_of
from higuera.connectors.tunnel import tunnel
from higuera.errors import SmokeError
from higuera.facts.certificate import CertificateState, ShownCertificate
from higuera.operations.run import Proofs
from higuera.smoke import (
    CheckFailed,
    CheckSkipped,
    Limits,
    Report,
    Target,
    load_checks,
    run_checks,
)
from higuera.smoke.expect import require_status
from higuera.smoke.loader import Check
from higuera.smoke.session import sign_in
from higuera.smoke.transport import Line
from higuera.spec.load import Deployment, load_deployment
from higuera.spec.pair import covers

NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME, which ssl does not name
TRIAL = Limits(check=5.0, total=30.0)
MEANT = (
    "if everybody is to sign in again, as with a new session secret: higuera deploy --end-sessions "
    "(HIGUERA_END_SESSIONS=1 pyinfra inventory deploy.py)"
)


def smoke_target(
    project: Path,
    environment: str | None,
    url: str | None,
    ask: Callable[[Deployment], CertificateState],
) -> Target:
    """The target of `higuera smoke`: an environment's public side, or a URL with its settings.

    + ask: asks the host which certificate it shows, where there is TLS
    """
    deployment = load_deployment(project / "inventory", environment)
    if url is not None:
        return target_of(deployment, base_url=url)
    is_tls = deployment.environment.tls.is_on
    shown = ask(deployment) if is_tls else CertificateState()
    return public_target(deployment, address_of(deployment.environment.host), shown)


def public_target(deployment: Deployment, address: str, shown: CertificateState) -> Target:
    """The public side: a domain, reached at the host's address; or just the address.

    Over HTTPS where plain HTTP is sent on to it. The first domain that the shown certificate is
    for, since one for a new name may be yet to come.
    """
    domains = deployment.environment.domains
    name = f"[{address}]" if ":" in address else address
    asked = next(iter(_good_for(domains, shown) or domains), name)
    target = target_of(deployment, base_url=f"http://{asked}", connect_to=name if domains else None)
    is_https = deployment.environment.tls.is_on and shown.sends_on
    return over_tls(target, deployment, shown) if is_https else target


def inside_target(
    live: Target, deployment: Deployment, shown: CertificateState, port: int
) -> Target:
    """The candidate's listener behind a tunnel, which speaks TLS before the public side does."""
    target = replace(live, connect_to=f"127.0.0.1:{port}")
    return over_tls(target, deployment, shown) if deployment.environment.tls.is_on else target


def over_tls(target: Target, deployment: Deployment, shown: CertificateState) -> Target:
    """The same over HTTPS: this machine's authorities are trusted, and the one that is shown.

    Where a deploy has to go on with an unfit one, it is that one alone, whatever name and time.
    """
    context = ssl.create_default_context()
    if shown.is_pinned:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= NO_CHECK_TIME
        context.check_hostname = False
    if shown.chain:
        context.load_verify_locations(cadata=shown.chain)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it need not lead to a root
    if not deployment.environment.domains:
        context.check_hostname = False  # it is this very one; whatever name is asked for
    secure = target.base_url.replace("http://", "https://", 1)
    return replace(target, base_url=secure, verify=context)


def unfit(deployment: Deployment, shown: CertificateState, now: datetime) -> str | None:
    """What visitors would be told of the shown certificate by their browsers, if anything."""
    leaf, domains = _leaf(shown), deployment.environment.domains
    if leaf is None:
        return None
    if now >= leaf.not_valid_after_utc:
        return f"the certificate that the host shows ended on {leaf.not_valid_after_utc:%Y-%m-%d}"
    if domains and not _good_for(domains, shown):
        return f"the certificate that the host shows is for none of {', '.join(domains)}"
    return None


def _good_for(domains: list[str], shown: CertificateState) -> list[str]:
    leaf = _leaf(shown)
    return [name for name in domains if leaf is not None and covers(leaf, name)]


def _leaf(shown: CertificateState) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificates(shown.chain.encode())[0]
    except ValueError:
        return None


def target_of(deployment: Deployment, base_url: str, connect_to: str | None = None) -> Target:
    """A target with the deployment's smoke settings and its secrets."""
    return Target(
        base_url=base_url,
        health=deployment.stack.public_health(),
        settings=deployment.stack.smoke,
        secrets=deployment.secrets.reveal,
        connect_to=connect_to,
    )


def proofs_of(deployment: Deployment, ends_sessions: bool = False) -> Proofs:
    """The smoke checks of a deploy: of its candidates, and of the public side after the cutover.

    The checks are loaded here, before anything moves: a broken check stops a deploy, and never
    takes back a good release. Each proof raises SmokeError with every failed check.

    + ends_sessions: a session of before need not be good for the candidates

    An unfit certificate is told, once, and stops neither a deploy nor a rollback: both may be what
    has to come before the next one.
    """
    checks = load_checks(deployment.project)
    told: set[str] = set()

    def public_side(host: Host) -> tuple[Target, CertificateState]:
        is_tls = deployment.environment.tls.is_on
        app = deployment.stack.app
        shown = host.get_fact(ShownCertificate, app=app) if is_tls else CertificateState()
        if why := unfit(deployment, shown, datetime.now(UTC)):
            shown = replace(shown, is_pinned=True)
            if why not in told:
                said = f"tls: {why}; browsers refuse it, and the checks here go on without"
                host.log_styled(said, fg="yellow", log_func=logger.warning)
            told.add(why)
        return public_target(deployment, _address(host), shown), shown

    def candidate(host: Host) -> None:
        live, shown = public_side(host)
        with tunnel(host, deployment.stack.nginx.candidate_port) as port:
            target = inside_target(live, deployment, shown, port)
            _prove(host, checks if ends_sessions else [*checks, _session(live)], target)

    def public(host: Host) -> None:
        _prove(host, checks, public_side(host)[0])

    def trial(host: Host) -> None:
        live, shown = public_side(host)
        with tunnel(host, deployment.stack.nginx.candidate_port) as port:
            tried = inside_target(live, deployment, shown, port)
            failed = _failures(run_checks(checks, tried, TRIAL))
        if failed:
            _blame(host, failed, _failures(run_checks(checks, live, TRIAL)))

    return Proofs(candidate, public, trial)


def _failures(report: Report) -> dict[str, str]:
    failed = (outcome for outcome in report.outcomes if outcome.status == "failed")
    return {outcome.name: outcome.detail for outcome in failed}


def _blame(host: Host, tried: dict[str, str], live: dict[str, str]) -> None:
    """The checks are the new release's: one that fails where nothing changed tells nothing."""
    for name in tried.keys() & live.keys():
        host.log(f"smoke {name} fails on the live release too, whatever its schema: not counted")
    lines = [f"smoke {name} failed: {why}" for name, why in tried.items() if name not in live]
    if lines:
        raise SmokeError("\n".join(lines))


def _session(live: Target) -> Check:
    """A session that was opened on the live release has to be good for the candidate too."""

    def check(target: Target, http: httpx.Client) -> str:
        with httpx.Client(base_url=live.base_url, transport=_line(live)) as public:
            me = live.path("login", "me")
            try:
                cookie = sign_in(live, public)
            except (CheckFailed, httpx.RequestError) as error:
                raise CheckSkipped(f"nobody can sign in on the live side now: {error}") from None
            target.hide(cookie.value)
            try:
                require_status(
                    http.get(me, headers=cookie.header), 200, to="take a session of before"
                )
            except CheckFailed as failed:
                raise CheckFailed(f"{failed}; {MEANT}") from None
            public.post(live.path("login", "logout"), headers=cookie.header)
        return f"a {cookie.name} cookie of the live release is good for the candidate"

    return Check("session", "A session outlives the cutover.", check, ("login",), Path(__file__))


def _line(target: Target) -> Line:
    return Line(target, deadline=time.monotonic() + 5.0, request_seconds=5.0)


def _address(host: Host) -> str:
    return str(host.connector.data["ssh_hostname"] or host.name)


def _prove(host: Host, checks: list[Check], target: Target) -> None:
    report = run_checks(checks, target, Limits(check=5.0, total=30.0, fail_fast=True))
    failed = [outcome for outcome in report.outcomes if outcome.status == "failed"]
    if not report.ok:
        lines = [
            f"smoke {outcome.name} failed: {outcome.detail} (request {outcome.request_id})"
            for outcome in failed
        ]
        raise SmokeError("\n".join(lines) or "no smoke check ran")
    passed = sum(outcome.ok for outcome in report.outcomes)
    host.log(f"{passed} smoke check{'' if passed == 1 else 's'} passed")

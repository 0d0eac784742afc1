"""What a certificate needs on its host beside the pair: units, a private authority's root."""

from collections.abc import Sequence
from pathlib import Path

from higuera.render.files import SYSTEMD, File
from higuera.render.template import render
from higuera.spec.environment import Environment
from higuera.spec.load import Deployment
from higuera.spec.stack import Stack

RENEWED = ("acme", "self-signed")


def certificate_for(environment: Environment, pair: Sequence[File] = ()) -> str:
    """What the shown certificate has to have been made for; a line that the host keeps.

    `pair`: the given one; of it the certificate alone counts, since its key follows from it.
    """
    tls = environment.tls
    digest = pair[0].sha256[:16] if pair else ""
    told = {"acme": tls.server, "files": digest}.get(tls.mode, "")
    names = [] if tls.mode == "files" else environment.names
    return " ".join(word for word in (tls.mode, told, *names) if word)


def timer_of(stack: Stack, environment: Environment) -> str | None:
    """The timer that renews it; None where there is nothing to renew."""
    return f"{stack.app}-certificate.timer" if environment.tls.mode in RENEWED else None


def certificate_files(
    stack: Stack, environment: Environment, authority: str | None, project: Path | None = None
) -> list[File]:
    """The units that renew it, and the root of a private authority's API."""
    if timer_of(stack, environment) is None:
        return []
    values = {"stack": stack, "paths": stack.paths}
    units = {"service": "certificate", "timer": "certificate-timer"}
    files = [
        File(
            f"{SYSTEMD}/{stack.app}-certificate.{end}",
            render(f"systemd/{template}.j2", project, **values),
        )
        for end, template in units.items()
    ]
    return files + ([File(stack.paths.authority, authority)] if authority is not None else [])


def given_pair(deployment: Deployment) -> list[File]:
    """The certificate and key of `tls: files`, where the on-host tool looks for them."""
    chain, key = deployment.certificate, deployment.environment.tls.key
    if chain is None or key is None:
        return []
    folder = f"{deployment.stack.paths.tls}/incoming"
    return [
        File(f"{folder}/fullchain.pem", chain),
        File(f"{folder}/privkey.pem", deployment.secrets.reveal(key), mode="0600", secret=True),
    ]

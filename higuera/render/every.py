"""All files that Higuera puts on a host beside the releases, in a fixed order."""

from collections.abc import Callable, Sequence
from functools import partial

from higuera.render.certificate import certificate_files
from higuera.render.database import gate_files
from higuera.render.files import File
from higuera.render.host import settings_files
from higuera.render.nginx import nginx_files, sandbox_file
from higuera.render.ssh import ssh_files
from higuera.render.units import boot_file, job_files, slot_files, tool_file
from higuera.spec.load import Deployment
from higuera.spec.secrets import Secrets
from higuera.spec.service import COLOURS

# What sshd listens on is known on the host only; this is where it does unless told otherwise.
SSH_PORTS = (22,)


def every_file(
    deployment: Deployment,
    secrets: Secrets,
    questions: dict[str, str],
    ssh_ports: Sequence[int] = SSH_PORTS,
) -> list[File]:
    """Settings, nginx, tool, jobs, gate and every slot of both colours.

    + questions: the queries of the gate, by name
    + ssh_ports: those that the firewall leaves open

    Raises RenderError with file and line of the template.
    """
    return [file for part in parts(deployment, secrets, questions, ssh_ports) for file in part()]


def parts(
    deployment: Deployment,
    secrets: Secrets,
    questions: dict[str, str],
    ssh_ports: Sequence[int] = SSH_PORTS,
) -> list[Callable[[], list[File]]]:
    """The same, rendered a part at a time: one that cannot be leaves the others to be looked at."""
    stack, project = deployment.stack, deployment.project
    return [
        *host_parts(deployment, secrets, ssh_ports),
        partial(shared_files, deployment, secrets, questions),
        *(
            partial(slot_files, stack, name, colour, secrets, project)
            for name in stack.services
            for colour in COLOURS
        ),
    ]


def host_parts(
    deployment: Deployment, secrets: Secrets, ssh_ports: Sequence[int]
) -> list[Callable[[], list[File]]]:
    """Files that no release owns: settings, nginx, sshd."""
    stack, project, host = deployment.stack, deployment.project, deployment.environment.host
    return [
        partial(settings_files, stack, ssh_ports, project),
        partial(nginx_files, stack, deployment.environment, project, secrets),
        lambda: [sandbox_file(stack, project)],
        partial(ssh_files, stack.settings.ssh, host.has_other_than_root, project),
    ]


def shared_files(deployment: Deployment, secrets: Secrets, questions: dict[str, str]) -> list[File]:
    """Files of no single slot: tool, boot unit, certificate, jobs, what the gate needs."""
    stack, project = deployment.stack, deployment.project
    return [
        tool_file(stack, deployment.environment, project),
        boot_file(stack, project),
        *certificate_files(stack, deployment.environment, deployment.authority, project),
        *job_files(stack, secrets, project),
        *(gate_files(stack, secrets, questions, project) if stack.is_gated else []),
    ]

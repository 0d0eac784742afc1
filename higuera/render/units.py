"""The systemd units of a stack: three per service and colour, one per worker's, one per job."""

from pathlib import Path

from higuera.render.certificate import certificate_for
from higuera.render.files import SYSTEMD, File
from higuera.render.nginx import BUCKETS
from higuera.render.quoting import env_file
from higuera.render.template import render
from higuera.spec.database import PROVIDER_SCHEMAS, SCRATCH_PORT, Job
from higuera.spec.environment import Environment
from higuera.spec.paths import runtime
from higuera.spec.secrets import Secrets
from higuera.spec.service import COLOURS, Colour, Service, other
from higuera.spec.stack import Stack, route_slug

# How a job's twin is called that works on a rehearsal's database.
SCRATCH = "-scratch"
# Seconds that a worker has to stay up to be taken for healthy.
WORKER_PROOF = 3


def slot_files(
    stack: Stack, name: str, colour: Colour, secrets: Secrets, project: Path | None = None
) -> list[File]:
    """Everything that one slot needs beside its code: service, socket, proxy and secrets.

    A change of any of them is a new cutover, since a running process keeps what it started with.
    """
    service = stack.services[name]
    unit = stack.paths.unit(name, colour)
    values = {
        "stack": stack,
        "name": name,
        "service": service,
        "colour": colour,
        "unit": unit,
        "paths": stack.paths,
        "account": stack.account(name),
        "runtime": _runtime_folder(stack, service),
        "port": None if service.is_worker else service.port_of(colour),
        "other": stack.paths.unit(name, other(colour)),
        "local_database": _local_database(stack),
    }
    templates = {f"{unit}.service": "service"}
    if not service.is_worker:
        templates |= {f"{unit}.socket": "socket", f"{unit}-proxy.service": "proxy"}
    return [
        *(
            File(f"{SYSTEMD}/{file}", render(f"systemd/{template}.j2", project, **values))
            for file, template in templates.items()
        ),
        _secret_file(stack.paths.secrets(name, colour), service.secrets, secrets),
    ]


def job_files(stack: Stack, secrets: Secrets, project: Path | None = None) -> list[File]:
    """A template unit for each job of the database section, and its secrets.

    Where there is a gate each has a twin that works on a rehearsal's database.
    """
    database = stack.database
    if database is None:
        return []
    twins = ["", SCRATCH] if database.is_gated else [""]
    units = [
        _job_unit(stack, key, job, twin, project) for key, job in database.jobs() for twin in twins
    ]
    return units + [_job_secrets(stack, key, job, secrets) for key, job in database.jobs()]


def _job_unit(stack: Stack, key: str, job: Job, twin: str, project: Path | None) -> File:
    service = stack.services[job.service]
    text = render(
        "systemd/job.j2",
        project,
        stack=stack,
        key=key,
        job=job,
        twin=twin,
        service=service,
        paths=stack.paths,
        account=stack.account(job.service),
        runtime=_runtime_folder(stack, service),
        local_database=_local_database(stack),
    )
    return File(f"{SYSTEMD}/{stack.app}-{key}{twin}@.service", text)


def _job_secrets(stack: Stack, key: str, job: Job, secrets: Secrets) -> File:
    """Its service's and its own; migrations go past a pooler."""
    database = stack.database
    names = list(dict.fromkeys([*stack.services[job.service].secrets, *job.secrets]))
    values = {name: secrets.reveal(name) for name in names}
    if database is not None and database.direct is not None and key == "migrate":
        values[database.url] = secrets.reveal(database.direct)
    return File(stack.paths.job_secrets(key), env_file(values), mode="0600", secret=True)


def boot_file(stack: Stack, project: Path | None = None) -> File:
    """What starts at boot what is live, and first takes back what nobody confirmed."""
    text = render("systemd/boot.j2", project, stack=stack, paths=stack.paths)
    return File(f"{SYSTEMD}/{stack.app}-boot.service", text)


def tool_file(stack: Stack, environment: Environment, project: Path | None = None) -> File:
    """The one on-host tool, which alone moves traffic."""
    text = render(
        "bin/higuera.sh.j2",
        project,
        stack=stack,
        paths=stack.paths,
        routes=[(route_slug(prefix), stack.takers(prefix)) for prefix in stack.routes],
        worker_proof=WORKER_PROOF,
        buckets=[f"{bucket:02d}" for bucket in range(BUCKETS)],
        colours=COLOURS,
        domains=environment.domains,
        names=environment.names,
        tls=environment.tls,
        certificate_for=certificate_for(environment),
        public=stack.public_services(),
        gate=stack.database if stack.is_gated else None,
        provider_schemas=PROVIDER_SCHEMAS,
        scratch_port=SCRATCH_PORT,
    )
    return File(stack.paths.tool, text, mode="0755")


def _secret_file(path: str, names: list[str], secrets: Secrets) -> File:
    values = {name: secrets.reveal(name) for name in names}
    return File(path, env_file(values), mode="0600", secret=True)


def _runtime_folder(stack: Stack, service: Service) -> str:
    return runtime(service.runtime, getattr(stack.runtimes, service.runtime))


def _local_database(stack: Stack) -> bool:
    return stack.database is not None and stack.database.provision == "local"

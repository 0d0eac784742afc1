"""What of the project itself stops a deploy before anything is touched."""

from collections.abc import Callable
from dataclasses import dataclass

from higuera.build.leaks import refuse_public_variables
from higuera.build.source import files_of, fingerprint
from higuera.database.target import questions_of
from higuera.errors import HigueraError
from higuera.render.every import every_file
from higuera.smoke import load_checks
from higuera.spec.database import check_urls
from higuera.spec.load import Deployment
from higuera.spec.lookup import look_up
from higuera.spec.secrets import Secrets, missing_of, problems_of
from higuera.spec.stand_ins import stand_ins

# As problems_of says of what is in no source.
SET_NOWHERE = "secret {}: is set nowhere;"


@dataclass(frozen=True)
class Project:
    """What is wrong with each part of it, in the words of a deploy; empty: nothing."""

    secrets: int = 0
    """How many are there."""
    secret_problems: tuple[str, ...] = ()
    tool: str = ""
    """SHA-256 of the on-host tool as this Higuera writes it."""
    template_problem: str = ""
    """Why the files of the host cannot be rendered."""
    pair_problem: str = ""
    """Why the certificate of `tls: files` would not serve."""
    build_problem: str = ""
    """Why a build would not begin."""
    smoke_problem: str = ""
    """Why the smoke checks do not load."""


def look_at_project(deployment: Deployment) -> Project:
    """Ask what a deploy asks first. Makes up no secret, and tells no value."""
    secrets, problems = _secrets(deployment)
    tool, template_problem = _tool(deployment)
    return Project(
        secrets=len(list(secrets)),
        secret_problems=tuple(problems),
        tool=tool,
        template_problem=template_problem,
        pair_problem=_problem(lambda: _check_pair(deployment, secrets)),
        build_problem=_problem(lambda: _check_build(deployment, secrets)),
        smoke_problem=_problem(lambda: load_checks(deployment.project)),
    )


def _secrets(deployment: Deployment) -> tuple[Secrets, list[str]]:
    """Those that are there, and what is wrong with them or the others."""
    names = deployment.secret_names()
    try:
        sources = deployment.secret_sources
        found = look_up(names, sources)
    except HigueraError as error:
        return Secrets({}), str(error).splitlines()
    secrets = Secrets({name: found.values[name] for name in names if name in found.values})
    problems = problems_of(names, found, sources)
    if deployment.environment.secrets == "generate":  # the key of a certificate is never made up
        made = set(missing_of(names, found)) & set(deployment.stack.secret_names())
        starts = tuple(SET_NOWHERE.format(name) for name in made)
        problems = [problem for problem in problems if not problem.startswith(starts)]
    database = deployment.stack.database
    is_whole = len(list(secrets)) == len(names) and not problems
    if is_whole and database is not None and database.is_gated:
        problems = _problem(lambda: check_urls(database, secrets.reveal)).splitlines()
    return secrets, problems


def _tool(deployment: Deployment) -> tuple[str, str]:
    """The SHA-256 of the on-host tool, or why not every file of the host can be rendered."""
    stack = deployment.stack
    try:
        files = every_file(deployment, stand_ins(stack), questions_of(stack))
    except HigueraError as error:  # beside templates: a root of `tls.ca` that is not there
        return "", str(error)
    return next(file.sha256 for file in files if file.path == stack.paths.tool), ""


def _check_pair(deployment: Deployment, secrets: Secrets) -> None:
    """Without its key, which is told among the secrets, the certificate is looked at alone."""
    key = deployment.environment.tls.key
    if key is None:
        return
    from higuera.spec.pair import check_certificate, check_pair  # loads cryptography

    if key in secrets:
        check_pair(deployment, secrets)
    else:
        check_certificate(deployment)


def _check_build(deployment: Deployment, secrets: Secrets) -> None:
    """What is no folder at all is told of the source."""
    stack, source = deployment.stack, deployment.source
    files = files_of(deployment) if source.is_dir() else []
    refuse_public_variables(stack, source, files, secrets)
    for service in stack.services if files else ():
        fingerprint(source, files, stack, service)


def _problem(check: Callable[[], object]) -> str:
    try:
        check()
    except HigueraError as error:
        return str(error)
    return ""

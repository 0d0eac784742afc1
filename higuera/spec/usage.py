"""Who uses a secret: services, jobs, the database section, nginx, the smoke checks."""

from higuera.spec.environment import Environment
from higuera.spec.service import COLOURS
from higuera.spec.stack import LOGIN_SECRETS, Stack


def users_of(stack: Stack, environment: Environment | None = None) -> dict[str, list[str]]:
    """The users of each declared secret, in the order of the stack file."""
    of_tls = environment.tls.secret_names() if environment is not None else []
    users: dict[str, list[str]] = {name: [] for name in [*stack.secret_names(), *of_tls]}
    for name, service in stack.services.items():
        _add(users, service.secrets, name)
    if stack.database is not None:
        database = stack.database
        urls = (database.url, database.direct, database.scratch)
        _add(users, [name for name in urls if name is not None], "database")
        for key, job in database.jobs():
            _add(users, [*stack.services[job.service].secrets, *job.secrets], key)
    _add(users, stack.nginx.secret_names(), "nginx")
    login = stack.smoke.get("login", {})
    _add(users, [login[key] for key in LOGIN_SECRETS if login.get(key)], "smoke login")
    _add(users, of_tls, "tls")
    return users


def secret_files(stack: Stack) -> list[str]:
    """The files on a host that hold secrets by their own name."""
    slots = [stack.paths.secrets(name, colour) for name in stack.services for colour in COLOURS]
    jobs = stack.database.jobs() if stack.database is not None else []
    # where there is a pooler, the migrations' URL is another secret's under the same name
    pooled = stack.database is not None and stack.database.direct is not None
    own = [key for key, _ in jobs if not (pooled and key == "migrate")]
    return slots + [stack.paths.job_secrets(key) for key in own]


def _add(users: dict[str, list[str]], names: list[str], user: str) -> None:
    for name in dict.fromkeys(names):
        users[name].append(user)

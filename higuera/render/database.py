"""How the host reaches the database: libpq's service file, and what a rehearsal gets instead."""

from pathlib import Path

from higuera.errors import SecretError
from higuera.render.files import SYSTEMD, File
from higuera.render.quoting import env_file
from higuera.render.template import render
from higuera.spec.database import (
    SCRATCH_PORT,
    parse_postgres_url,
    scratch_url,
    target_url,
)
from higuera.spec.secrets import Secrets
from higuera.spec.stack import Stack


def gate_files(
    stack: Stack, secrets: Secrets, questions: dict[str, str], project: Path | None = None
) -> list[File]:
    """What the host needs to migrate, dump and compare.

    + questions: the queries it asks, by name
    """
    assert stack.database is not None
    urls = scratch_urls(stack, secrets)
    entries = [target_url(stack.database, secrets.reveal).service("target")]
    entries += [
        parse_postgres_url(name, url).service(f"scratch-{name}") for name, url in urls.items()
    ]
    unit = render("systemd/migration.j2", project, stack=stack, paths=stack.paths)
    return [
        File(f"{SYSTEMD}/{stack.app}-migration@.service", unit),
        File(stack.paths.pg_services, "".join(entries), mode="0600", secret=True),
        *(File(stack.paths.question(name), text) for name, text in questions.items()),
        *(_scratch_file(stack, secrets, name, url) for name, url in urls.items()),
    ]


def scratch_urls(stack: Stack, secrets: Secrets) -> dict[str, str]:
    """The databases that a rehearsal may use, by source: the target's server, a URL, this host."""
    database = stack.database
    assert database is not None
    target, name = target_url(database, secrets.reveal), stack.paths.scratch_database
    given = scratch_url(database, secrets.reveal)
    urls = {"server": target.elsewhere(name), "local": target.elsewhere(name, port=SCRATCH_PORT)}
    if given is not None and database.scratch is not None:
        urls["url"] = secrets.reveal(database.scratch)
    return urls


def _scratch_file(stack: Stack, secrets: Secrets, source: str, url: str) -> File:
    text = env_file(dict.fromkeys(_target_names(stack, secrets), url))
    return File(stack.paths.scratch_secrets(source), text, mode="0600", secret=True)


def _target_names(stack: Stack, secrets: Secrets) -> list[str]:
    """Every secret that leads to the target: an app may know it by more names than the stack."""
    database = stack.database
    assert database is not None
    named = [name for name in (database.url, database.direct) if name is not None]
    targets = {_place(name, secrets) for name in named}
    others = [name for name in stack.secret_names() if name not in named]
    return named + [name for name in others if _place(name, secrets) in targets]


def _place(name: str, secrets: Secrets) -> tuple[str, int, str] | None:
    try:
        url = parse_postgres_url(name, secrets.reveal(name))
    except SecretError:
        return None  # no URL of a database
    return (url.host, url.port, url.database)

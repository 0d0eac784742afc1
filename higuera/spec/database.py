"""The database section: which secret holds its URL, who makes it, how migrations run."""

from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from higuera.errors import SecretError
from higuera.spec.model import Command, EnvironmentVariable, Model, Name


class Job(Model):
    """A command of a release that runs once on the host and must exit 0."""

    service: Name
    """It runs in this service's artifact, as its account, with its secrets."""
    command: Command
    secrets: list[EnvironmentVariable] = []
    """Further secrets that only this job may see."""


class Database(Model):
    """The one PostgreSQL that all services of the stack share."""

    url: EnvironmentVariable
    """The *name* of the secret that holds the URL."""
    provision: Literal["local", "external"] = "external"
    """`local` installs PostgreSQL on the VPS and makes the role and the database of the URL."""
    migrate: Job | None = None
    seed: Job | None = None
    """Runs after the migrations; must be safe to run again (say, the smoke checks' account)."""

    def jobs(self) -> list[tuple[str, Job]]:
        """The jobs that are there, with the key they stand under."""
        named = (("migrate", self.migrate), ("seed", self.seed))
        return [(key, job) for key, job in named if job is not None]


class PostgresUrl(NamedTuple):
    """The parts of a `postgresql://` URL, decoded."""

    user: str
    password: str
    host: str
    port: int
    database: str

    def __repr__(self) -> str:
        """Everything but the password, which no log or traceback should hold."""
        return f"PostgresUrl({self.user}@{self.host}:{self.port}/{self.database})"


def parse_postgres_url(name: str, url: str) -> PostgresUrl:
    """Take a PostgreSQL URL apart.

    Raises SecretError, which says what of the secret `name` is wrong and never shows it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:
        raise SecretError(f"{name}: is not a URL that can be read (bad host or port)") from None
    if parts.scheme not in ("postgres", "postgresql"):
        raise SecretError(f"{name}: should start with postgresql://")
    database = unquote(parts.path.lstrip("/"))
    found = {
        "a user": parts.username,
        "a password": parts.password,
        "a host": parts.hostname,
        "a database name": database,
    }
    for what, value in found.items():
        if not value:
            raise SecretError(
                f"{name}: names no {what.split(' ', 1)[1]} (postgresql://USER:PASSWORD@HOST/DATABASE)"
            )
    return PostgresUrl(
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=parts.hostname or "",
        port=port,
        database=database,
    )

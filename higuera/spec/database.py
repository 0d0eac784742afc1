"""The database section: which secret holds its URL, who makes it, how migrations run."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from higuera.errors import SecretError
from higuera.spec.model import Command, EnvironmentVariable, Model, Name, RelativePath

# Where a throw-away PostgreSQL listens for the time of a rehearsal, on loopback.
SCRATCH_PORT = 8097
# Schemas that a managed provider keeps for itself (Supabase, Neon), as a regular expression for
# PostgreSQL and Python. Left out only where the role of the stack does not own them: an app may
# well have an `auth` of its own.
PROVIDER_SCHEMAS = (
    "^(auth|storage|_?realtime|extensions|vault|graphql.*|pgbouncer|_?supabase.*|cron|net|pgsodium.*"
    "|_analytics|neon|neon_auth|neon_migration)$"
)
# Parameters of a URL that libpq knows too (PostgreSQL 15, 34.1.2); others are a driver's own.
LIBPQ = (
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "channel_binding",
    "gssencmode",
    "target_session_attrs",
    "options",
)
Table = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$")]
Ledger = Literal["drizzle", "ecto", "prisma", "knex", "typeorm", "sql"]
# As squawk spells them on its command line.
LintRule = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]*[a-z]$")]
LintVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){0,2}$")]


class Job(Model):
    """A command of a release that runs once on the host and must exit 0."""

    service: Name
    """It runs in this service's artifact, as its account, with its secrets."""
    command: Command
    secrets: list[EnvironmentVariable] = []
    """Further secrets that only this job may see."""


class Lint(Model):
    """What squawk holds pending migrations against (`higuera migrations check`)."""

    exclude: list[LintRule] = [
        "prefer-robust-stmts",
        "require-lock-timeout",
        "require-statement-timeout",
    ]
    """Rules of squawk that do not bite; the default is noise on Drizzle's SQL."""
    assume_in_transaction: bool = True
    """Whether the tool that applies a file wraps it in a transaction."""
    pg_version: LintVersion | None = None
    """The target's version, such as "15.0": some rules depend on it."""


class Migrate(Job):
    """The job that applies a release's migrations, and what proves that it did."""

    files: RelativePath | None = None
    """The folder of the migrations in the source."""
    ledger: Ledger | None = None
    """Whose book of applied migrations it is, to compare with the files."""
    table: Table | None = None
    """The ledger's table, where it is not that tool's usual one."""
    lock_timeout: int = Field(default=5, ge=1, le=600)
    """Seconds that one statement of a migration waits for a lock; others wait behind it."""
    retries: int = Field(default=3, ge=0, le=20)
    """How often it is tried again after that, 2, 4, 8, … seconds apart (30 at most)."""
    queue: int = Field(default=120, ge=1, le=3600)
    """Seconds to wait for somebody else's migration of the same database."""
    time_limit: int = Field(default=900, ge=1, le=86400)
    """Seconds that the command may take."""
    lint: Lint = Lint()

    @model_validator(mode="after")
    def _files_with_their_ledger(self) -> "Migrate":
        if (self.files is None) != (self.ledger is None):
            missing = "files" if self.files is None else "ledger"
            raise ValueError(f"{missing} is required: files and ledger belong together")
        return self


def _day(value: object) -> object:
    """A quoted day is a day too; a time of day is none."""
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if type(found) is not date:
        raise ValueError(f"{value}: should be a day such as 2027-01-31")
    return found


Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Accepted(Model):
    """A difference between the target's schema and the migrations that is known and owned."""

    object: Words
    """As `higuera drift` prints it: `table public.legacy`, `column public.forms.note`."""
    owner: Words
    reason: Words
    until: Annotated[date, BeforeValidator(_day)]
    """The last day on which it counts as accepted."""


class Database(Model):
    """The one PostgreSQL that all services of the stack share."""

    url: EnvironmentVariable
    """The *name* of the secret that holds the URL."""
    direct: EnvironmentVariable | None = None
    """The name of the secret with a URL past the pooler, where `url` leads to one."""
    provision: Literal["local", "external"] = "external"
    """`local` installs PostgreSQL on the VPS and makes the role and the database of the URL."""
    scratch: EnvironmentVariable | None = None
    """The name of the secret with the URL of an empty database that may be emptied again."""
    keep_backups: int = Field(default=5, ge=1, le=1000)
    """Dumps kept on the VPS; one is taken before migrations are applied."""
    migrate: Migrate | None = None
    seed: Job | None = None
    """Runs after the migrations; must be safe to run again (say, the smoke checks' account)."""
    accept: list[Accepted] = []
    """Drift that does not stop a deploy."""
    catalog: RelativePath | None = None
    """A YAML file of the source: who owns each table, what for, until when."""

    @property
    def is_gated(self) -> bool:
        """Whether a release's schema is proven before traffic moves: where it has migrations."""
        return self.migrate is not None

    def secret_names(self) -> list[str]:
        """The secrets of this section, in its order."""
        urls = [name for name in (self.url, self.direct, self.scratch) if name is not None]
        return urls + [name for _, job in self.jobs() for name in job.secrets]

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
    options: tuple[tuple[str, str], ...] = ()
    """What stands behind the `?`."""

    @property
    def is_pooled(self) -> bool:
        """Whether it leads to a transaction pooler, where locks and `SET` hold for nobody.

        Known by the names of Neon (`-pooler`), Supabase (port 6543) and Prisma (`pgbouncer=true`).
        """
        first = self.host.split(".", 1)[0]
        asked = dict(self.options).get("pgbouncer", "").lower()
        return first.endswith("-pooler") or self.port == 6543 or asked in ("true", "1")

    def elsewhere(self, database: str, port: int | None = None) -> str:
        """The URL of another database on the same server, or on this host's own at `port`."""
        account = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        if port is not None:
            return f"postgresql://{account}@127.0.0.1:{port}/{quote(database, safe='')}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        asked = "&".join(f"{key}={quote(value, safe='')}" for key, value in self.options)
        end = f"?{asked}" if asked else ""
        return f"postgresql://{account}@{host}:{self.port}/{quote(database, safe='')}{end}"

    def service(self, name: str) -> str:
        """An entry of libpq's service file (PostgreSQL 15, 34.17).

        `sslmode=no-verify` is node-postgres' word for `require`.
        """
        known = {
            "host": self.host,
            "port": str(self.port),
            "dbname": self.database,
            "user": self.user,
            "password": self.password,
            "connect_timeout": "10",
            "application_name": "higuera",
            # A line that falls silent is given up within a minute.
            "keepalives_idle": "30",
            "keepalives_interval": "10",
            "keepalives_count": "3",
            "tcp_user_timeout": "60000",
        }
        known |= {key: value for key, value in self.options if key in LIBPQ}
        if known.get("sslmode") == "no-verify":
            known["sslmode"] = "require"
        return f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in known.items())

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
        options=tuple(parse_qsl(parts.query)),
    )


def target_url(database: Database, reveal: Callable[[str], str]) -> PostgresUrl:
    """Where migrations and comparisons go: past the pooler, if there is one.

    Raises SecretError that asks for the direct URL where only a pooled one is known.
    """
    name = database.direct or database.url
    url = _one_line_each(name, parse_postgres_url(name, reveal(name)))
    if url.is_pooled:
        raise SecretError(
            f"{name}: leads to a transaction pooler ({url.host}:{url.port}), where no lock holds; "
            f"name the secret with the direct URL as database.direct in the stack file"
        )
    return url


def scratch_url(database: Database, reveal: Callable[[str], str]) -> PostgresUrl | None:
    """The database that may be emptied; None where none is named.

    Raises SecretError when it is the target itself.
    """
    if database.scratch is None:
        return None
    url = _one_line_each(
        database.scratch, parse_postgres_url(database.scratch, reveal(database.scratch))
    )
    target = target_url(database, reveal)
    if (url.host, url.port, url.database) == (target.host, target.port, target.database):
        raise SecretError(f"{database.scratch}: is the target itself, which is never emptied")
    return url


def check_urls(database: Database, reveal: Callable[[str], str]) -> None:
    """Raise SecretError where the target or the scratch database cannot be used."""
    target_url(database, reveal)
    scratch_url(database, reveal)


def _one_line_each(name: str, url: PostgresUrl) -> PostgresUrl:
    """What libpq's service file can hold: a line a value, blanks at its ends are lost."""
    for value in (url.user, url.password, url.host, url.database):
        if value != value.strip() or not value.isprintable():
            raise SecretError(f"{name}: holds a line break or a blank where no file can keep it")
    return url

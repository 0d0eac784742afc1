"""A local PostgreSQL: one role, one database."""

import base64
import hashlib
import hmac
import os
from collections.abc import Generator

from pyinfra import host, logger
from pyinfra.api import StringCommand, operation

from higuera.errors import SecretError
from higuera.facts.database import DatabaseState, LocalDatabase, sql_text
from higuera.spec.database import parse_postgres_url
from higuera.spec.secrets import Secrets

ITERATIONS = 4096  # PostgreSQL's own default for SCRAM-SHA-256 (RFC 7677, section 3)
# Debian starts a server with its programs, unless it is told not to: here they rehearse migrations.
CLUSTERS = "/etc/postgresql-common/createcluster.d"
NO_CLUSTER = f"mkdir -p {CLUSTERS} && echo 'create_main_cluster = false' >{CLUSTERS}/higuera.conf"
START = f"""rm -f {CLUSTERS}/higuera.conf
newest=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\\n' | sort -n | tail -n 1)
[ -n "$(pg_lsclusters --no-header)" ] || pg_createcluster "$newest" main
systemctl enable --now --quiet postgresql.service
"""
# PostgreSQL keeps one password a role, and candidates need the new one before they take traffic.
ROTATED = (
    "it gets the new one before the cutover, so what runs with the old one opens no new connection "
    "from then on, now or after a rollback"
)
PSQL = "cd / && runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1 -d postgres"


@operation()
def local(url_name: str, secrets: Secrets) -> Generator[StringCommand, None, None]:
    """Make the role and the database that a URL names, on the PostgreSQL of this host.

    Only a SCRAM verifier travels, never the password.

    + url_name: the name of the secret with the URL
    + secrets: where it is looked up

    **Example:**

    .. code:: python

        database.local(name="Database", url_name="DATABASE_URL3", secrets=deployment.secrets)
    """
    url = parse_postgres_url(url_name, secrets.reveal(url_name))
    if not url.password.isascii():
        # PostgreSQL would normalise it first (SASLprep), and not every client does.
        raise SecretError(f"{url_name}: its password should be ASCII for a local database")
    there = host.get_fact(LocalDatabase, role=url.user, database=url.database)
    role, name = _identifier(url.user), _identifier(url.database)
    statements = []
    if not there.role:
        statements.append(_made(there, f"create role {role} login", "pg_roles", url.user))
    if not has_password(there, url.password):
        if there.salt and not host.state.is_executing:
            told = f"{url_name} has another password than the role {url.user}: {ROTATED}"
            host.log(told, log_func=logger.warning)
        password = sql_text(scram_verifier(url.password, os.urandom(16), ITERATIONS))
        statements.append(f"alter role {role} login password {password};")
    if there.owner is None:
        create = f"create database {name} owner {role} encoding 'UTF8' template template0"
        statements.append(_made(there, create, "pg_database", url.database))
    elif there.owner != url.user:
        statements.append(f"alter database {name} owner to {role};")
    if not statements:
        host.noop(f"database {url.database} is there")
        return
    start = "" if there.reachable else f"set -e\n{START}"
    yield StringCommand(f"{start}{PSQL}", _stdin="\n".join(statements))


def has_password(there: DatabaseState, password: str) -> bool:
    """Whether the verifier on the server was made from this password."""
    if not there.salt or not there.iterations:
        return False
    verifier = scram_verifier(password, base64.b64decode(there.salt), there.iterations)
    return hashlib.sha256(verifier.encode()).hexdigest() == there.verifier_sha256


def scram_verifier(password: str, salt: bytes, iterations: int) -> str:
    """What PostgreSQL keeps instead of a password (RFC 5802, section 3; pg_authid.rolpassword).

    ASCII passwords need no SASLprep; others PostgreSQL would normalise first.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    parts = (base64.b64encode(part).decode() for part in (salt, stored, server))
    salt64, stored64, server64 = parts
    return f"SCRAM-SHA-256${iterations}:{salt64}${stored64}:{server64}"


def _made(there: DatabaseState, create: str, catalog: str, name: str) -> str:
    """A statement that makes something; a server that was stopped may well have it already."""
    if there.reachable:
        return f"{create};"
    column = {"pg_roles": "rolname", "pg_database": "datname"}[catalog]
    known = f"select from {catalog} where {column} = {sql_text(name)}"
    return f"select {sql_text(create)} where not exists ({known}) \\gexec"


def _identifier(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'

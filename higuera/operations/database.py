"""A local PostgreSQL: one role, one database."""

import base64
import hashlib
import hmac
import os
from collections.abc import Generator
from shlex import quote

from pyinfra import host
from pyinfra.api import StringCommand, operation

from higuera.errors import SecretError
from higuera.facts.database import DatabaseState, LocalDatabase, sql_text
from higuera.operations.diff import warn
from higuera.operations.notes import affects, prepares
from higuera.plan.model import Effect, Preparing
from higuera.spec.database import PostgresUrl, parse_postgres_url
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
LOOPBACK = {"", "localhost", "127.0.0.1", "::1"}
PIN = """# Written by Higuera: whoever uses this database is on this host.
listen_addresses = 'localhost'
"""
ASK = "cd / && runuser -u postgres -- psql -XAtq -d postgres </dev/null -c"
WRITE_PIN = f"""conf=$({ASK} 'show config_file')
printf %s {quote(PIN)} | install -D -m 0644 /dev/stdin "${{conf%/*}}/conf.d/higuera.conf"
"""
# A line that is read after that file, at the end of postgresql.conf for one, goes over it; nothing
# goes over this.
OVERRULED = (
    "select $$alter system set listen_addresses = 'localhost'$$ where 'localhost' <> (select "
    "setting from pg_file_settings where name = 'listen_addresses' order by seqno desc limit 1) "
    "\\gexec"
)
# It opens its sockets when it starts, never later.
RESTART = f"""
[ "$({ASK} 'show listen_addresses')" = localhost ] || systemctl restart postgresql.service"""
# PostgreSQL keeps one password a role, and candidates need the new one before they take traffic.
ROTATED = (
    "it gets the new one before the cutover, so what runs with the old one opens no new connection "
    "from then on, now or after a rollback; should this deploy fail, deploy again, with the old "
    "one if need be"
)
# A server logs a statement that fails, and others where it is told to; one has a verifier in it.
UNLOGGED = (
    "set log_statement = 'none'; set log_min_error_statement = 'panic'; "
    "set log_min_duration_statement = -1;"
)
PSQL = "cd / && runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1 -d postgres"


def local_url(url_name: str, secrets: Secrets) -> PostgresUrl:
    """The URL of a local database. Raises SecretError where it cannot be one."""
    url = parse_postgres_url(url_name, secrets.reveal(url_name))
    if not url.password.isascii():
        # PostgreSQL would normalise it first (SASLprep), and not every client does.
        raise SecretError(f"{url_name}: its password should be ASCII for a local database")
    return url


@operation()
def local(url_name: str, secrets: Secrets) -> Generator[StringCommand, None, None]:
    """Make the role and the database that a URL names, on the PostgreSQL of this host.

    It is to listen on loopback, also where somebody opened it by hand; only then it is restarted.
    Only a SCRAM verifier travels, never the password.

    + url_name: the name of the secret with the URL
    + secrets: where it is looked up

    **Example:**

    .. code:: python

        database.local(name="Database", url_name="DATABASE_URL3", secrets=deployment.secrets)
    """
    url = local_url(url_name, secrets)
    there = host.get_fact(LocalDatabase, role=url.user, database=url.database)
    role, name = _identifier(url.user), _identifier(url.database)
    statements = []
    make: Preparing = "make" if there.reachable else "make where missing"
    if not there.role:
        prepares(host, "role", make, [url.user])
        statements.append(_made(there, f"create role {role} login", "pg_roles", url.user))
    if not has_password(there, url.password):
        if there.salt:
            warn(host, f"{url_name} has another password than the role {url.user}: {ROTATED}")
        if there.role:
            prepares(host, "role", "put right", [url.user])
        password = sql_text(scram_verifier(url.password, os.urandom(16), ITERATIONS))
        statements += [UNLOGGED, f"alter role {role} login password {password};"]
    if there.owner is None:
        prepares(host, "database", make, [url.database])
        create = f"create database {name} owner {role} encoding 'UTF8' template template0"
        statements.append(_made(there, create, "pg_database", url.database))
    elif there.owner != url.user:
        prepares(host, "database", "put right", [url.database])
        statements.append(f"alter database {name} owner to {role};")
    is_pinned = there.reachable and _is_pinned(there)
    if opened := _opened(there):
        told = "that ends, with a restart if it does now"
        if is_pinned:
            told = "its configuration is not where Debian has it, so that is its owner's to end"
        warn(host, f"PostgreSQL is to listen on {opened}: {told}")
    affects(host, "PostgreSQL", *_effect(there, is_pinned))
    if not statements and is_pinned:
        host.noop(f"database {url.database} is there")
        return
    start = "" if there.reachable else START
    if is_pinned:
        yield StringCommand(PSQL, _stdin="\n".join(statements))
        return
    lines = f"set -e\n{start}{WRITE_PIN}{PSQL}{RESTART}"
    yield StringCommand(lines, _stdin="\n".join([OVERRULED, *statements]))


def _opened(there: DatabaseState) -> str:
    """The addresses, now or after its next start, by which others reach it."""
    listed = f"{there.listens},{there.listens_next}".split(",")
    addresses = dict.fromkeys(each.strip() for each in listed)
    return ", ".join(each for each in addresses if each not in LOOPBACK)


def _effect(there: DatabaseState, is_pinned: bool) -> tuple[Effect, str]:
    if not there.reachable:
        return "starts", "it does not answer"
    if not is_pinned and there.listens != "localhost":
        return "restarts", "it is to listen on loopback alone, which it does when it starts"
    return "stays", "it answers"


def _is_pinned(there: DatabaseState) -> bool:
    digest = hashlib.sha256(PIN.encode()).hexdigest()
    return there.pin is None or (there.pin == digest and not _opened(there))


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

"""A VPS that stands for a managed PostgreSQL: TLS, scram, few rights, a provider's schemas."""

import fcntl
import hashlib
import subprocess
from pathlib import Path

from harness import until

from higuera import sandbox

LAYER = "test-managed"
PASSWORD = "canary-managed-7Qp/x@1"
IN_URL = "canary-managed-7Qp%2Fx%401"

# Debian's own self-signed certificate; nothing gets in without TLS. Then a pooler before it.
SERVER = """
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install -y --no-install-recommends postgresql pgbouncer ssl-cert >/dev/null
cd /etc/postgresql/15/main
cat >conf.d/managed.conf <<'CONF'
listen_addresses = '*'
ssl = on
ssl_cert_file = '/etc/ssl/certs/ssl-cert-snakeoil.pem'
ssl_key_file = '/etc/ssl/private/ssl-cert-snakeoil.key'
password_encryption = 'scram-sha-256'
wal_level = logical
log_connections = on
log_line_prefix = '%m [%p] %q%u@%d %a %h '
CONF
cat >pg_hba.conf <<'CONF'
local all postgres peer
hostssl all all all scram-sha-256
CONF
cat >/etc/pgbouncer/pgbouncer.ini <<'CONF'
[databases]
* = host=127.0.0.1 port=5432
[pgbouncer]
listen_addr = *
listen_port = 6543
unix_socket_dir =
pidfile = /run/postgresql/pgbouncer.pid
logfile = /var/log/postgresql/pgbouncer.log
auth_type = scram-sha-256
auth_file = /etc/pgbouncer/userlist.txt
pool_mode = transaction
ignore_startup_parameters = extra_float_digits,options
client_tls_sslmode = require
client_tls_key_file = /etc/ssl/private/ssl-cert-snakeoil.key
client_tls_cert_file = /etc/ssl/certs/ssl-cert-snakeoil.pem
server_tls_sslmode = require
CONF
printf '"app" "%s"\\n' 'PASSWORD' >/etc/pgbouncer/userlist.txt
usermod -aG ssl-cert postgres
systemctl restart postgresql@15-main pgbouncer
"""
# As Supabase hands a project out: the database is not its user's, and much in it is the provider's.
ROLES = """
create role app login nosuperuser nocreatedb nocreaterole password 'PASSWORD';
create role admin nologin; create role supabase_admin nologin superuser; create role anon nologin;
create database app owner admin;
create database scratch owner app;
grant create, connect on database app to app;
"""
PROVIDER = """
grant usage, create on schema public to app;
set role supabase_admin;
create schema auth; create schema storage; create schema realtime; create schema extensions;
create schema graphql; create schema graphql_public; create schema vault; create schema _realtime;
create schema supabase_functions;
create table auth.users (id uuid primary key default gen_random_uuid(), email text unique);
insert into auth.users (email) values ('kept@provider.test');
create function auth.uid() returns uuid language sql stable as 'select null::uuid';
create table storage.objects (id bigserial primary key, name text not null);
create view storage.names as select name from storage.objects;
create type realtime.action as enum ('INSERT', 'UPDATE');
create table _realtime.tenants (id int primary key);
create table supabase_functions.hooks (id int primary key);
create extension pgcrypto schema extensions;
create extension pg_stat_statements schema extensions;
grant usage on schema extensions, auth to app; grant select on auth.users to app;
create function extensions.on_ddl() returns event_trigger language plpgsql as 'begin end';
create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.on_ddl();
create publication supabase_realtime;
alter default privileges in schema public grant select on tables to anon;
"""


class Managed:
    """A managed PostgreSQL, from its customer's side and from its owner's."""

    def __init__(self, vps: str) -> None:
        self.vps = vps

    @property
    def address(self) -> str:
        return sandbox.get(self.vps).address

    def url(self, database: str = "app", port: int = 5432, password: str = IN_URL) -> str:
        """The role's own URL; `no-verify` is node-postgres' word for libpq's `require`."""
        return f"postgresql://app:{password}@{self.address}:{port}/{database}?sslmode=no-verify"

    def ssh(self, script: str) -> str:
        """Run a script there as root; its output."""
        return ssh(self.vps, script)

    def sql(self, statements: str, database: str = "app") -> str:
        """Run statements as the server's owner; what they print."""
        return ssh(
            self.vps,
            f"cd /; runuser -u postgres -- psql -XAtqw -v ON_ERROR_STOP=1 -d {database} <<'SQL'\n"
            f"{statements}\nSQL",
        )

    def down(self) -> None:
        """Remove it."""
        sandbox.down(self.vps)


def up(vps: str) -> Managed:
    """Boot one from its warm layer, made where there is none."""
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    layer = f"{LAYER}-{digest}"
    with Path("/run/higuera-test-layer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if layer not in sandbox.layers():
            _make(layer)
    sandbox.up(vps, layer=layer)
    managed = Managed(vps)
    until(lambda: managed.sql("select 1") == "1", "the managed PostgreSQL answers", 60)
    return managed


def _make(layer: str) -> None:
    if layer in [vps.name for vps in sandbox.listing()]:
        sandbox.down(layer)
    sandbox.up(layer)
    try:
        ssh(layer, SERVER.replace("PASSWORD", PASSWORD))
        maker = Managed(layer)
        maker.sql(ROLES.replace("PASSWORD", PASSWORD), "postgres")
        maker.sql(PROVIDER)
        sandbox.save_layer(layer, layer)
    finally:
        sandbox.down(layer)
    for other in sandbox.layers():
        used = {vps.layer for vps in sandbox.listing()}
        if other.startswith(f"{LAYER}-") and other != layer and other not in used:
            sandbox.drop_layer(other)


def ssh(name: str, script: str) -> str:
    """Run a script as root on a VPS, from standard input: a secret in it is in no argument."""
    vps = sandbox.get(name)
    done = subprocess.run(
        [*sandbox.ssh_command(vps, ["sh", "-s"])],
        input=script,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()

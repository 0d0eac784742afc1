"""Rehearsals on a real PostgreSQL: two hosts of one app have a database each on the same server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import Server, postgres
from tool_database import DatabaseHost, gated_stack

from higuera.spec.database import PostgresUrl
from higuera.spec.stack import Stack

TABLES = "select string_agg(relname, ' ') from pg_class where relnamespace = 'public'::regnamespace"
SCRATCH = "select datname from pg_database where datname like 'higuera%' order by 1"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        (server.folder / "data/pg_hba.conf").write_text("local all all trust\n")
        server.sql("create role app login createdb; select pg_reload_conf()")
        server.sql("create database app owner app template template0")
        yield server


def host(root: Path, server: Server, machine: str) -> DatabaseHost:
    """A host whose migrations make one table, named after it, where scratch.env leads them."""
    stack = gated_stack()
    assert stack.database is not None
    data = stack.model_dump()
    data["database"]["provision"] = "external"
    found = DatabaseHost.make(root, server, Stack.model_validate(data), "app", "app")
    name = stack.paths.scratch_database
    target = PostgresUrl("app", "no-password", str(server.folder), 5432, "app")
    with (found.config / "pg_service.conf").open("a") as services:
        services.write(target._replace(database=name).service("scratch-server"))
    (found.config / "scratch-server.env").write_text(f'DATABASE_URL3="{target.elsewhere(name)}"\n')
    (found.config / "catalog.sql").write_text(f"{TABLES};\n")
    (root / "etc/machine-id").write_text(f"{machine}\n")
    found.host.hook(
        f"""case "$*" in *' start forms-migrate-scratch@'*)
    to=$(sed -n 's#.*@.*/\\([a-z0-9_]*\\)"$#\\1#p' {found.host.sockets}/scratch.env)
    PATH={server.environment["PATH"]} PGHOST={server.folder} psql -XAtqw -U app -d "$to" \
        -c 'create table of_{machine} ()' || exit 1
esac
"""
    )
    return found


def test_two_hosts_rehearse_on_one_server_at_once(server: Server, tmp_path: Path) -> None:
    first, second = (host(tmp_path / name, server, name) for name in ("first", "second"))
    for there in (first, second):
        done = there.call("rehearse", "r1")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"scratch server\ncatalog of_{there.host.root.name}\n"
    assert len(server.sql(SCRATCH).split()) == 2
    again = first.call("rehearse", "r1")
    assert again.stdout.endswith("catalog of_first\n"), again.stdout + again.stderr
    assert second.call("sql", "scratch", stdin=f"{TABLES};").stdout == "of_second\n"
    first.call("end_rehearsal")
    assert second.call("sql", "scratch", stdin=f"{TABLES};").stdout == "of_second\n"
    second.call("end_rehearsal")
    assert server.sql(SCRATCH) == ""
    assert server.sql(TABLES, "app") == ""

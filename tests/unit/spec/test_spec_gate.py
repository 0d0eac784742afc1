"""Which URL leads where: past a pooler, to a scratch database, into libpq's service file."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from postgres_server import Server, postgres
from pydantic import ValidationError
from spec_files import STACK, changed

from higuera.errors import SecretError
from higuera.operations.database import scram_verifier
from higuera.spec.database import (
    SCRATCH_PORT,
    Database,
    PostgresUrl,
    parse_postgres_url,
    scratch_url,
    target_url,
)
from higuera.spec.stack import Stack

MIGRATE = {"service": "backend", "command": "node migrate.js"}
URLS = {
    "PLAIN": "postgresql://u:canary@h/d",
    "POOLED": "postgresql://u:canary@ep-x-pooler.eu.neon.tech/d",
    "OTHER": "postgresql://u:canary@h:5432/other",
    "SAME": "postgres://else:canary2@h:5432/d?sslmode=require",
    "PADDED": "postgresql://u:canary%20@h/d",
    "LINES": "postgresql://u:can%0Aary@h/d",
}


def reveal(name: str) -> str:
    return URLS[name]


@pytest.mark.parametrize(
    ("url", "pooled"),
    [
        ("postgresql://u:p@ep-cool-1-pooler.eu-central-1.aws.neon.tech/d", True),
        ("postgresql://u:p@ep-cool-1.eu-central-1.aws.neon.tech/d", False),
        ("postgresql://u:p@db.x-pooler.tech/d", False),
        ("postgresql://u:p@aws-0.pooler.supabase.com:6543/d", True),
        ("postgresql://u:p@aws-0.pooler.supabase.com:5432/d", False),
        ("postgresql://u:p@h/d?pgbouncer=true", True),
        ("postgresql://u:p@h/d?pgbouncer=TRUE&sslmode=require", True),
        ("postgresql://u:p@h/d?pgbouncer=1", True),
        ("postgresql://u:p@h/d?pgbouncer=false", False),
        ("postgresql://u:p@h/d", False),
    ],
)
def test_a_pooler_is_known(url: str, pooled: bool) -> None:
    assert parse_postgres_url("X", url).is_pooled is pooled


def test_the_target_is_past_the_pooler() -> None:
    found = target_url(Database(url="POOLED", direct="PLAIN"), reveal)
    assert found == PostgresUrl("u", "canary", "h", 5432, "d")
    assert target_url(Database(url="PLAIN"), reveal).host == "h"


@pytest.mark.parametrize("fields", [{"url": "POOLED"}, {"url": "PLAIN", "direct": "POOLED"}])
def test_a_pooled_target_asks_for_the_direct_one(fields: dict[str, str]) -> None:
    with pytest.raises(SecretError) as raised:
        target_url(Database.model_validate(fields), reveal)
    assert str(raised.value) == (
        "POOLED: leads to a transaction pooler (ep-x-pooler.eu.neon.tech:5432), where no lock "
        "holds; name the secret with the direct URL as database.direct in the stack file"
    )


@pytest.mark.parametrize("name", ["PADDED", "LINES"])
def test_what_a_service_file_cannot_hold_is_refused_unprinted(name: str) -> None:
    for fields in ({"url": name}, {"url": "PLAIN", "scratch": name}):
        database = Database.model_validate(fields)
        with pytest.raises(SecretError) as raised:
            scratch_url(database, reveal)
            target_url(database, reveal)
        assert str(raised.value) == (
            f"{name}: holds a line break or a blank where no file can keep it"
        )


def test_scratch_is_another_database() -> None:
    found = scratch_url(Database(url="PLAIN", scratch="OTHER"), reveal)
    assert found is not None and found.database == "other"
    assert scratch_url(Database(url="PLAIN"), reveal) is None


@pytest.mark.parametrize("fields", [{"url": "PLAIN"}, {"url": "POOLED", "direct": "PLAIN"}])
def test_scratch_is_never_the_target(fields: dict[str, str]) -> None:
    database = Database.model_validate({**fields, "scratch": "SAME"})
    with pytest.raises(SecretError, match=r"^SAME: is the target itself, which is never emptied$"):
        scratch_url(database, reveal)


OPTIONS = st.lists(
    st.tuples(st.sampled_from(["sslmode", "a", "options"]), st.text("ab &=%#", min_size=1)),
    max_size=2,
).map(tuple)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(user=TEXT, password=TEXT, database=TEXT, options=OPTIONS, host=st.sampled_from(["h", "::1"]))
def test_elsewhere_is_the_same_account_on_another_database(
    user: str, password: str, database: str, options: tuple[tuple[str, str], ...], host: str
) -> None:
    url = PostgresUrl(user, password, host, 6432, "d", options)
    if database.startswith("/"):
        return
    assert parse_postgres_url("X", url.elsewhere(database)) == url._replace(database=database)
    local = PostgresUrl(user, password, "127.0.0.1", SCRATCH_PORT, database)
    assert parse_postgres_url("X", url.elsewhere(database, port=SCRATCH_PORT)) == local


def test_service_speaks_libpq() -> None:
    url = parse_postgres_url(
        "X",
        "postgresql://u:p@h:1/d?sslmode=no-verify&pgbouncer=true&schema=x&channel_binding=require",
    )
    assert url.service("target").splitlines() == [
        *("[target]", "host=h", "port=1", "dbname=d", "user=u", "password=p"),
        *("connect_timeout=10", "application_name=higuera"),
        *("keepalives_idle=30", "keepalives_interval=10", "keepalives_count=3"),
        *("tcp_user_timeout=60000", "sslmode=require"),
        "channel_binding=require",
    ]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        yield server


# What SASLprep leaves alone and a role or a database may be called.
PRINTED = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)
WORDS = PRINTED.filter(lambda text: text == text.strip())


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(user=WORDS, password=WORDS, database=WORDS)
@example(user="[target]", password="#;a=b]", database="x=y")
@example(user="a'b\"c\\d", password="a'b\"c\\d $(id) `id`", database="a b?x=1&y")
@example(user="#user", password="password=x", database="postgresql://h/d")
def test_psql_reads_what_the_service_file_says(
    server: Server, tmp_path: Path, user: str, password: str, database: str
) -> None:
    if user in ("postgres", "public", "none") or user.startswith("pg_"):
        return
    name, role = (f'"{word}"'.replace(word, word.replace('"', '""')) for word in (database, user))
    verifier = scram_verifier(password, b"0123456789abcdef", 4096)
    server.sql(f"create role {role} login password '{verifier}'; ")
    server.sql(f"create database {name} template template0")
    try:
        given_url = f"postgresql://{quote(user, '')}:{quote(password, '')}@h/{quote(database, '')}"
        url = parse_postgres_url("X", given_url)._replace(host=str(server.folder))
        file = tmp_path / "pg_service.conf"
        other = PostgresUrl("nobody", "x", "/nowhere", 1, "x")
        file.write_text(other.service("first") + url.service("target") + other.service("last"))
        done = subprocess.run(
            ["psql", "-XAtqw", "-c", "select current_user || ' on ' || current_database()"],
            env={
                "PATH": server.environment["PATH"],
                "PGSERVICEFILE": str(file),
                "PGSERVICE": "target",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout, done.stderr) == (f"{user} on {database}\n", "")
    finally:
        server.sql(f"drop database {name}")
        server.sql(f"drop role {role}")


def stack_with(path: str, value: object) -> Stack:
    return Stack.model_validate(changed(STACK, path, value))


def test_a_gate_is_where_migrations_are() -> None:
    assert Stack.model_validate(STACK).is_gated
    assert not stack_with("database.migrate", None).is_gated
    assert not stack_with("database", None).is_gated


def test_tried_is_who_has_the_url_and_may_run_a_third_time() -> None:
    stack = Stack.model_validate(STACK)
    assert (stack.on_database(), stack.tried_services()) == (["backend"], ["backend"])
    assert stack_with("database.migrate", None).tried_services() == []
    assert stack_with("database", None).on_database() == []
    exclusive = stack_with("services.backend.strategy", "exclusive")
    assert (exclusive.on_database(), exclusive.tried_services()) == (["backend"], [])
    direct = changed(
        changed(STACK, "database.direct", "DIRECT"), "services.web.secrets", ["DIRECT"]
    )
    assert Stack.model_validate(direct).tried_services() == ["backend", "web"]


@pytest.mark.parametrize(
    ("path", "port", "sentence"),
    [
        ("services.web.port", SCRATCH_PORT, "is taken by a rehearsal's PostgreSQL"),
        ("services.web.port", SCRATCH_PORT - 100, "is taken by a rehearsal's PostgreSQL"),
        ("nginx.status_port", SCRATCH_PORT, "a rehearsal needs port 8097"),
        ("nginx.candidate_port", SCRATCH_PORT, "a rehearsal needs port 8097"),
        (
            "services.web.port",
            3201,
            "services.web.port (blue): port 3201 is taken by services.backend.port (trial)",
        ),
        ("services.web.port", 3101, "port 3101 is taken by services.backend.port (green)"),
    ],
)
def test_ports_of_a_trial_and_a_rehearsal_are_taken(path: str, port: int, sentence: str) -> None:
    with pytest.raises(ValidationError) as raised:
        stack_with(path, port)
    assert sentence in str(raised.value)
    if "green" not in sentence:
        free = changed(changed(STACK, path, port), "database.migrate", None)
        Stack.model_validate(free)


@pytest.mark.parametrize(
    ("files", "sources", "is_good"),
    [
        ("apps/backend/drizzle", ["apps/backend"], True),
        ("apps/backend/drizzle", ["apps/backend/"], True),
        ("apps/backend", ["apps/backend"], True),
        ("apps/backend/drizzle", [], True),
        ("drizzle", ["package.json", "drizzle"], True),
        ("apps/backend-drizzle", ["apps/backend"], False),
        ("drizzle", ["apps/backend"], False),
        ("apps", ["apps/backend"], False),
    ],
)
def test_migrations_are_of_the_sources(files: str, sources: list[str], is_good: bool) -> None:
    migrate = {**MIGRATE, "files": files, "ledger": "drizzle"}
    data = changed(changed(STACK, "database.migrate", migrate), "services.backend.sources", sources)
    if is_good:
        Stack.model_validate(data)
    else:
        with pytest.raises(ValidationError, match="so a new migration would be no new release"):
            Stack.model_validate(data)


@pytest.mark.parametrize(("key", "other"), [("files", "ledger"), ("ledger", "files")])
def test_files_and_their_ledger_belong_together(key: str, other: str) -> None:
    with pytest.raises(ValidationError, match=f"{other} is required"):
        stack_with("database.migrate", {**MIGRATE, key: "sql"})

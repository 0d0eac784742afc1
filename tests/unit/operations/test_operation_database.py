"""The database operation and its fact against a real PostgreSQL, and what comes out as a login."""

import os
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from operation_harness import Outcome, run_operation
from postgres_server import Server, postgres

from higuera.facts.database import DatabaseState, LocalDatabase, sql_text
from higuera.operations import database
from higuera.operations.database import ITERATIONS, OVERRULED, has_password, scram_verifier
from higuera.spec.secrets import Secrets

ascii_passwords = st.text(st.characters(min_codepoint=1, max_codepoint=127), min_size=1)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=15)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with postgres() as server:
        yield server


@pytest.fixture
def clean(server: Server) -> Iterator[None]:
    yield
    sweep(server)


def sweep(server: Server) -> None:
    """Drop every database and role that a test made."""
    statements = server.sql(
        "select format('drop database %I;', datname) from pg_database "
        "where not datistemplate and datname <> 'postgres' union all "
        "select format('drop role %I;', rolname) from pg_roles where rolname !~ '^(pg_|postgres$)'"
    )
    server.sql(statements)


def state_of(server: Server, role: str, name: str) -> DatabaseState:
    done = server.run(LocalDatabase().command(role, name).get_raw_value())
    assert done.returncode == 0, done.stderr
    return LocalDatabase().process(done.stdout.split("\n"))


def planned(server: Server, role: str, password: str, name: str) -> Outcome:
    """The operation with the live fact."""
    url = f"postgresql://{quote(role, '')}:{quote(password, '')}@127.0.0.1/{quote(name, '')}"
    facts: dict[str, Any] = {"LocalDatabase": state_of(server, role, name)}
    arguments = {"url_name": "URL", "secrets": Secrets({"URL": url})}
    outcome = run_operation(database.local, arguments, facts)
    assert outcome.error is None
    return outcome


def provision(server: Server, role: str, password: str, name: str) -> Outcome:
    """The same; its command is run."""
    outcome = planned(server, role, password, name)
    for command in outcome.commands:
        done = server.run(command["run"], stdin=command["stdin"] + "\n")
        assert (done.returncode, done.stderr) == (0, "")
    return outcome


def logs_in(server: Server, role: str, password: str, name: str = "postgres") -> bool:
    done = server.login(role, password, name)
    if done.returncode == 0:
        assert done.stdout.strip("\n") == role
        return True
    assert "password authentication failed" in done.stderr, done.stderr
    return False


def test_what_opens_it_at_the_next_start_is_overruled(server: Server) -> None:
    """Whichever file says it: here the one that is read last."""
    server.sql("alter system set listen_addresses = '*'")
    try:
        assert state_of(server, "forms", "forms").listens_next == "*"
        server.sql(OVERRULED)
        assert state_of(server, "forms", "forms").listens_next == "localhost"
    finally:
        server.sql("alter system reset listen_addresses")


@pytest.mark.usefixtures("clean")
class TestTheOperation:
    def test_from_nothing_to_a_login_and_then_a_noop(self, server: Server) -> None:
        provision(server, "forms", "s3cret", "forms")
        assert logs_in(server, "forms", "s3cret", "forms")
        assert not logs_in(server, "forms", "S3cret", "forms")
        again = provision(server, "forms", "s3cret", "forms")
        assert (again.commands, again.noop) == ([], "database forms is there")

    def test_another_password_replaces_the_first(self, server: Server) -> None:
        provision(server, "forms", "one", "forms")
        provision(server, "forms", "two", "forms")
        assert [logs_in(server, "forms", word) for word in ("one", "two")] == [False, True]
        assert provision(server, "forms", "two", "forms").noop is not None

    def test_a_role_that_may_not_log_in_is_let_in(self, server: Server) -> None:
        server.sql("create role forms nologin password 's3cret'; create database forms owner forms")
        refused = server.login("forms", "s3cret")
        assert (refused.returncode, "is not permitted to log in" in refused.stderr) == (2, True)
        (command,) = provision(server, "forms", "s3cret", "forms").commands
        assert 'alter role "forms" login password ' in command["stdin"]
        assert logs_in(server, "forms", "s3cret", "forms")
        assert provision(server, "forms", "s3cret", "forms").noop is not None

    @pytest.mark.parametrize(
        ("setting", "status"),
        [("log_statement = 'all'", 0), ("default_transaction_read_only = on", 3)],
    )
    def test_a_server_logs_no_verifier(self, server: Server, setting: str, status: int) -> None:
        """Not one that logs every statement, nor one that refuses it."""
        server.sql("create role forms login; create database forms owner forms")
        name = setting.partition(" ")[0]
        server.sql(f"alter system set {setting}; select pg_reload_conf()")
        try:
            server.sql("select pg_sleep(0.1)")
            (command,) = planned(server, "forms", "s3cret", "forms").commands
            done = server.run(command["run"], stdin=command["stdin"])
            assert done.returncode == status, done.stderr
        finally:
            server.sql(f"alter system reset {name}; select pg_reload_conf()")
        log = (server.folder / "log").read_text()
        assert ("cannot execute ALTER ROLE" if status else "LOG:  statement: ") in log
        assert f"SCRAM-SHA-256${ITERATIONS}" not in log + done.stderr

    def test_a_database_is_utf8_whatever_the_template_is(self, server: Server) -> None:
        server.sql("alter database template1 rename to utf8_template")
        try:
            server.sql(
                "create database template1 encoding 'LATIN1' locale 'C' "
                "template template0 is_template true"
            )
            provision(server, "forms", "s3cret", "forms")
            found = server.sql(
                "select pg_encoding_to_char(encoding) from pg_database where datname = 'forms'"
            )
            assert found == "UTF8"
        finally:
            server.sql("alter database template1 is_template false")
            server.sql("drop database template1")
            server.sql("alter database utf8_template rename to template1")

    def test_an_md5_password_becomes_a_scram_one(self, server: Server) -> None:
        server.sql("create role forms login; set password_encryption = md5;")
        server.sql("set password_encryption = md5; alter role forms password 's3cret'")
        assert state_of(server, "forms", "forms") == DatabaseState(reachable=True, role=True)
        provision(server, "forms", "s3cret", "forms")
        assert logs_in(server, "forms", "s3cret")

    def test_the_servers_own_verifier_is_known(self, server: Server) -> None:
        server.sql("create role forms login password 's3cret'; create database forms owner forms")
        found = state_of(server, "forms", "forms")
        assert (found.iterations, found.owner) == (ITERATIONS, "forms")
        assert provision(server, "forms", "s3cret", "forms").commands == []

    def test_a_database_of_somebody_else_gets_its_owner(self, server: Server) -> None:
        server.sql('create role "odd one"; create database forms owner "odd one"')
        assert state_of(server, "forms", "forms").owner == "odd one"
        provision(server, "forms", "s3cret", "forms")
        assert state_of(server, "forms", "forms").owner == "forms"

    @pytest.mark.parametrize("name", ['o"dd', "o'dd", "a b", "Forms", "forms-web", "a\\b", "ü;--"])
    def test_names_with_quotes(self, server: Server, name: str) -> None:
        provision(server, name, "s3cret", f"{name} base")
        assert logs_in(server, name, "s3cret", f"{name} base")
        assert provision(server, name, "s3cret", f"{name} base").noop is not None

    @settings(
        max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(role=names, name=names)
    def test_wild_names(self, server: Server, role: str, name: str) -> None:
        if role in ("postgres", "public", "none") or role.startswith("pg_"):
            return  # reserved: the server says so
        try:
            provision(server, role, "s3cret", name)
            assert provision(server, role, "s3cret", name).noop is not None
        finally:
            sweep(server)

    def test_a_server_that_is_down_is_not_reachable(self) -> None:
        assert state_of(Server(Path("/nowhere")), "forms", "forms") == DatabaseState()


@pytest.mark.usefixtures("clean")
class TestTheVerifier:
    def make(self, server: Server, password: str) -> None:
        verifier = sql_text(scram_verifier(password, os.urandom(16), ITERATIONS))
        create = f"create role scram login; alter role scram password {verifier}"
        server.sql(f"drop role if exists scram; {create}")

    @settings(
        max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(password=ascii_passwords, other=ascii_passwords)
    @example(password=" ", other="  ")
    @example(password="a'b\"c\\d$e`f\n\tg", other="a")
    @example(password="x" * 900, other="x" * 899)
    def test_wild_passwords_log_in(self, server: Server, password: str, other: str) -> None:
        self.make(server, password)
        assert logs_in(server, "scram", password)
        assert logs_in(server, "scram", other) == (password == other)
        found = state_of(server, "scram", "postgres")
        assert has_password(found, password)
        assert has_password(found, other) == (password == other)

    @settings(
        max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(password=ascii_passwords)
    def test_the_server_computes_the_same(self, server: Server, password: str) -> None:
        create = f"create role scram login password {sql_text(password)}"
        server.sql(f"drop role if exists scram; {create}")
        assert has_password(state_of(server, "scram", "postgres"), password)

    def test_the_documented_example(self) -> None:
        # RFC 7677, section 3: user `user`, password `pencil`.
        salt = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
        assert scram_verifier("pencil", salt, 4096) == (
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
            "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
            ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        )

    @pytest.mark.parametrize(
        "state", [DatabaseState(), DatabaseState(salt="c2FsdA=="), DatabaseState(iterations=4096)]
    )
    def test_no_verifier_is_no_password(self, state: DatabaseState) -> None:
        assert not has_password(state, "")


# Letters that SASLprep (RFC 4013) leaves; then a no-break space, a decomposed ü, a soft hyphen, a
# ligature and a fullwidth letter, which it changes.
@pytest.mark.parametrize(
    "password",
    [
        *["pässwörd", "密码", "\U0001f98a", "אב", "\x80", "s3cret-canarü"],
        *["a\u00a0b", "u\u0308", "a\u00adb", "\ufb01", "\uff21"],
    ],
)
@pytest.mark.parametrize("quoted", [True, False])
def test_a_password_beyond_ascii_is_refused_unprinted(password: str, quoted: bool) -> None:
    written = quote(password, "") if quoted else password
    secrets = Secrets({"URL": f"postgresql://forms:{written}@127.0.0.1/forms"})
    outcome = run_operation(database.local, {"url_name": "URL", "secrets": secrets}, facts={})
    assert outcome.error == "SecretError: URL: its password should be ASCII for a local database"
    assert (outcome.commands, outcome.asked, outcome.log) == ([], {}, [])

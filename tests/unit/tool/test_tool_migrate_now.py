"""migrate-now on a real PostgreSQL: one at a time, a dump first, who blocks it, no secret told."""

import itertools
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from postgres_server import Server, postgres
from tool_database import DatabaseHost, gated_stack, until

NUMBERS = itertools.count()
LOCK = "select pg_advisory_lock(hashtextextended('higuera', 0))"
SEEN = "96ddd3c75e8a3a42dfb85f2f1ce24bf71c2a3ea7e61f1d8d3b3b8c0ef1f2e9c5"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        (server.folder / "data/pg_hba.conf").write_text("local all all trust\n")
        server.sql("create role app login; select pg_reload_conf()")
        yield server


@pytest.fixture
def there(server: Server, tmp_path: Path) -> DatabaseHost:
    """A host whose migrations wait 4 s for each other, 1 s for a lock, and try twice."""
    name = f"app{next(NUMBERS)}"
    server.sql(f"create database {name} owner app template template0")
    server.sql("create table forms (id integer)", name, role="app")
    stack = gated_stack(queue=4, lock_timeout=1, retries=1)
    found = DatabaseHost.make(tmp_path / "host", server, stack, name, "app")
    decide(found, "r1")
    return found


def decide(there: DatabaseHost, release: str) -> None:
    """What the ledger was when the deploy looked at it."""
    answer = there.call("query", "target", stdin="select 'none';\n").stdout
    digest = there.call("eval", "sha256sum | cut -d' ' -f1", stdin=answer).stdout
    (there.work / f"{release}.seen").write_text(digest)


def columns(there: DatabaseHost) -> str:
    return there.sql(
        "select string_agg(attname, ' ' order by attnum) from pg_attribute "
        "where attrelid = 'forms'::regclass and attnum > 0 and not attisdropped"
    )


def waits(there: DatabaseHost) -> str:
    return there.sql("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")


def held(there: DatabaseHost) -> str:
    return there.sql(
        "select count(*) from pg_locks where locktype = 'advisory' "
        "and database = (select oid from pg_database where datname = current_database())"
    )


def is_freed(there: DatabaseHost) -> None:
    """The server lets go of a lock a moment after the client that had it is gone."""
    until(lambda: held(there) == "0", "the lock is free")


class TestOneMigration:
    def test_a_dump_first_and_then_the_job(self, there: DatabaseHost) -> None:
        there.migration("psql -c 'alter table forms add column a integer'; echo applied")
        done = there.try_to("migrate-now", "r1")
        assert (done.returncode, done.stderr) == (0, "")
        backup, said = done.stdout.splitlines()
        assert re.fullmatch(r"backup \d{8}T\d{6}Z-before-r1", backup)
        assert said == "applied"
        assert columns(there) == "id a"
        listed = there.run("backups").split()[0]
        assert f"backup {listed}" == backup
        assert list(there.work.glob("*turn*")) == []
        is_freed(there)

    def test_a_job_that_fails_is_a_failure_and_its_words_are_told(
        self, there: DatabaseHost
    ) -> None:
        there.migration("echo about to fail; psql -c 'alter table nowhere add column a integer'")
        done = there.try_to("migrate-now", "r1")
        assert done.returncode == 1
        assert "about to fail" in done.stdout
        assert 'relation "nowhere" does not exist' in done.stdout
        is_freed(there)

    def test_nothing_is_done_where_the_ledger_is_another(self, there: DatabaseHost) -> None:
        there.migration("psql -c 'alter table forms add column a integer'")
        (there.work / "r1.seen").write_text(f"{SEEN}\n")
        done = there.try_to("migrate-now", "r1")
        assert done.returncode == 75
        assert done.stdout == "somebody else migrated meanwhile; nothing was done\n"
        assert (columns(there), there.run("backups")) == ("id", "")

    def test_no_dump_no_migration(self, there: DatabaseHost) -> None:
        there.migration("psql -c 'alter table forms add column a integer'")
        there.host.stub("df", "echo h; echo x 1 1 12 1 x")
        done = there.try_to("migrate-now", "r1")
        assert done.returncode == 1
        assert "no dump: the database has" in done.stderr
        assert columns(there) == "id"

    def test_the_unit_keeps_the_log_and_the_result(self, there: DatabaseHost) -> None:
        there.migration("echo applied; exit 3")
        assert there.try_to("migration", "r1").returncode == 0
        assert (there.work / "r1.result").read_text() == "1\n"
        assert "applied\n" in (there.work / "r1.log").read_text()
        there.migration("echo applied")
        assert there.try_to("migration", "r1").returncode == 0
        assert (there.work / "r1.result").read_text() == "0\n"

    @pytest.mark.parametrize("pause", ["0", "0.5"], ids=["at once", "before it is asked"])
    def test_a_database_that_is_down(self, there: DatabaseHost, pause: str) -> None:
        there.host.stub("cut", f'sleep {pause}; exec /usr/bin/cut "$@"')
        config = there.config / "pg_service.conf"
        config.write_text(config.read_text().replace("/tmp/", "/nowhere/"))
        begun = time.monotonic()
        done = there.try_to("migrate-now", "r1")
        assert (done.returncode, time.monotonic() - begun < 20) == (1, True)
        assert "No such file or directory" in done.stdout
        assert done.stderr == "higuera-forms: the database is not there\n"


class TestTheTurn:
    def test_gives_up_in_the_stated_time_and_names_the_holder(self, there: DatabaseHost) -> None:
        there.migration("psql -c 'alter table forms add column a integer'")
        with there.session(LOCK, name="another deploy") as pid:
            begun = time.monotonic()
            done = there.try_to("migrate-now", "r1")
            took = time.monotonic() - begun
        assert done.returncode == 1
        assert 4 <= took < 30
        holder = rf"process {pid} \(user app, application another deploy, from the server itself, "
        assert re.match(rf"another migration has the lock: {holder}idle, ", done.stdout)
        assert re.match(rf"higuera-forms: it still has it after 4 s: {holder}", done.stderr)
        assert (columns(there), there.run("backups")) == ("id", "")

    @pytest.mark.parametrize("way", ["ends", "is killed"])
    def test_is_free_when_the_first_is_gone(self, there: DatabaseHost, way: str) -> None:
        gate = there.host.root / "gate"
        decide(there, "r2")
        there.migration(
            f"[ -e {gate} ] || {{ touch {gate}.on; while [ ! -e {gate} ]; do sleep 0.05; done; }}"
        )
        with there.started("migrate-now", "r1") as first:
            until(Path(f"{gate}.on").exists, "the first one's job")
            assert held(there) == "1"
            second: list[int] = []
            thread = threading.Thread(
                target=lambda: second.append(there.try_to("migrate-now", "r2").returncode)
            )
            thread.start()
            until((there.work / "r2.turn").exists, "the second one's wait")
            assert second == []
            if way == "ends":
                gate.touch()
                assert first.wait(20) == 0
            else:
                os.killpg(first.pid, signal.SIGKILL)
                first.wait(20)
                gate.touch()
            thread.join(30)
        assert second == [0]
        is_freed(there)

    def test_of_another_database_is_another(self, there: DatabaseHost) -> None:
        there.migration("echo applied")
        name = f"{there.name}b"
        there.server.sql(f"create database {name} template template0")
        other = DatabaseHost(there.host, there.server, name)
        with other.session(LOCK, role="postgres"):
            done = there.try_to("migrate-now", "r1")
        assert (done.returncode, "another migration" in done.stdout) == (0, False)

    def test_waits_without_a_snapshot(self, there: DatabaseHost) -> None:
        """CREATE INDEX CONCURRENTLY of the one who has the turn would wait for it."""
        there.migration("echo applied")
        with there.session(LOCK), there.started("migrate-now", "r1"):
            until(lambda: (there.work / "r1.turn").exists(), "the wait")
            time.sleep(0.5)
            snapshots = there.sql(
                "select count(*) from pg_stat_activity where application_name = 'higuera' "
                "and backend_xmin is not null"
            )
        assert snapshots == "0"


class TestWhoBlocks:
    def test_is_named_and_it_is_tried_again(self, there: DatabaseHost) -> None:
        there.migration(
            "psql -c \"set lock_timeout = '2s'\" -c 'alter table forms add column a integer'"
        )
        with there.session("begin; select * from forms", name="a report") as pid:
            done = there.try_to("migrate-now", "r1")
        assert done.returncode == 1
        told = done.stdout.splitlines()
        first = told.index(
            "it waited 1 s for a lock, and gave way to those behind it; it was blocked by"
        )
        assert re.match(
            rf"process {pid} \(user app, application a report, from the server itself, "
            r"idle in transaction, its transaction began \d\d:\d\d:\d\d\)",
            told[first + 1],
        )
        assert told[first + 2] == "tries again in 2 s (1 of 1)"
        assert done.stderr == (
            "higuera-forms: gave up after 2 tries; end what blocks it, or deploy when it is done\n"
        )
        assert columns(there) == "id"
        assert len(there.run("backups").splitlines()) == 1

    def test_the_second_try_may_succeed(self, there: DatabaseHost) -> None:
        there.migration(
            f"[ -e {there.host.root}/tried ] && lock=0 || lock=2s; touch {there.host.root}/tried; "
            "psql -c \"set lock_timeout = '$lock'\" -c 'alter table forms add column a integer'"
        )
        with (
            there.session("begin; select * from forms") as pid,
            there.started("migrate-now", "r1") as first,
        ):
            until((there.host.root / "tried").exists, "the first try")
            until(lambda: waits(there) != "0", "the wait")
            until(lambda: waits(there) == "0", "the end of the first try")
            there.sql(f"select pg_terminate_backend({pid})")
            assert first.wait(20) == 0
        assert columns(there) == "id a"

    def test_who_knows_no_lock_timeout_is_cancelled(self, there: DatabaseHost) -> None:
        there.migration("psql -c 'alter table forms add column a integer'")
        with there.session("begin; select * from forms"):
            begun = time.monotonic()
            done = there.try_to("migrate-now", "r1")
            took = time.monotonic() - begun
        assert done.returncode == 1
        assert done.stdout.count("canceling statement due to user request") == 2
        assert 2 * 3 + 2 <= took < 55  # two tries of 1 + 2 s, 2 s between
        assert columns(there) == "id"

    def test_sessions_that_were_there_before_are_left_alone(self, there: DatabaseHost) -> None:
        there.migration("sleep 4; echo applied")
        with there.session("begin; lock table forms in share mode", name="a report"):
            waiting = "insert into forms values (1)"
            thread = threading.Thread(
                target=there.server.run, args=(f'psql -U app -d {there.name} -c "{waiting}"',)
            )
            thread.start()
            until(lambda: waits(there) == "1", "somebody who waits")
            done = there.try_to("migrate-now", "r1")
            assert waits(there) == "1"
        thread.join(20)
        assert done.returncode == 0


VALUES = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Zl", "Zp"]),
    min_size=6,
    max_size=20,
)


@pytest.fixture(scope="module")
def host(server: Server, tmp_path_factory: pytest.TempPathFactory) -> DatabaseHost:
    root = tmp_path_factory.mktemp("redacted") / "host"
    return DatabaseHost.make(root, server, gated_stack(), "postgres", "postgres")


class TestRedacted:
    """What a job prints, without what it was given."""

    def redacted(self, host: DatabaseHost, text: str, **values: str) -> str:
        host.secrets(**values)
        out = host.work / "out"
        out.write_text(text)
        done = host.call("redacted", str(out))
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("key is hunter22!", "key is [secret]!"),
            ("hunter22hunter22", "[secret][secret]"),
            ("hunter22 and more", "[secret]"),
            ("at postgresql://app:p%40ssw0rd@h:5432/d?x=1", "at [secret]"),
            ("password p%40ssw0rd only", "password [secret] only"),
            ("decoded p@ssw0rd too", "decoded [secret] too"),
            ("half p%40ss", "half p%40ss"),
            ("-----BEGIN KEY-----\nMIIEvQ\n=", "[secret]\n[secret]\n="),
            ("a raw p@ss@word", "a raw [secret]"),
            ("nothing of it", "nothing of it"),
            ("hunter2", "hunter2"),
            ("short abc stays", "short abc stays"),
            ("two\nhunter22\nlines", "two\n[secret]\nlines"),
        ],
    )
    def test_what_is_told(self, host: DatabaseHost, text: str, wanted: str) -> None:
        found = self.redacted(
            host,
            f"{text}\n",
            KEY="hunter22",
            LONGER="hunter22 and more",
            SHORT="abc",
            PEM="-----BEGIN KEY-----\nMIIEvQ\n=",
            RAW="postgres://app:p@ss@word@h/d",
            URL="postgresql://app:p%40ssw0rd@h:5432/d?x=1",
        )
        assert found == f"{wanted}\n"

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(value=VALUES, other=VALUES, before=st.text('ab \\"$&', max_size=5))
    @example(value="secret", other="[secret]", before="")
    @example(value='a\\b\\\\c"d`e$f', other='a\\b\\\\c"', before="")
    @example(value="abcdef", other="abcdefghi", before="x")
    @example(value="%s&\\1abc", other="(.*)[a-z]+", before="")
    def test_wild_values(self, host: DatabaseHost, value: str, other: str, before: str) -> None:
        password = quote(other, safe="")
        found = self.redacted(
            host,
            f"{before} {value}\n{other}\n{password} postgres://u:{password}@h/d\n",
            A=value,
            B=other,
            C=f"postgres://u:{password}@h/d",
        )
        bare = found.replace("[secret]", "\n")
        assert found.count("\n") == 3
        assert value not in bare
        assert other not in bare
        assert password not in bare

    def test_no_secrets_no_change(self, host: DatabaseHost) -> None:
        assert self.redacted(host, "a\nb\n") == "a\nb\n"

"""backup, backups, since-backup, restore: against a real PostgreSQL, as the role of the app."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import Server, postgres
from tool_database import DatabaseHost, gated_stack

from higuera.database.catalog import Catalog, catalog_script
from higuera.database.parity import compare

NUMBERS = itertools.count()
EVERYTHING = (Path(__file__).parents[1] / "database/database_base.sql").read_text()
SCHEMA = """
create table forms (id integer generated always as identity primary key, title text not null);
create table "Odd one" (a integer);
insert into forms (title) values ('first'), ('second');
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        server.sql("create role app login; create role provider")
        (server.folder / "data/pg_hba.conf").write_text("local all all trust\n")
        server.sql("select pg_reload_conf()")
        yield server


def made(server: Server, root: Path, keep: int = 3, role: str = "app") -> DatabaseHost:
    name = f"app{next(NUMBERS)}"
    server.sql(f"create database {name} owner {role} template template0")
    return DatabaseHost.make(root, server, gated_stack(keep), name, role)


@pytest.fixture
def there(server: Server, tmp_path: Path) -> DatabaseHost:
    """A database of the role `app`, with two rows."""
    found = made(server, tmp_path / "host")
    server.sql(SCHEMA, found.name, role="app")
    return found


def catalog(there: DatabaseHost) -> Catalog:
    return Catalog.from_json(there.sql(catalog_script(())))


def titles(there: DatabaseHost) -> str:
    return there.sql("select string_agg(title, ' ' order by id) from forms")


def files(there: DatabaseHost) -> list[str]:
    return sorted(path.name for path in there.dumps.iterdir())


def written(there: DatabaseHost, statements: str) -> None:
    """Counters reach the views when a session is asked to bring them there, or after its end."""
    there.sql(f"{statements}; select pg_stat_force_next_flush()")


class TestBackup:
    def test_prints_its_id_alone_and_can_be_read_back(self, there: DatabaseHost) -> None:
        name = there.run("backup", "before it; $(rm) ü/..")
        assert re.fullmatch(r"\d{8}T\d{6}Z-before-it----rm-----..", name)
        assert files(there) == [f"{name}.{end}" for end in ("dump", "list", "writes")]
        assert {path.stat().st_mode & 0o777 for path in there.dumps.iterdir()} == {0o600}
        (line,) = there.run("backups").splitlines()
        assert re.fullmatch(rf"{re.escape(name)}  \d+ KiB  \d+ objects", line)
        (entry,) = there.host.journal()
        assert (entry["step"], entry["result"], entry["detail"]) == ("backup", "ok", name)

    def test_by_hand_where_nobody_says_why(self, there: DatabaseHost) -> None:
        assert there.run("backup").endswith("Z-by-hand")

    def test_keeps_as_many_as_it_should_and_lists_the_newest_first(
        self, there: DatabaseHost
    ) -> None:
        for day in ("20200101T000000Z-a", "20210101T000000Z-b", "20220101T000000Z-c"):
            for end in ("dump", "list", "writes"):
                (there.dumps / f"{day}.{end}").write_text("")
        newest = there.run("backup")
        assert [line.split()[0] for line in there.run("backups").splitlines()] == [
            newest,
            "20220101T000000Z-c",
            "20210101T000000Z-b",
        ]
        assert not [name for name in files(there) if name.startswith("2020")]
        assert len(files(there)) == 9

    def test_none_are_none(self, there: DatabaseHost) -> None:
        assert there.run("backups") == ""

    def test_a_broken_one_is_no_backup_and_the_old_ones_stay(self, there: DatabaseHost) -> None:
        old = [there.run("backup", reason) for reason in ("a", "b")]
        program = next(there.host.root.glob("usr/lib/postgresql/*/bin/pg_dump"))
        real = program.resolve()
        program.unlink()
        program.write_text(
            f'#!/bin/sh\n{real} "$@"\nfor w in "$@"; do case "$w" in --file=*) '
            'truncate -s 100 "${w#--file=}" ;; esac; done\n'
        )
        program.chmod(0o755)
        done = there.try_to("backup", "c")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.splitlines()[-1] == (
            "higuera-forms: the dump cannot be read back, so nothing was changed"
        )
        assert [line.split()[0] for line in there.run("backups").splitlines()] == sorted(
            old, reverse=True
        )
        program.write_text("#!/bin/sh\necho stub: no dump >&2; exit 1\n")
        done = there.try_to("backup", "d")
        assert (done.returncode, done.stdout) == (1, "")
        assert "stub: no dump\nhiguera-forms: no dump, so nothing was changed" in done.stderr
        there_now = there.run("backups").splitlines()
        assert [line.split()[0] for line in there_now] == sorted(old, reverse=True)

    def test_no_room_no_dump(self, there: DatabaseHost) -> None:
        there.host.stub("df", "echo h; echo x 1 1 12 1 x")
        done = there.try_to("backup")
        assert done.returncode == 1
        assert re.search(r"no dump: the database has \d+ KiB and .* has 12 KiB free", done.stderr)
        assert files(there) == []

    def test_a_database_that_is_down_is_said_by_its_client(self, there: DatabaseHost) -> None:
        config = there.config / "pg_service.conf"
        config.write_text(config.read_text().replace("/tmp/", "/nowhere/"))
        done = there.try_to("backup")
        assert done.returncode != 0
        assert "No such file or directory" in done.stderr
        assert files(there) == []

    def test_leaves_out_what_a_provider_keeps(self, there: DatabaseHost) -> None:
        there.sql(
            "create schema auth authorization provider; create table auth.users (id int);"
            "create schema storage authorization app; create table storage.own (id int);"
            "alter table storage.own owner to app;"
        )
        name = there.run("backup")
        listed = (there.dumps / f"{name}.list").read_text()
        assert "own" in listed
        assert "auth" not in listed


class TestSinceBackup:
    def test_rows_written_since_a_table_a_line(self, there: DatabaseHost) -> None:
        name = there.run("backup")
        assert there.run("since-backup", name) == "no row, as far as the server counted"
        written(
            there,
            "insert into forms (title) values ('a'), ('b'); update forms set title = 'c' "
            "where title = 'b'; delete from forms where title = 'a';"
            'create table "New one" (a integer); insert into "New one" values (1)',
        )
        assert there.run("since-backup", name).splitlines() == [
            'public."New one": 1 inserted, 0 updated, 0 deleted',
            "public.forms: 2 inserted, 1 updated, 1 deleted",
        ]

    def test_counters_that_were_reset_are_not_believed(self, there: DatabaseHost) -> None:
        written(there, "update forms set title = title")
        name = there.run("backup")
        there.sql("select pg_stat_reset()")
        assert there.run("since-backup", name) == (
            "public.forms: not known, since its counters were reset"
        )

    @pytest.mark.parametrize("name", ["", "x", "../x", ".", "..", "a/b", "$(id)", "-x"])
    @pytest.mark.parametrize("command", ["since-backup", "restore"])
    def test_no_such_backup(self, there: DatabaseHost, command: str, name: str) -> None:
        (there.dumps.parent / "x.dump").write_text("")
        done = there.try_to(command, name)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("higuera-forms: there is no backup")


class TestRestore:
    def test_everything_is_as_it_was_and_today_is_kept(self, there: DatabaseHost) -> None:
        name, before = there.run("backup"), catalog(there)
        there.server.sql(
            "insert into forms (title) values ('third'); alter table forms drop column title;"
            "create schema later; create table later.x (a integer); create view seen as select 1;"
            "create function f() returns integer language sql as 'select 1'; "
            "create type m as enum ('a')",
            there.name,
            role="app",
        )
        today = catalog(there)
        done = there.try_to("restore", name)
        assert (done.returncode, done.stderr) == (0, "")
        kept, last = done.stdout.splitlines()
        assert last == f"restored from {name}; whether the live release fits it: higuera drift"
        assert compare(before, catalog(there)) == []
        assert titles(there) == "first second"
        there.sql("insert into forms (title) values ('next')")
        assert there.sql("select max(id) from forms") == "3"  # its sequence is back too
        assert [entry["step"] for entry in there.host.journal()] == [
            *("backup", "backup", "restore"),
            "incident",
        ]
        again = kept.removeprefix("today's database is kept as ")
        assert there.try_to("restore", again).returncode == 0
        assert compare(today, catalog(there)) == []

    def test_the_oldest_outlives_the_dump_of_today(self, server: Server, tmp_path: Path) -> None:
        there = made(server, tmp_path / "host", keep=1)
        there.server.sql(SCHEMA, there.name, role="app")
        taken, name, before = there.run("backup"), "20200101T000000Z-old", catalog(there)
        for end in ("dump", "list", "writes"):
            (there.dumps / f"{taken}.{end}").rename(there.dumps / f"{name}.{end}")
        there.sql("drop table forms")
        done = there.try_to("restore", name)
        assert (done.returncode, done.stderr) == (0, "")
        assert compare(before, catalog(there)) == []
        today, oldest = (line.split()[0] for line in there.run("backups").splitlines())
        assert (today.endswith("Z-before-restore"), oldest) == (True, name)

    def test_what_is_written_is_the_app_roles_own(self, there: DatabaseHost) -> None:
        there.run("restore", there.run("backup"))
        owners = there.sql("select distinct tableowner from pg_tables where schemaname = 'public'")
        assert owners == "app"

    def test_large_objects_do_not_end_the_transaction(self, there: DatabaseHost) -> None:
        """pg_restore commits after them, unless it is told that all is one."""
        there.sql(
            "create schema auth authorization provider; grant usage on schema auth to app;"
            "create function auth.f(text) returns text immutable language sql as 'select $1'"
        )
        there.server.sql(
            "select lo_from_bytea(77, 'large'); create index on forms (auth.f(title))",
            there.name,
            role="app",
        )
        name = there.run("backup")
        there.sql("drop function auth.f cascade; select lo_put(77, 0, 'LARGE')")
        before = catalog(there)
        done = there.try_to("restore", name)
        assert done.returncode == 1
        assert "function auth.f(text) does not exist" in done.stderr
        assert compare(before, catalog(there)) == []
        assert there.sql("select convert_from(lo_get(77), 'UTF8')") == "LARGE"

    @pytest.mark.parametrize("share", [0.3, 0.95])
    def test_half_a_dump_changes_nothing(self, there: DatabaseHost, share: float) -> None:
        there.sql(
            "insert into forms (title) select repeat(md5(n::text), 9) "
            "from generate_series(1, 3000) n"
        )
        name = there.run("backup")
        dump = there.dumps / f"{name}.dump"
        dump.write_bytes(dump.read_bytes()[: int(dump.stat().st_size * share)])
        there.sql("insert into forms (title) values ('since')")
        before, rows = catalog(there), titles(there)
        done = there.try_to("restore", name)
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == (
            "higuera-forms: not restored, and nothing was changed; the reason is above"
        )
        assert compare(before, catalog(there)) == []
        assert titles(there) == rows
        assert "restore" not in [entry["step"] for entry in there.host.journal()]

    def test_what_the_server_refuses_changes_nothing(self, there: DatabaseHost) -> None:
        name = there.run("backup")
        listed = there.dumps / f"{name}.list"
        twice = [line for line in listed.read_text().splitlines() if " TABLE public forms " in line]
        assert len(twice) == 1
        # Without its table, the rows have no place to go.
        listed.write_text(listed.read_text().replace(f"{twice[0]}\n", ""))
        before = catalog(there)
        assert there.try_to("restore", name).returncode == 1
        assert compare(before, catalog(there)) == []
        assert titles(there) == "first second"

    def test_somebody_who_reads_does_not_see_it_half(self, there: DatabaseHost) -> None:
        name = there.run("backup")
        with there.session("begin; select count(*) from forms"):
            there.host.root.joinpath("tool").write_text(
                there.host.root.joinpath("tool")
                .read_text()
                .replace("lock_timeout = '30s'", "lock_timeout = '1s'")
            )
            done = there.try_to("restore", name)
        assert done.returncode == 1
        assert "canceling statement due to lock timeout" in done.stderr
        assert titles(there) == "first second"

    def test_only_one_at_a_time(self, there: DatabaseHost) -> None:
        name = there.run("backup")
        lock = there.host.root / "run/higuera/forms.lock"
        lock.touch()
        (lock.parent / "forms.lock.owner").write_text("somebody")
        there.host.stub("flock", "exit 1")
        done = there.try_to("restore", name)
        assert (done.returncode, done.stderr) == (1, "higuera-forms: locked: somebody\n")

    def test_of_everything_that_a_schema_may_hold(self, server: Server, tmp_path: Path) -> None:
        there = made(server, tmp_path / "host", role="postgres")
        there.sql(EVERYTHING)
        there.sql("select lo_from_bytea(0, 'large')")
        there.sql("insert into forms (title, owner) values ('a', 'a@b')")
        name, before = there.run("backup"), catalog(there)
        there.sql("drop table answers cascade; create table later (a integer)")
        done = there.try_to("restore", name)
        known = ("wal_level is insufficient", 'Set wal_level to "logical"')  # of this server
        assert not [line for line in done.stderr.splitlines() if not any(k in line for k in known)]
        assert done.returncode == 0
        assert compare(before, catalog(there)) == []
        assert there.sql("select count(*) from pg_largeobject_metadata") == "1"
        assert there.sql("select extname from pg_extension order by 1") == "pgcrypto\nplpgsql"

    def test_beside_extensions_and_provider_schemas(self, there: DatabaseHost) -> None:
        there.sql(
            "create schema auth authorization provider; create table auth.users (id int);"
            "insert into auth.users values (7); create extension citext;"
            "create schema extensions authorization app; "
            "create extension pgcrypto schema extensions;"
        )
        there.server.sql(
            "create table mine (name citext, secret text default extensions.gen_salt('bf'));"
            "create table extensions.own (a integer); insert into mine values ('A')",
            there.name,
            role="app",
        )
        name, before = there.run("backup"), catalog(there)
        there.server.sql(
            "drop table mine; insert into extensions.own values (1)", there.name, role="app"
        )
        done = there.try_to("restore", name)
        assert (done.returncode, done.stderr) == (0, "")
        assert compare(before, catalog(there)) == []
        assert there.sql("select id from auth.users") == "7"
        assert there.sql("select name from mine where name = 'a'") == "A"
        assert there.sql("select count(*) from extensions.own") == "0"

    def test_a_table_whose_name_is_a_word_of_the_list(self, there: DatabaseHost) -> None:
        there.server.sql('create table "EXTENSION" (a integer)', there.name, role="app")
        name, before = there.run("backup"), catalog(there)
        there.run("restore", name)
        assert compare(before, catalog(there)) == []

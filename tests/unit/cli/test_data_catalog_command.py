"""`higuera db catalog`: the command line, on a real PostgreSQL that stands for the target."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from governed_project import STACK, Governed
from postgres_server import Server, postgres

from higuera.cli import data_catalog, database
from higuera.cli.database import ask_database
from higuera.errors import DatabaseError, HostError
from higuera.spec.load import load_deployment

FORMS = Path(__file__).parents[3] / "examples/forms"
SCHEMA = """
create table a (id int, note text); comment on column a.id is 'key';
comment on table a is 'all of it; owner: ana';
create schema drizzle; create table drizzle.__drizzle_migrations (id int);
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        server.sql(SCHEMA)
        yield server


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Governed:
    monkeypatch.setattr(data_catalog, "ask_database", lambda _, script: server.sql(script))
    found = Governed(tmp_path)
    found.stack(STACK)
    (tmp_path / "inventory/production.yml").write_text("host: vps.example.com\n")
    found.write("docs/data.yml", "tables: {}\n")
    (tmp_path / "app/drizzle").mkdir()
    return found


def test_coverage_and_what_lacks(project: Governed) -> None:
    done = project.higuera("db", "catalog")
    assert (done.status, done.out.splitlines()) == (
        0,
        [
            "public.a.note: no purpose",
            "66.6 % have owner and purpose (2 of 3: 1 tables, 2 columns); 0 stale",
        ],
    )
    assert project.higuera("db", "catalog", "--min", "66").status == 0
    done = project.higuera("db", "catalog", "production", "--min", "67")
    assert (done.status, "under the 67 % asked for" in done.out) == (2, True)
    project.write("docs/data.yml", "tables: {a: {columns: {note: a word}}}")
    assert project.higuera("db", "catalog", "--min", "100").status == 0


def test_stale(project: Governed) -> None:
    project.write("docs/data.yml", "tables: {b: {}, a: {status: deprecated until 2020-01-31}}")
    done = project.higuera("db", "catalog", "--json")
    assert (done.status, json.loads(done.out)["stale"]) == (
        2,
        [
            "public.a: deprecated until 2020-01-31, and is still there",
            "app/docs/data.yml: tables.b: there is no such table",
        ],
    )


def test_markdown(project: Governed) -> None:
    done = project.higuera("db", "catalog", "--markdown", "-")
    assert done.out.startswith("# Data catalog\n")
    assert done.err.startswith("66.6 %")
    again = project.higuera("db", "catalog", "--markdown", "catalog.md")
    assert (project.folder / "catalog.md").read_text() == done.out
    assert again.out.endswith("0 stale\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--min", "101"], "error: --min 101: should be from 0 to 100 percent"),
        (["--min", "nan"], "error: --min nan: should be from 0 to 100 percent"),
        (["--json", "--markdown", "-"], "error: --json and --markdown - both want stdout"),
        (
            ["--markdown", "no/where.md"],
            "error: no/where.md: the catalog cannot be written: No such",
        ),
    ],
)
def test_what_cannot_be_asked(project: Governed, words: list[str], said: str) -> None:
    done = project.higuera("db", "catalog", *words)
    assert (done.status, done.err[: len(said)]) == (1, said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tables: {a: {ownr: ana}}", "tables.a.ownr: unknown key (did you mean owner?)"),
        ("tables: [", None),
        (None, "there is no such file"),
    ],
)
def test_a_yaml_at_fault(project: Governed, text: str | None, said: str | None) -> None:
    (project.folder / "app/docs/data.yml").unlink()
    if text is not None:
        project.write("docs/data.yml", text)
    done = project.higuera("db", "catalog")
    assert (done.status, done.out) == (1, "")
    where = f"error: app/docs/data.yml: {said}\n" if said else "error: app/docs/data.yml:1: "
    assert done.err.startswith(where)


def test_a_stack_without_a_database_or_a_file(project: Governed) -> None:
    project.stack({**STACK, "database": {"url": "URL"}})
    assert "66.6 %" not in project.higuera("db", "catalog").out  # the ledger is nobody's now
    project.stack({key: value for key, value in STACK.items() if key != "database"})
    done = project.higuera("db", "catalog")
    said = "error: inventory/stack.yml: database: is required: there is no target to ask\n"
    assert (done.status, done.err) == (1, said)


def test_the_example_is_covered_fully(project: Governed, server: Server) -> None:
    migrations = sorted((FORMS / "apps/backend/drizzle").glob("*.sql"))
    server.sql("create database forms")
    try:
        connect = "\\connect forms\n"
        server.sql(connect + "".join(path.read_text() for path in migrations))
        project.write("docs/data.yml", (FORMS / "docs/data-catalog.yml").read_text())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(data_catalog, "ask_database", lambda _, sql: server.sql(connect + sql))
            done = project.higuera("db", "catalog", "--min", "100")
        tables = "3 tables, 14 columns"
        said = f"100.0 % have owner and purpose (17 of 17: {tables}); 0 stale\n"
        assert (done.status, done.out) == (0, said)
    finally:
        server.sql("drop database forms with (force)")


class TestAskingTheHost:
    """The words that are run, by a shell that stands for ssh."""

    def ask(self, monkeypatch: pytest.MonkeyPatch, project: Governed, tool: str) -> str:
        deployment = load_deployment(project.folder / "inventory")

        def as_root(host: object, command: str) -> list[str]:
            assert command == "/usr/local/sbin/higuera-forms sql target"
            return ["sh", "-c", tool]

        monkeypatch.setattr(database, "as_root", as_root)
        return ask_database(deployment, "select 1;\n")

    def test_the_script_goes_in_the_answer_comes_out(
        self, monkeypatch: pytest.MonkeyPatch, project: Governed
    ) -> None:
        assert self.ask(monkeypatch, project, "echo said; cat") == "said\nselect 1;\n"

    @pytest.mark.parametrize(
        ("status", "error", "said"),
        [
            (1, DatabaseError, "vps.example.com: the target database gave no answer"),
            (255, HostError, "vps.example.com: ssh could not connect"),
            (127, HostError, "forms was never deployed to vps.example.com"),
        ],
    )
    def test_no_answer(
        self,
        monkeypatch: pytest.MonkeyPatch,
        project: Governed,
        status: int,
        error: type[Exception],
        said: str,
    ) -> None:
        with pytest.raises(error, match=said):
            self.ask(monkeypatch, project, f"cat >&2; exit {status}")

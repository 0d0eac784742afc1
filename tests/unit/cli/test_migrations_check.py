"""`higuera migrations check` from outside: real git, real squawk, real parser."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from governed_project import HEADER, STACK, Governed


@pytest.fixture
def project(tmp_path: Path) -> Governed:
    return Governed.new(tmp_path)


def check(project: Governed, *words: str) -> tuple[int, list[str], str]:
    done = project.higuera("migrations", "check", *words)
    return done.status, done.out.splitlines(), done.err.strip()


def changed(**lint: Any) -> dict[str, Any]:
    migrate = STACK["database"]["migrate"]
    return {**STACK, "database": {**STACK["database"], "migrate": {**migrate, "lint": lint}}}


def test_nothing_pending(project: Governed) -> None:
    base = project.git("rev-parse", "HEAD")[:10]
    assert check(project) == (
        0,
        [
            f"pending: files changed since main (merge base {base})",
            "1 migrations, 0 pending: 0 findings",
        ],
        "",
    )


def test_findings_with_file_and_line(project: Governed) -> None:
    base = project.git("rev-parse", "HEAD")[:10]
    project.git("checkout", "-qb", "work")
    project.migration("0001_b", "\ndelete from a;\nalter table a drop column b;\n")
    project.commit()
    project.migration("0002_c", "create table c ();", header="-- owner: ana\n")  # not committed
    project.write("drizzle/0000_a.yml", "owner: \n")
    status, lines, _ = check(project, "--since", "main")
    assert status == 1  # the sidecar says `owner:` without a text
    project.write("drizzle/0000_a.yml", "owner: ana\n")
    status, lines, _ = check(project, "--since", "main")
    assert status == 2
    assert lines == [
        f"pending: files changed since main (merge base {base})",
        "drizzle/0001_b.sql:5: note: data: DELETE FROM a",
        "drizzle/0001_b.sql:6: note: contract: a: drops column b",
        "drizzle/0001_b.sql:6: squawk require-lock-timeout: Missing `set lock_timeout` before "
        "potentially slow ACCESS EXCLUSIVE lock operations Configure a `lock_timeout` before this "
        "statement. Statement requires: ACCESS EXCLUSIVE lock; blocking: reads, writes, schema "
        "changes.",
        "drizzle/0001_b.sql:6: squawk ban-drop-column: Dropping a column may break existing "
        "clients.",
        "drizzle/0002_c.sql:1: header: says no purpose (`-- purpose: …` at the top, or purpose in "
        "0002_c.yml)",
        "drizzle/0002_c.sql:1: header: says no way back (`-- way back: …` at the top, or way_back "
        "in 0002_c.yml)",
        "3 migrations, 2 pending (1 expand, 1 contract): 4 findings",
    ]


def test_a_contract_that_is_owned_passes(project: Governed) -> None:
    project.stack(changed(exclude=["require-lock-timeout", "require-statement-timeout"]))
    text = "-- squawk-ignore ban-drop-table, prefer-robust-stmts\ndrop table a;"
    project.migration("0001_b", text)
    status, lines, _ = check(project)
    assert (status, lines[-1]) == (0, "2 migrations, 1 pending (1 contract): 0 findings")
    project.migration("0001_b", text, header=HEADER.replace("drop it", "None."))
    status, lines, _ = check(project)
    assert status == 2
    assert 'drizzle/0001_b.sql:5: class: contract wants a way back, and "None." is none' in lines


def test_headers_bite_on_all_files_the_rest_on_pending_ones(project: Governed) -> None:
    project.migration("0000_a", "drop table nothing;\nselec", header="")
    project.commit()
    status, lines, _ = check(project)
    assert status == 2
    assert [line.split(":")[2].strip() for line in lines[1:-1]] == ["header"] * 3
    assert check(project, "--all")[0] == 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("0001.sql", HEADER + "select 1;\n\nselec 2;", ":6: error: PostgreSQL's parser: syntax "),
        ("0001.sql", HEADER.encode() + b"-- \xff\n", ":1: error: is not UTF-8 text"),
        ("0001.sql", HEADER + "select 1;\0drop table a", ":4: error: PostgreSQL's parser: holds a"),
        ("0001.yml", "ownr: ana", None),
    ],
)
def test_what_was_not_checked_is_no_pass(
    project: Governed, name: str, text: str | bytes, said: str | None
) -> None:
    project.write(f"drizzle/{name}", text)
    if said is None:
        project.migration("0001", "select 1")
        said = ":1: error: app/drizzle/0001.yml: ownr: unknown key (did you mean owner?)"
    status, lines, _ = check(project)
    assert (status, f"drizzle/0001.sql{said}" in "\n".join(lines)) == (1, True), lines


def test_a_file_that_cannot_be_read(project: Governed) -> None:
    (project.folder / "app/drizzle/0001.sql").symlink_to("nowhere")
    status, lines, _ = check(project)
    assert status == 1
    assert "drizzle/0001.sql:1: error: cannot be read: No such file or directory" in lines
    assert lines[-1] == "2 migrations, 1 pending (1 not read): 0 findings, 1 errors"


def test_code_is_unknown_and_says_so(project: Governed) -> None:
    project.write("drizzle/0001_b.exs", HEADER.replace("--", "#") + "defmodule A do\nend\n")
    project.write("drizzle/0002_c.ts", "export {}\n")
    status, lines, _ = check(project)
    assert status == 2
    assert lines[1] == (
        "drizzle/0001_b.exs:1: note: unknown: no SQL: not known what it does, read it yourself"
    )
    assert "(`// owner: …` at the top, or owner in 0002_c.yml)" in lines[2]
    assert lines[-1] == "3 migrations, 2 pending (2 unknown): 3 findings"


ASKS_FOR_TIMEOUTS = ["require-lock-timeout", "require-statement-timeout"]


@pytest.mark.parametrize(
    ("lint", "rules"),
    [
        ({}, ["require-concurrent-index-creation"]),
        ({"exclude": []}, ["require-concurrent-index-creation", *ASKS_FOR_TIMEOUTS]),
        ({"exclude": ASKS_FOR_TIMEOUTS}, ["require-concurrent-index-creation"]),
        ({"exclude": ["require-concurrent-index-creation"], "pg_version": "15"}, ASKS_FOR_TIMEOUTS),
        (
            {"exclude": ASKS_FOR_TIMEOUTS, "assume_in_transaction": False},
            ["prefer-robust-stmts", "require-concurrent-index-creation"],
        ),
    ],
)
def test_the_rules_of_the_stack(project: Governed, lint: dict[str, Any], rules: list[str]) -> None:
    project.stack(changed(**lint))
    project.write(".squawk.toml", 'excluded_rules = ["require-concurrent-index-creation"]\n')
    shutil.copy(project.folder / "app/.squawk.toml", project.folder)  # not ours to follow
    project.migration("0001_b", "create index i on a (id);")
    _, lines, _ = check(project)
    found = [line.split("squawk ")[1].split(":")[0] for line in lines if "squawk" in line]
    assert sorted(found) == rules


@pytest.mark.parametrize("more", ["", "select 1;"])
def test_concurrently_within_the_tools_transaction(project: Governed, more: str) -> None:
    """squawk lets a file of one statement pass; Drizzle's transaction is around that as well."""
    sql = f"create index concurrently i on a (id);{more}"
    lint = {"exclude": [*ASKS_FOR_TIMEOUTS, "prefer-robust-stmts"]}
    project.stack(changed(**lint))
    project.migration("0001_b", sql)
    status, lines, _ = check(project)
    assert (status, len(lines)) == (2, 3)
    assert "transaction" in lines[1]
    project.stack(changed(**lint, assume_in_transaction=False))
    assert check(project)[0] == 0


def test_names_that_are_patterns_or_options(project: Governed) -> None:
    for name in ("0001_[x]", "0002_*", "-0003", "0004 ü"):
        project.migration(name, "\ndrop table a;", header="")
    status, lines, _ = check(project)
    found = [
        line.rpartition(":5")[0] or line.split(".sql")[0] for line in lines if "ban-drop-t" in line
    ]
    assert status == 2
    assert found == ["drizzle/-0003", "drizzle/0001_[x]", "drizzle/0002_*", "drizzle/0004 ü"]


def test_json(project: Governed) -> None:
    project.migration("0001_b", "update a set id = 1;", header="-- owner: ana\n")
    done = project.higuera("migrations", "check", "production", "--all", "--json")
    found = json.loads(done.out)
    assert (done.status, found["status"], found["pending"]) == (2, 2, "all files (--all)")
    assert found["files"][1] == {
        "file": "drizzle/0001_b.sql",
        "pending": True,
        "class": "data",
        "owner": "ana",
        "purpose": "",
        "way_back": "",
    }
    assert {
        "file": "drizzle/0001_b.sql",
        "line": 2,
        "weight": "note",
        "source": "data",
        "text": "UPDATE a",
    } in found["remarks"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--since", "nowhere"],
            "error: git knows no nowhere: Needed a single revision; a shallow",
        ),
        (["--since", "--all"], "error: git knows no --all: "),
        (["--since=main", "--all"], "error: give either --all or --since, not both"),
        (["staging"], "error: inventory: no environment staging (there are: production)"),
    ],
)
def test_what_cannot_be_asked(project: Governed, words: list[str], said: str) -> None:
    status, lines, error = check(project, *words)
    assert (status, lines, error[: len(said)]) == (1, [], said)


def test_stacks_that_do_not_say_where(project: Governed) -> None:
    project.stack({**STACK, "database": {"url": "DATABASE_URL"}})
    said = "error: inventory/stack.yml: database.migrate.files: "
    assert check(project) == (1, [], f"{said}is required: the folder of migrations")
    shutil.rmtree(project.folder / "app/drizzle")
    project.stack(STACK)
    there = said.replace("stack.yml:", "stack.yml:6:")
    assert check(project) == (1, [], f"{there}there is no folder drizzle in ../app")
    (project.folder / "app/drizzle").mkdir()
    assert check(project)[0] == 1
    project.stack(changed(exclude=["no-such-rule"]))
    project.migration("0001", "select 1")
    status, _, error = check(project)
    assert status == 1
    assert "invalid rule name no-such-rule; its rules stand in database.migrate.lint" in error


def test_a_missing_squawk_is_an_error(project: Governed, monkeypatch: pytest.MonkeyPatch) -> None:
    from higuera.database.governance.programs import run_program
    from higuera.errors import DatabaseError

    monkeypatch.setenv("PATH", str(project.folder))
    monkeypatch.setattr(sys, "executable", str(project.folder / "python"))
    with pytest.raises(DatabaseError, match="squawk cannot be run: No such file or directory"):
        run_program(["squawk"], "")


class TestWhatIsPending:
    def pending(self, project: Governed, *words: str) -> tuple[str, list[str]]:
        found = json.loads(project.higuera("migrations", "check", "--json", *words).out)
        names = [Path(file["file"]).stem for file in found["files"] if file["pending"]]
        return found["pending"], names

    def test_of_a_branch_while_main_went_on(self, project: Governed) -> None:
        project.git("checkout", "-qb", "work")
        project.migration("0001_mine", "select 1;")
        base = project.git("rev-parse", "main")[:10]
        project.commit()
        project.git("checkout", "-q", "main")
        project.migration("0001_theirs", "select 1;")
        project.commit()
        project.git("checkout", "-q", "work")
        wanted = (f"files changed since main (merge base {base})", ["0001_mine"])
        assert self.pending(project) == wanted
        assert self.pending(project, "--since", "main") == wanted

    def test_edited_renamed_staged_untracked_and_ignored(self, project: Governed) -> None:
        for name in ("0001_edited", "0002_old", "0003_same"):
            project.migration(name, "select 1;")
        project.commit()
        project.migration("0001_edited", "select 2;")
        project.git("mv", "app/drizzle/0002_old.sql", "app/drizzle/0002_new.sql")
        project.migration("0004_untracked", "select 1;")
        project.write(".gitignore", "0005*")
        project.migration("0005_ignored", "select 1;")
        names = ["0001_edited", "0002_new", "0004_untracked", "0005_ignored"]
        assert self.pending(project)[1] == names

    def test_origins_branch_comes_first(self, project: Governed, tmp_path: Path) -> None:
        project.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
        project.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
        project.migration("0001_b", "select 1;")
        project.commit()  # on main
        choice, names = self.pending(project)
        assert (choice.split(" (")[0], names) == ("files changed since origin/HEAD", ["0001_b"])

    def test_all_where_it_cannot_be_told(self, project: Governed) -> None:
        project.git("branch", "-m", "trunk")
        known = "git knows none of origin/HEAD, origin/main, main here"
        assert self.pending(project) == (f"all files ({known})", ["0000_a"])
        project.git("checkout", "-q", "--orphan", "main")
        project.git("commit", "-qm", "another root", "--allow-empty")
        project.git("checkout", "-qf", "trunk")
        choice, names = self.pending(project)
        assert choice.startswith("all files (git finds no merge base with main: exit 1; a shallow")
        assert names == ["0000_a"]
        shutil.rmtree(project.folder / ".git")
        choice, names = self.pending(project)
        assert choice.startswith("all files (git: not a git repository")
        assert names == ["0000_a"]
        done = project.higuera("migrations", "check", "--since", "main")
        assert (done.status, done.out) == (1, "")

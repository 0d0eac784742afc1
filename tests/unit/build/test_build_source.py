"""Which files a service is made of, and a fingerprint that follows them and nothing else."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from build_project import git, stack, write

from higuera.build.source import (
    OWN,
    commit_of,
    commits_between,
    digest_of,
    files_of,
    fingerprint,
    select,
    source_files,
)
from higuera.errors import BuildError
from higuera.render.template import templates
from higuera.spec.environment import Environment
from higuera.spec.load import Deployment

ODD = ["a b", "new\nline", 'quo"te', "tab\t", "é", "-n", "$(id)", os.fsdecode(b"\xff\xfe"), "*"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for name in ("web/index.js", "web/lib/a.js", "api/main.js", "package.json", "README.md"):
        write(folder, name, f"{name}\n")
    return folder


@pytest.fixture
def checkout(source: Path) -> Path:
    git(source, "init", "-q")
    git(source, "add", ".")
    git(source, "commit", "-qm", "x")
    return source


def test_checkout_has_what_git_tracks_or_would_track(checkout: Path) -> None:
    write(checkout, ".gitignore", "*.log\nnode_modules/\n.env*\n")
    for ignored in ("x.log", "web/y.log", "node_modules/a/index.js", ".env.production"):
        write(checkout, ignored)
    write(checkout, "untracked/new.js")
    write(checkout, "dist/kept.js")  # only where there is no git, names are a guess
    (checkout / "README.md").unlink()
    assert source_files(checkout) == [
        ".gitignore",
        "api/main.js",
        "dist/kept.js",
        "package.json",
        "untracked/new.js",
        "web/index.js",
        "web/lib/a.js",
    ]


def test_tracked_file_that_is_ignored_stays(checkout: Path) -> None:
    write(checkout, ".gitignore", "README.md\n")
    assert "README.md" in source_files(checkout)


def test_folder_inside_a_checkout(checkout: Path) -> None:
    assert source_files(checkout / "web") == ["index.js", "lib/a.js"]


@pytest.mark.parametrize("tracked", [True, False])
def test_odd_names(source: Path, tracked: bool) -> None:
    for name in ODD:
        write(source, f"odd/{name}")
    git(source, "init", "-q")
    if tracked:
        git(source, "add", ".")
    assert select(source_files(source), ["odd"]) == sorted(f"odd/{name}" for name in ODD)


def test_symlinks_are_files_wherever_they_point(checkout: Path) -> None:
    for name, target in {"to-file": "README.md", "to-folder": "web", "nowhere": "x/y"}.items():
        (checkout / name).symlink_to(target)
    assert {"to-file", "to-folder", "nowhere"} <= set(source_files(checkout))
    assert not [name for name in source_files(checkout) if name.startswith("to-folder/")]


def test_outside_git_what_is_generated_is_left_out(source: Path) -> None:
    for name in ODD:
        write(source, name)
    for generated in (
        "node_modules/a.js",
        "web/node_modules/a.js",
        "web/.next/b",
        "dist/c",
        "_build/d",
    ):
        write(source, generated)
    (source / "to-folder").symlink_to("web")
    (source / "nowhere").symlink_to("x")
    os.mkfifo(source / "pipe")
    expected = ["web/index.js", "web/lib/a.js", "api/main.js", "package.json", "README.md"]
    assert source_files(source) == sorted([*expected, *ODD, "to-folder", "nowhere"])


def test_no_git_on_the_machine(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert "web/index.js" in source_files(checkout)
    assert commit_of(checkout) == "nogit"


def test_nothing_to_build(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="there is nothing to build in it"):
        source_files(tmp_path)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([], ["apps/web/a", "apps/web2/a", "apps/web.js", "apps/webs", "package.json"]),
        (["apps/web"], ["apps/web/a"]),
        (["apps/web/"], ["apps/web/a"]),
        (["apps/web2", "package.json"], ["apps/web2/a", "package.json"]),
        (["apps/web.js"], ["apps/web.js"]),
        (["package"], []),
    ],
)
def test_select_takes_whole_names(chosen: list[str], expected: list[str]) -> None:
    files = ["apps/web/a", "apps/web2/a", "apps/web.js", "apps/webs", "package.json"]
    assert select(files, chosen) == expected


# The fingerprint

INSTALL = {"run": "npm ci", "inputs": ["README.md"]}


def print_of(source: Path, service: str = "web", **changes: Any) -> str:
    changes = {"install": INSTALL, **changes}
    return fingerprint(source, source_files(source), stack(**changes), service)


def edit(source: Path) -> None:
    write(source, "web/index.js", "other\n")


def edit_install_input(source: Path) -> None:
    write(source, "README.md", "other\n")


def executable(source: Path) -> None:
    (source / "web/index.js").chmod(0o755)


def rename(source: Path) -> None:
    (source / "web/index.js").rename(source / "web/index2.js")


def add(source: Path) -> None:
    write(source, "web/empty.js", "")


def remove(source: Path) -> None:
    (source / "web/lib/a.js").unlink()


def swap(source: Path) -> None:
    write(source, "web/index.js", "web/lib/a.js\n")
    write(source, "web/lib/a.js", "web/index.js\n")


def link(source: Path) -> None:
    (source / "web/index.js").unlink()
    (source / "web/index.js").symlink_to("web/index.js\n")


def move_the_boundary(source: Path) -> None:
    """The same bytes one after the other, cut elsewhere."""
    write(source, "web/index.js", "web/index.js")
    write(source, "web/lib/a.js", "\nweb/lib/a.js\n")


@pytest.mark.parametrize(
    "change",
    [edit, edit_install_input, executable, rename, add, remove, swap, link, move_the_boundary],
)
def test_fingerprint_follows_the_files(source: Path, change: Callable[[Path], None]) -> None:
    before = print_of(source)
    change(source)
    assert print_of(source) != before


@pytest.mark.parametrize(
    "change",
    [
        {"build": "npm run build"},
        {"artifact": "out"},
        {"node": "22.23.4"},
        {"install": None},
        {"install": {**INSTALL, "run": "npm install"}},
        {"install": {**INSTALL, "inputs": ["README.md", "package.json"]}},
        {"sources": ["web"]},
    ],
)
def test_fingerprint_follows_the_stack(source: Path, change: dict[str, Any]) -> None:
    assert print_of(source, **change) != print_of(source)


@pytest.mark.parametrize(
    "change",
    [{"start": "node x.js"}, {"port": 3900}, {"env": {"A": "b"}}, {"secrets": ["S"]}],
)
def test_fingerprint_leaves_out_what_no_build_sees(source: Path, change: dict[str, Any]) -> None:
    assert print_of(source, **change) == print_of(source)


def test_fingerprint_is_of_content_and_not_of_time_or_place(source: Path, tmp_path: Path) -> None:
    before = print_of(source)
    os.utime(source / "web/index.js", (1, 1))
    (source / "web/index.js").chmod(0o664)  # another umask
    write(source, "api/main.js", "other\n")  # another service's
    moved = source.rename(tmp_path / "moved")
    git(moved, "init", "-q")
    assert print_of(moved) == before


def test_services_of_the_same_files_differ(source: Path) -> None:
    assert print_of(source, "api") != print_of(source, "web")


def test_source_that_is_not_there(source: Path) -> None:
    with pytest.raises(BuildError, match=r"services\.web\.sources: wbe is not in "):
        print_of(source, sources=["web", "wbe"])


def test_digest_takes_names_that_are_no_text(source: Path) -> None:
    for name in ODD:
        write(source, name)
    files = source_files(source)
    assert len(digest_of(source, files)) == 64
    assert digest_of(source, files) != digest_of(source, files[1:])


def test_content_that_looks_like_another_file(tmp_path: Path) -> None:
    for length in ("", "1"):
        two, one = tmp_path / f"two{length}", tmp_path / f"one{length}"
        write(two, "a", "1")
        write(two, "b", "2")
        write(one, "a", f"1\0file\0b\0{length}\0" + "2")
        assert digest_of(two, ["a", "b"]) != digest_of(one, ["a"])


# The commit


def test_commit(checkout: Path) -> None:
    clean = commit_of(checkout)
    assert len(clean) == 7
    write(checkout, "README.md", "other\n")
    assert commit_of(checkout) == f"{clean}-dirty"
    assert commit_of(checkout / "web") == clean, "only what is deployed counts"
    write(checkout, "web/new.js")
    assert commit_of(checkout / "web") == f"{clean}-dirty"


def test_commit_outside_git(source: Path) -> None:
    assert commit_of(source) == "nogit"


def test_commit_before_the_first(source: Path) -> None:
    git(source, "init", "-q")
    assert commit_of(source) == "nogit"


def test_commits_between(checkout: Path) -> None:
    def git(*words: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        line = ["git", "-C", str(checkout), *identity, *words]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "One", "--allow-empty")
    first = git("rev-parse", "--short=7", "HEAD")
    assert commits_between(checkout, first, 9) == []
    git("commit", "-qm", "Two\tparts", "--allow-empty")
    (checkout / "web" / "new.txt").write_text("x")
    git("add", "-A")
    git("commit", "-qm", "Three")
    listed = commits_between(checkout, f"{first}-dirty", 9)
    assert [subject for _, subject in listed or []] == ["Three"]
    (checkout / "web" / "new.txt").write_text("y")
    git("commit", "-qam", "Four\x1b[2Jteen")
    newest = commits_between(checkout, first, 1)
    assert [subject for _, subject in newest or []] == [r"Four\x1b[2Jteen"]
    for unknown in (None, "nogit", "0000000", "--all", "HEAD"):
        assert commits_between(checkout, unknown, 9) is None


CLOSED = [".env", ".env.production", "web/.env.staging", ".aws/credentials", "web/.netrc"]


def init(source: Path) -> None:
    git(source, "init", "-q")
    git(source, "add", "-A")


@pytest.mark.parametrize("is_git", [False, True])
@pytest.mark.parametrize("name", [*CLOSED, "docs/incidents/1.md"])
def test_what_holds_secrets_or_was_noted_is_no_source(
    source: Path, name: str, is_git: bool
) -> None:
    if is_git:
        init(source)
    before = source_files(source)
    write(source, name, "CANARY=1")
    assert source_files(source) == before
    write(source, "web/.environment", "CANARY=1")
    assert "web/.environment" in source_files(source)


def test_what_git_tracks_is_source(source: Path) -> None:
    """Next reads public values out of a `.env` in the repository."""
    write(source, "web/.env", "NEXT_PUBLIC_NAME=1")
    init(source)
    assert "web/.env" in source_files(source)


@pytest.mark.parametrize("name", [".env.production", "web/.env.staging", ".higuera/runs/1.json"])
def test_secrets_and_records_are_no_source_where_no_git_says_so(source: Path, name: str) -> None:
    before = source_files(source)
    write(source, name, "CANARY=1")
    assert source_files(source) == before
    write(source, ".env.example", "CANARY=")
    assert ".env.example" in source_files(source)


MINE = [
    *(".github/workflows/higuera.yml", ".higuera/runs/1.json", ".age-recipients"),
    *("config.py", "deploy.py", "rollback.py", "smoke/page.py", "templates/nginx/side.j2"),
    *("inventory/stack.yml", "inventory/production.yml", "secrets.production.age"),
]
THEIRS = [
    *("web/inventory/stack.yml", "web/smoke/page.py", "web/deploy.py", "web/.github/x.yml"),
    *("templates/mail.html", "smoke.js", "secrets.schema.json"),
]


def deployment_of(project: Path, source: Path, **changes: Any) -> Deployment:
    found = stack(**changes).model_copy(
        update={"source": os.path.relpath(source, project / "inventory")}
    )
    (project / "inventory").mkdir(exist_ok=True)
    environment = Environment.model_validate({"host": "@sandbox/x"})
    return Deployment(project / "inventory", "production", found, environment)


def test_a_projects_own_files_are_no_source_and_an_apps_of_the_same_name_are(source: Path) -> None:
    before = source_files(source)
    for name in [*MINE, *THEIRS]:
        write(source, name)
    assert files_of(deployment_of(source, source)) == sorted([*before, *THEIRS])


def test_a_project_elsewhere_leaves_nothing_out(source: Path, tmp_path: Path) -> None:
    for name in [*MINE, *THEIRS]:
        write(source, name)
    assert files_of(deployment_of(tmp_path, source)) == source_files(source)


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": ["web", "smoke"]},
        {"sources": ["smoke/page.py"]},
        {"install": {"run": "true", "inputs": ["smoke/page.py"]}},
    ],
)
def test_what_the_stack_names_is_a_source(source: Path, changes: dict[str, Any]) -> None:
    for name in MINE:
        write(source, name)
    found = files_of(deployment_of(source, source, **changes))
    assert set(found) & set(MINE) == {"smoke/page.py"}


def test_templates_are_those_that_there_are() -> None:
    """A folder of templates that is added is the project's own too."""
    there = {f"templates/{folder.name}" for folder in templates().iterdir() if folder.is_dir()}
    assert {name for name in OWN if name.startswith("templates/")} == there

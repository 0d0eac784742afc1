"""`higuera secrets` from outside: real age, real editors (scripts), no host to reach."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from higuera.cli.main import main
from higuera.cli.secrets import held_by, lines_of
from higuera.render.quoting import env_file
from higuera.spec.encrypted import decrypt

CANARY = "canary-8f3b"
MEMORY = Path("/dev/shm")
STACK: dict[str, Any] = {
    "app": "forms",
    "source": ".",
    "runtimes": {"node": "22.23.3"},
    "services": {
        "web": {
            "runtime": "node",
            "build": "true",
            "artifact": "dist",
            "start": "node server.js",
            "port": 3000,
            "health": "/",
            "secrets": ["API_KEY", "DATABASE_URL"],
        }
    },
    "routes": {"/": "web"},
    "database": {
        "url": "DATABASE_URL",
        "seed": {"service": "web", "command": "x", "secrets": ["PASSWORD"]},
    },
    "smoke": {"login": {"password": "PASSWORD"}},
}


class Project:
    """A project that keeps its secrets in `.env.production`, and a key for age."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "inventory").mkdir()
        (folder / "inventory/stack.yml").write_text(yaml.safe_dump(STACK))
        self.env = folder / ".env.production"
        self.environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "SOPS_AGE_KEY_FILE": str(folder / "key"),
        }
        self.environment(secrets="given")

    def environment(self, **keys: Any) -> None:
        # the port of a loopback address on which nobody listens
        host = {"address": "127.0.0.1", "port": 1}
        (self.folder / "inventory/production.yml").write_text(
            yaml.safe_dump({"host": host, **keys})
        )

    def fork(self, *words: str, editor: str) -> int:
        """The same in a process of its own, which has nothing to import any more."""
        if pid := os.fork():
            return pid
        status = 70
        try:
            status, _, _ = self.run(*words, editor=editor)
        finally:
            os._exit(status)

    def run(self, *words: str, editor: str = "", answers: str = "") -> tuple[int, str, str]:
        """In this process: starting one takes longer than most commands."""
        out, err, status = StringIO(), StringIO(), 0
        with ExitStack() as stack:
            stack.enter_context(chdir(self.folder))
            patched = stack.enter_context(pytest.MonkeyPatch.context())
            for name in os.environ:
                patched.delenv(name)
            for name, value in {**self.environ, "EDITOR": editor}.items():
                patched.setenv(name, value)
            patched.setattr(sys, "argv", ["higuera", "secrets", *words])
            patched.setattr(sys, "stdin", StringIO(answers))
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            try:
                main()
            except SystemExit as ended:
                status = int(ended.code or 0)
        assert CANARY not in out.getvalue() + err.getvalue()
        return status, out.getvalue(), err.getvalue()

    def editor(self, script: str) -> str:
        """An editor that does what a script says to the file `$1`."""
        program = self.folder / "editor"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return str(program)

    def sealed(self, text: str) -> Path:
        """An encrypted file instead of the plain one, and who may read it."""
        subprocess.run(
            ["age-keygen", "-o", "key"], cwd=self.folder, check=True, capture_output=True
        )
        readers, file = self.folder / ".age-recipients", self.folder / "secrets.production.age"
        with readers.open("w") as out:
            subprocess.run(["age-keygen", "-y", "key"], cwd=self.folder, check=True, stdout=out)
        subprocess.run(["age", "-R", readers, "-o", file], input=text.encode(), check=True)
        self.env.unlink(missing_ok=True)
        return file

    def opened(self, file: Path) -> str:
        command = ["age", "-d", "-i", str(self.folder / "key"), str(file)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(autouse=True)
def nothing_stays_in_memory() -> Any:
    before = set(MEMORY.glob("higuera-*"))
    yield
    assert set(MEMORY.glob("higuera-*")) == before


ALL = f"API_KEY={CANARY}-a\nDATABASE_URL={CANARY}-d\nPASSWORD={CANARY}-p\n"


def test_check(project: Project) -> None:
    project.env.write_text(f"{ALL}OLD={CANARY}\n")
    assert project.run("check") == (
        0,
        "production: 3 of 3 secrets are there\n",
        "nothing uses: OLD (.env.production:4)\n",
    )
    project.env.write_text(f"API_KEY=\nPASSWORD={CANARY}\n")
    status, out, err = project.run("check")
    assert (status, out) == (1, "")
    assert "secret DATABASE_URL: is set nowhere; set it in" in err
    assert "secret API_KEY: is empty; set it in" in err
    assert "PASSWORD" not in err


def test_check_runs_commands(project: Project) -> None:
    project.env.write_text("PASSWORD=x\n")
    project.environment(secrets={"API_KEY": "!op-none read", "DATABASE_URL": f"!echo {CANARY}"})
    assert project.run("check") == (
        1,
        "",
        "error: secret API_KEY: `op-none` is not on this machine\n",
    )


def test_check_makes_nothing_up(project: Project) -> None:
    project.environment(secrets="generate")
    project.env.write_text("API_KEY=x\n")
    assert project.run("check") == (
        0,
        "production: 1 of 3 secrets are there\nthe next deploy makes up: DATABASE_URL, PASSWORD\n",
        "",
    )
    assert project.env.read_text() == "API_KEY=x\n"


def test_list_with_the_host_down(project: Project) -> None:
    project.sealed(f"API_KEY={CANARY}\nOLD={CANARY}\n")
    project.environment(secrets={"DATABASE_URL": f"!touch {project.folder}/ran; echo {CANARY}"})
    status, out, err = project.run("list", "production", "--json")
    assert status == 0
    rows = [
        ("API_KEY", ["web", "seed"], "secrets.production.age"),
        ("DATABASE_URL", ["web", "database", "seed"], "command touch"),
        ("PASSWORD", ["seed", "smoke login"], None),
    ]
    assert json.loads(out) == [
        {"name": name, "used_by": users, "from": where, "on_host": None, "since": None}
        for name, users, where in rows
    ]
    assert "nothing uses: OLD (secrets.production.age)\n" in err
    assert "what the host has is not known: 127.0.0.1 gave no answer\n" in err
    assert not (project.folder / "ran").exists()
    status, out, _ = project.run("list")
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["API_KEY", "web,", "seed", "secrets.production.age", "–"],
        ["DATABASE_URL", "web,", "database,", "seed", "command", "touch", "–"],
        ["PASSWORD", "seed,", "smoke", "login", "missing", "–"],
    ]


def test_since_when_a_host_has_them(tmp_path: Path) -> None:
    """Blue was written first; SESSION changed with green, which a job's file has too."""
    kept = 'a\nSESSION="x" \\ $HOME\n'
    written = {
        "blue.env": (1000, {"KEPT": kept, "SESSION": "old"}),
        "green.env": (2000, {"KEPT": kept, "SESSION": "new"}),
        "seed.env": (3000, {"SESSION": "new", "ONLY": CANARY}),
    }
    for name, (time_, values) in written.items():
        (tmp_path / name).write_text(env_file(values))
        os.utime(tmp_path / name, (time_, time_))
    files = [str(tmp_path / name) for name in [*written, "not there"]]
    done = subprocess.run(["sh", "-c", lines_of(files)], check=True, capture_output=True, text=True)
    assert CANARY not in done.stdout
    held = held_by(done.stdout.splitlines())
    found = {name: int(there.since.timestamp()) for name, there in held.items()}
    assert found == {"KEPT": 1000, "SESSION": 2000, "ONLY": 3000}
    assert held["KEPT"].compared(kept, "KEPT") == "same"
    assert held["SESSION"].compared("new", "SESSION") == "same"
    for value in ("old", "", "new "):
        assert held["SESSION"].compared(value, "SESSION") == "other"
    assert held["SESSION"].compared(None, "SESSION") == "unknown"


def test_edit_age(project: Project) -> None:
    file = project.sealed(ALL)
    file.chmod(0o640)
    look = f'stat -c \'%a %n\' "$1" "${{1%/*}}" >{project.folder}/seen'
    editor = project.editor(f'{look}; cp "$1" "$1~"; sed -i s/API_KEY=.*/API_KEY=new/ "$1"')
    assert project.run("edit", editor=editor) == (0, "secrets.production.age: saved\n", "")
    assert project.opened(file) == ALL.replace(f"{CANARY}-a", "new")
    seen = (project.folder / "seen").read_text().splitlines()
    assert [line.split()[0] for line in seen] == ["600", "700"]
    assert all(line.split()[1].startswith("/dev/shm/higuera-") for line in seen)
    assert file.stat().st_mode & 0o777 == 0o640


def test_edit_nothing(project: Project) -> None:
    file = project.sealed(ALL)
    before = file.read_bytes()
    assert project.run("edit", editor="true") == (0, "secrets.production.age: unchanged\n", "")
    assert file.read_bytes() == before


def test_edit_something_that_is_no_dotenv(project: Project) -> None:
    file = project.sealed(ALL)
    editor = project.editor('[ -e again ] && echo A=1 >"$1" || echo "B=\'" >>"$1"; touch again')
    status, out, err = project.run("edit", editor=editor, answers="y\n")
    assert (status, err) == (0, "")
    assert out.startswith("secrets.production.age:4: should be NAME=value")
    assert project.opened(file) == "A=1\n"
    broken = project.editor('echo "B=\'" >>"$1"')
    for answers in ("n\n", ""):
        status, out, err = project.run("edit", editor=broken, answers=answers)
        assert status == 1 and err.strip().endswith("nothing was saved")
    assert project.opened(file) == "A=1\n"


@pytest.mark.parametrize(
    ("editor", "error"),
    [
        ("false", "error: false ended with exit status 1; nothing was saved\n"),
        ("no-such-editor -w", "error: there is no editor no-such-editor; set EDITOR to yours\n"),
    ],
)
def test_edit_with_an_editor_that_fails(project: Project, editor: str, error: str) -> None:
    before = project.sealed(ALL).read_bytes()
    assert project.run("edit", editor=editor) == (1, "", error)
    assert (project.folder / "secrets.production.age").read_bytes() == before


def test_edit_that_would_lock_out_who_edits(project: Project) -> None:
    file = project.sealed(ALL)
    before = file.read_bytes()
    readers = project.folder / ".age-recipients"
    readers.unlink()
    assert ".age-recipients is not there" in project.run("edit", editor="true")[2]
    subprocess.run(["age-keygen", "-o", "other"], cwd=project.folder, check=True)
    with readers.open("w") as out:
        subprocess.run(["age-keygen", "-y", "other"], cwd=project.folder, check=True, stdout=out)
    status, _, err = project.run("edit", editor=project.editor('echo A=1 >"$1"'))
    assert status == 1 and "was not saved, you could not open it again" in err
    assert file.read_bytes() == before
    assert {path.name for path in project.folder.glob("*secrets*")} == {file.name}


def test_edit_is_ended(project: Project) -> None:
    """By Ctrl-C, by `kill`, by a terminal that is closed."""
    file = project.sealed(ALL)
    before = file.read_bytes()
    ready = f'touch "{project.folder}/open.$PPID"'
    editor = project.editor(f'echo A=1 >"$1"; {ready}; exec sleep 60')
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        pid = project.fork("edit", editor=editor)
        until((project.folder / f"open.{pid}").exists)
        os.kill(pid, number)
        _, ended = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(ended) == 128 + number
    assert file.read_bytes() == before


def test_edit_plain(project: Project) -> None:
    status, out, _ = project.run("edit", editor=project.editor('cp "$1" shown; echo A=1 >"$1"'))
    assert (status, out) == (0, ".env.production: saved\n")
    assert (project.folder / "shown").read_text() == "API_KEY=\nDATABASE_URL=\nPASSWORD=\n"
    assert project.env.read_text() == "A=1\n"
    assert project.env.stat().st_mode & 0o777 == 0o600
    project.env.chmod(0o644)
    assert project.run("edit", editor="true")[1] == ".env.production: unchanged\n"
    project.run("edit", editor=project.editor('echo B=1 >>"$1"'))
    assert project.env.read_text() == "A=1\nB=1\n"
    assert project.env.stat().st_mode & 0o777 == 0o600


def test_edit_leaves_what_a_command_prints_to_it(project: Project) -> None:
    """An empty line for it would take its place."""
    project.environment(secrets={"API_KEY": "!echo key"})
    project.run("edit", editor=project.editor('cp "$1" shown; echo A=1 >>"$1"'))
    assert (project.folder / "shown").read_text() == "DATABASE_URL=\nPASSWORD=\n"


def test_edit_does_not_empty_a_file(project: Project) -> None:
    for file in (project.sealed(ALL), project.env):
        file.exists() or file.write_text("A=1\n")
        before = file.read_bytes()
        status, _, err = project.run("edit", editor=project.editor(': >"$1"'))
        assert status == 1 and "nothing is left in it" in err
        assert file.read_bytes() == before
        file.unlink()


def test_edit_hands_a_file_of_sops_to_it(project: Project) -> None:
    """The real program, which lays its text into a temporary file: of a folder in memory."""
    project.sealed("").unlink()
    file = project.folder / "secrets.production.yaml"
    file.write_text(f"API_KEY: {CANARY}\n")
    bin_ = Path(sys.executable).parent
    to = (project.folder / ".age-recipients").read_text().strip()
    subprocess.run([bin_ / "sops", "--encrypt", "--age", to, "-i", file], check=True)
    project.environ["PATH"] = f"{bin_}:{project.environ['PATH']}"
    add = project.editor('echo "$1" >place; echo "PASSWORD: p" >>"$1"')
    for editor, ended, said in (
        ("true", 0, "unchanged"),
        ("false", 1, "was not saved; sops ended with exit status 201"),
        (add, 0, "saved"),
    ):
        done = project.run("edit", editor=editor)
        assert done[0] == ended and f"secrets.production.yaml: {said}" in done[1] + done[2]
    assert (project.folder / "place").read_text().startswith(f"{MEMORY}/higuera-")
    assert decrypt(file, project.environ) == {"API_KEY": CANARY, "PASSWORD": "p"}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)

"""A project with a folder of migrations, in a git repository, and its real command line."""

import subprocess
import sys
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from higuera.cli.main import main

STACK: dict[str, Any] = {
    "app": "forms",
    "source": "../app",
    "runtimes": {"node": "22.23.3"},
    "services": {
        "web": {
            "runtime": "node",
            "build": "true",
            "artifact": "dist",
            "start": "node server.js",
            "port": 3000,
            "health": "/",
        }
    },
    "routes": {"/": "web"},
    "database": {
        "url": "DATABASE_URL",
        "migrate": {
            "service": "web",
            "command": "node migrate.js",
            "files": "drizzle",
            "ledger": "drizzle",
            "lint": {"exclude": ["prefer-robust-stmts", "require-statement-timeout"]},
        },
        "catalog": "docs/data.yml",
    },
}
HEADER = "-- owner: ana\n-- purpose: why\n-- way back: drop it\n"


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Governed:
    """`inventory/` and `app/`."""

    folder: Path

    @classmethod
    def new(cls, folder: Path) -> "Governed":
        """With one migration, committed on `main`."""
        made = cls(folder)
        made.stack(STACK)
        (folder / "inventory/production.yml").write_text("host: vps.example.com\n")
        made.migration("0000_a", "create table a (id bigint primary key);")
        made.git("init", "-q", "-b", "main")
        made.git("config", "user.name", "test")
        made.git("config", "user.email", "test@example.com")
        made.commit()
        return made

    def stack(self, stack: dict[str, Any]) -> None:
        (self.folder / "inventory").mkdir(exist_ok=True)
        (self.folder / "inventory/stack.yml").write_text(yaml.safe_dump(stack))

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def migration(self, name: str, sql: str, header: str = HEADER) -> Path:
        return self.write(f"drizzle/{name}.sql", header + sql)

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-qm", "x")
        return self.git("rev-parse", "HEAD")

    def higuera(self, *words: str) -> Ended:
        """The command line as the installed program runs it, in this folder."""
        out, err = StringIO(), StringIO()
        with ExitStack() as stack:
            stack.enter_context(chdir(self.folder))
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            stack.enter_context(pytest.MonkeyPatch.context()).delenv("HIGUERA_ENV", raising=False)
            stack.enter_context(pytest.MonkeyPatch.context()).setattr(
                sys, "argv", ["higuera", *words]
            )
            with pytest.raises(SystemExit) as ended:
                main()
        return Ended(int(ended.value.code or 0), out.getvalue(), err.getvalue())

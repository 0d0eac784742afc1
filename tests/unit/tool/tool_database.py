"""The on-host tool beside a real PostgreSQL, which it finds in its service file.

The programs are the real ones, linked where the tool looks for them. A migration is SQL that the
stub of systemctl runs when `forms-migrate@RELEASE` is started.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from postgres_server import Server
from tool_host import ToolHost, forms_stack

from higuera.render.quoting import env_file
from higuera.spec.database import PostgresUrl
from higuera.spec.stack import Stack

PROGRAMS = Path("/usr/lib/postgresql")
DEADLINE = 20.0


def gated_stack(keep: int = 5, **migrate: Any) -> Stack:
    """The stack of this repository with another wait or two."""
    data = forms_stack().model_dump()
    data["database"]["keep_backups"] = keep
    data["database"]["migrate"].update(migrate)
    return Stack.model_validate(data)


@dataclass(frozen=True)
class DatabaseHost:
    """A host that is a folder, and the database that it leads to."""

    host: ToolHost
    server: Server
    name: str

    @classmethod
    def make(cls, root: Path, server: Server, stack: Stack, name: str, role: str) -> "DatabaseHost":
        """Connect the tool to a database that is there."""
        host = ToolHost.make(root, stack)
        found = cls(host, server, name)
        for folder in (found.dumps, found.work, found.config):
            folder.mkdir(parents=True, exist_ok=True)
        for version in PROGRAMS.iterdir():
            programs = root / "usr/lib/postgresql" / version.name / "bin"
            programs.mkdir(parents=True)
            for program in (version / "bin").iterdir():
                (programs / program.name).symlink_to(program)
        url = PostgresUrl(role, "no-password", str(server.folder), 5432, name)
        (found.config / "pg_service.conf").write_text(url.service("target"))
        for question in ("target", "ledger", "catalog"):
            (found.config / f"{question}.sql").write_text("select 'none';\n")
        library, cut, _ = (root / "tool").read_text().partition("\nmisused() {")
        assert cut
        (root / "library").write_text(f'{library}\n"$@"\n')
        return found

    @property
    def dumps(self) -> Path:
        return self.host.root / "var/lib/higuera/forms/backups"

    @property
    def work(self) -> Path:
        return self.host.root / "var/lib/higuera/forms/migrations"

    @property
    def config(self) -> Path:
        return self.host.root / "etc/higuera/forms"

    @property
    def environment(self) -> dict[str, str]:
        """Without what would lead libpq elsewhere."""
        return {k: v for k, v in self.host.environment.items() if not k.startswith("PG")}

    def try_to(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the tool."""
        return self.host.try_to(*words, **variables)

    def run(self, *words: str) -> str:
        """Run the tool, which has to succeed; returns what it printed."""
        return self.host.run(*words)

    def call(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Call one function of the tool."""
        return subprocess.run(
            ["sh", self.host.root / "library", *words],
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def sql(self, text: str) -> str:
        """Run statements on the database, as its superuser."""
        return self.server.sql(text, self.name)

    def secrets(self, **values: str) -> None:
        """What the jobs of this host are given."""
        (self.config / "migrate.env").write_text(env_file(values))

    def migration(self, script: str) -> None:
        """Let the job be this shell; `psql` in it leads to the database. Its output is its log."""
        psql = (
            f"env PATH={self.server.environment['PATH']} PGHOST={self.server.folder} "
            f"PGAPPNAME=higuera-migrate psql -XAtqw -v ON_ERROR_STOP=1 -d {self.name} -U app"
        )
        out = self.host.root / "var/lib/higuera/forms/migrations/migrate.printed"
        self.host.hook(
            f"""case "$*" in *' start forms-migrate@'*)
    psql() {{ {psql} "$@"; }}
    ( {script}
    ) >{out} 2>&1 || exit 1
esac
"""
        )

    @contextmanager
    def started(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """The tool, running; whatever of it is left ends with the test."""
        process = subprocess.Popen(
            ["sh", self.host.root / "tool", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:  # its number is nobody else's yet
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    @contextmanager
    def session(self, statements: str, name: str = "a person", role: str = "app") -> Iterator[int]:
        """Another session that ran statements and stays; its process on the server."""
        process = subprocess.Popen(
            ["psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", "-U", role, "-d", self.name, "-f", "-"],
            env=self.server.environment | {"PGAPPNAME": name},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(f"{statements}\n;select pg_backend_pid();\n")
            process.stdin.flush()
            line = process.stdout.readline()
            while not line.strip().isdigit():
                line = process.stdout.readline()
            yield int(line)
        finally:
            process.kill()
            process.communicate()


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for what has to happen."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"{what}: not in {DEADLINE} s"
        time.sleep(0.02)

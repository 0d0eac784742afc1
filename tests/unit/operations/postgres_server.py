"""A private PostgreSQL for tests: a cluster in a temporary folder, on a unix socket alone."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest

HINT = "initdb is not here: these tests need PostgreSQL (Debian: apt-get install postgresql)"
# The socket lets `postgres` in by its name, everybody else by password; nothing else is tried.
HBA = "local all postgres trust\nlocal all all scram-sha-256\n"


@dataclass(frozen=True)
class Server:
    """Where it listens."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What leads psql to it: the program, not Debian's slow wrapper in Perl around it."""
        path = f"{_programs()}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "PGHOST": str(self.folder), "PGCONNECT_TIMEOUT": "10"}

    def login(
        self, role: str, password: str, database: str = "postgres"
    ) -> subprocess.CompletedProcess[str]:
        """Log in with a password, over scram-sha-256."""
        return subprocess.run(
            ["psql", "-XAtqw", "-U", role, "-d", database, "-c", "select current_user"],
            env=self.environment | {"PGPASSWORD": password},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    def sql(self, text: str, database: str = "postgres", role: str = "postgres") -> str:
        """Run statements; fails with what the server says."""
        done = subprocess.run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-U", role, "-d", database],
            input=text,
            env=self.environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def run(self, script: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a script of a fact or an operation on `this host`."""
        return subprocess.run(
            ["sh", "-c", script],
            input=stdin,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def postgres() -> Iterator[Server]:
    """Start a server as the account `postgres`; stopped and removed at the end."""
    programs = _programs()
    folder = Path(mkdtemp(prefix="pg-", dir="/tmp"))  # short: a socket path has 107 bytes
    shutil.chown(folder, "postgres", "postgres")
    folder.chmod(0o755)
    data = folder / "data"
    as_postgres: list[str | Path] = ["runuser", "-u", "postgres", "--"]
    options = (
        f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off "
        "-c full_page_writes=off -c autovacuum=off -c shared_buffers=16MB "
        "-c wal_level=minimal -c max_wal_senders=0"
    )
    encoding = ["-E", "UTF8", "--locale=C.UTF-8"]
    try:
        _run([*as_postgres, programs / "initdb", "-D", data, "--no-sync", *encoding])
        (data / "pg_hba.conf").write_text(HBA)
        log = folder / "log"
        try:
            control = [*as_postgres, programs / "pg_ctl", "-D", data]
            _run([*control, "-w", "-t", "60", "-l", log, "-o", options, "start"])
        except AssertionError as error:
            raise AssertionError(f"{error}\n{log.read_text() if log.exists() else ''}") from None
        pid = int((data / "postmaster.pid").read_text().split()[0])
        try:
            yield Server(folder)
        finally:
            os.kill(pid, signal.SIGINT)  # a fast shutdown
            _wait_until_gone(data / "postmaster.pid")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.fail(HINT)
    return found[-1].parent if found else Path(os.path.realpath(str(on_path))).parent


def _wait_until_gone(file: Path, deadline: float = 30.0) -> None:
    until = time.monotonic() + deadline
    while file.exists():
        assert time.monotonic() < until, f"the server did not stop in {deadline} s"
        time.sleep(0.02)


def _run(argv: list[str | Path]) -> None:
    done = subprocess.run(
        [str(word) for word in argv],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout

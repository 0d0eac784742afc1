"""A database a test on a real PostgreSQL, and ledgers read as on a host: by psql, from stdin."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from higuera.database.ledger import Adapter

sys.path.insert(0, str(Path(__file__).parents[1] / "operations"))
from postgres_server import Server, postgres

__all__ = ["Database", "postgres"]


@dataclass(frozen=True)
class Database:
    """An empty database of its own."""

    server: Server
    name: str

    @classmethod
    def make(cls, server: Server) -> "Database":
        """Create one; it goes with the server."""
        name = f"ledger_{uuid4().hex}"
        server.sql(f"create database {name} template template0")
        return cls(server, name)

    def psql(self, text: str) -> subprocess.CompletedProcess[str]:
        """What the gate runs, word for word."""
        return subprocess.run(
            [
                "psql",
                "-XAtq",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                "postgres",
                "-d",
                self.name,
                "-f",
                "-",
            ],
            input=text,
            env=self.server.environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    def sql(self, text: str) -> str:
        """Run statements that have to succeed."""
        done = self.psql(text)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def rows(self, adapter: Adapter) -> list[dict[str, Any]]:
        """The ledger, which is one line of JSON and nothing beside it."""
        done = self.psql(adapter.script())
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("\n") == 1
        rows = json.loads(done.stdout)
        assert isinstance(rows, list)
        return rows

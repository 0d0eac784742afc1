"""Databases to compare, on one PostgreSQL: made from a template, read, dumped."""

import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from postgres_server import Server, postgres

from higuera.database.catalog import Catalog, catalog_script

BASE = (Path(__file__).parent / "database_base.sql").read_text()
# Newer pg_dumps put a random word around their output.
_RANDOM = re.compile(r"^\\(un)?restrict .*$", re.MULTILINE)


@dataclass
class Scratch:
    """A server with a template that holds the base schema."""

    server: Server
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def database(self, sql: str = "", template: str = "base") -> Iterator[str]:
        """The name of a database made from a template and changed by `sql`."""
        name = f"scratch{next(self.numbers)}"
        self.server.sql(f"create database {name} template {template}")
        try:
            if sql:
                self.server.sql(sql, name)
            yield name
        finally:
            self.server.sql(f"drop database {name} with (force)")

    def catalog(self, name: str, leave_out: Sequence[str] = (), role: str = "postgres") -> Catalog:
        """What the query returns."""
        return Catalog.from_json(self.server.sql(catalog_script(leave_out), name, role))

    def made(self, sql: str, leave_out: Sequence[str] = ()) -> Catalog:
        """The catalog of an empty database after `sql`."""
        with self.database(sql, "template0") as name:
            return self.catalog(name, leave_out)

    def dump(self, name: str) -> str:
        """What `pg_dump -s` says: the oracle."""
        done = self.server.run(f"pg_dump -s --no-owner --no-privileges -U postgres {name}")
        assert done.returncode == 0, done.stderr
        return _RANDOM.sub("", done.stdout)


@contextmanager
def scratch() -> Iterator[Scratch]:
    """Start the server and make the template."""
    with postgres() as server:
        server.sql("create database base")
        server.sql(BASE, "base")
        yield Scratch(server)

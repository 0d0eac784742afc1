"""The table that a tool keeps its ledger in, and the psql script that reads it."""

from typing import NamedTuple

from higuera.errors import DatabaseError


class Table(NamedTuple):
    """A table by its schema and name, both as they are, unquoted."""

    schema: str
    name: str

    @classmethod
    def parse(cls, text: str, default: "Table") -> "Table":
        """Read `schema.table` or `table`; raises DatabaseError for anything else."""
        schema, dot, name = text.rpartition(".")
        parts = (schema if dot else default.schema, name)
        if not all(parts) or "." in schema or not text.isprintable():
            raise DatabaseError(
                f"database.migrate.table: {text!r} is no table: write `table` or `schema.table`"
            )
        return cls(*parts)

    @property
    def quoted(self) -> str:
        """As SQL spells it, in any case and with any character."""
        return ".".join('"' + part.replace('"', '""') + '"' for part in self)

    def label(self, kind: str, suffix: str = "") -> str:
        """How a comparison of schemas names an object here, as `table public.migrations`."""
        return f"{kind} {self.schema}.{self.name}{suffix}"


def script(table: Table) -> str:
    r"""Print every row as a line of JSON, `[]` where there is no such table.

    `\if` keeps a query that names a missing table from ever being parsed. Times are in UTC, so
    that they sort as text. A row policy would hide rows and make applied migrations look new:
    with `row_security` off the server refuses instead. psql's own error is kept in every case.
    """
    literal = table.quoted.replace("'", "''")
    return (
        "\\encoding UTF8\n"
        "set timezone = 'UTC'; set datestyle = 'ISO'; set row_security = off;\n"
        "set standard_conforming_strings = on;\n"
        f"select to_regclass('{literal}') is not null as higuera_ledger \\gset\n"
        "\\if :higuera_ledger\n"
        f"select coalesce(jsonb_agg(to_jsonb(ledger)), '[]') from {table.quoted} as ledger;\n"
        "\\else\n"
        "\\echo []\n"
        "\\endif\n"
    )

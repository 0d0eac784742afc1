"""The catalog of a database as a value: the query that reads it, and what the query returned."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from higuera.database.deparse import stable
from higuera.errors import DatabaseError

Properties = dict[str, Any]

# Everything that the server's own wording of a definition depends on.
PINNED = {
    "search_path": "''",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "client_encoding": "'UTF8'",
    "datestyle": "'ISO, YMD'",
    "intervalstyle": "'postgres'",
    "timezone": "'UTC'",
    "extra_float_digits": "1",
    "bytea_output": "'hex'",
    "lc_monetary": "'C'",
    "xmloption": "'content'",
    "jit": "off",  # it takes longer than the query
}

# What is said of whatever a partial one was the measure of.
PART_ONLY = "(partial: tables and columns only)"


@dataclass(frozen=True)
class Catalog:
    """What is in a database, by name: `column public.forms.title` and its properties."""

    objects: dict[str, Properties] = field(repr=False)
    """A property that is off or at its default is absent; `of` holds what is not compared."""
    server: str
    """The server's version, as it says it; empty: a tool's own snapshot told all this."""
    provider: tuple[str, ...] = ()
    """Schemas that Supabase or Neon keep there for themselves; nothing in them is listed."""

    @property
    def fingerprint(self) -> str:
        """Digest of the objects; equal schemas have the same on every server."""
        return hashlib.sha256(_canonical(self.objects).encode()).hexdigest()

    @property
    def is_partial(self) -> bool:
        """Whether no server told it but a tool's own snapshot: tables and columns alone."""
        return not self.server

    def to_json(self) -> str:
        """One line, as psql prints it and as a release keeps it."""
        found = {"server": self.server, "provider": list(self.provider), "objects": self.objects}
        return _canonical(found)

    @staticmethod
    def from_json(text: str) -> "Catalog":
        """What `catalog_script` made psql print; raises DatabaseError when it is no catalog."""
        try:
            found = json.loads(text)
            objects = found["objects"].items()
            return Catalog(
                objects={str(key): stable(key, dict(value)) for key, value in objects},
                server=str(found["server"]),
                provider=tuple(str(name) for name in found.get("provider", ())),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DatabaseError(
                f"what was read is no catalog of a database ({type(error).__name__}): "
                "read it anew with `higuera drift`"
            ) from None


def catalog_script(leave_out: Sequence[str] = ()) -> str:
    """Text for `psql -XAtq -v ON_ERROR_STOP=1 -f -`: prints one line for `Catalog.from_json`.

    It reads only. `leave_out` names the ledgers of migration tools (`schema drizzle`, `table
    public._prisma_migrations`), which are left out with everything in them.
    """
    pins = [f"set local {name} = {value};" for name, value in PINNED.items()]
    query = files("higuera.database").joinpath("catalog.sql").read_text(encoding="utf-8")
    statement = leaving_out(leave_out, query.strip())
    begin = "begin transaction isolation level repeatable read, read only;"
    return "\n".join([begin, *pins, statement, "commit;", ""])


def leaving_out(names: Sequence[str], query: str) -> str:
    """A query that has a place for such names."""
    return query.replace("/*leave_out*/", ", ".join(_literal(name) for name in names))


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

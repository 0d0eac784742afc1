"""Ledgers of migration tools: what a runner says was applied, compared with the files.

A runner's exit code is checked and not believed. One file an adapter; each reads the tool's
migration files here, gives the script that reads its ledger there, and compares the two.
"""

from higuera.database.ledger.drizzle import Drizzle
from higuera.database.ledger.ecto import Ecto
from higuera.database.ledger.knex import Knex
from higuera.database.ledger.model import Adapter, LedgerState, Migration, Problem
from higuera.database.ledger.prisma import Prisma
from higuera.database.ledger.sql import Sql
from higuera.database.ledger.typeorm import TypeOrm
from higuera.errors import DatabaseError

__all__ = ["LEDGERS", "Adapter", "LedgerState", "Migration", "Problem", "adapter"]

_ADAPTERS: dict[str, type[Adapter]] = {
    kind.name: kind for kind in (Drizzle, Ecto, Prisma, Knex, TypeOrm, Sql)
}
LEDGERS = tuple(_ADAPTERS)


def adapter(name: str, table: str | None = None) -> Adapter:
    """The adapter of a tool; `table` is `schema.table` or `table` where it is not the tool's own.

    Raises DatabaseError for a tool or a table that cannot be.
    """
    if name not in _ADAPTERS:
        raise DatabaseError(f"database.migrate.ledger: no {name!r}: one of {', '.join(LEDGERS)}")
    return _ADAPTERS[name](table)

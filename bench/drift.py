"""How long a drift check takes on 500 tables with 10,000 columns: `python bench/drift.py`.

Two databases are made on a PostgreSQL of its own; the second has drifted in ten columns. Prints the
seconds of each query (psql and all) and of the comparison, and one JSON line.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/unit/operations"))

from postgres_server import Server, postgres

from higuera.database.catalog import Catalog, catalog_script
from higuera.database.fit import fit
from higuera.database.parity import compare, describe

Result = TypeVar("Result")


def timed(what: str, times: dict[str, float], call: Callable[[], Result]) -> Result:
    start = time.monotonic()
    result = call()
    times[what] = round(time.monotonic() - start, 3)
    print(f"{times[what]:8.3f} s  {what}")
    return result


def schema(tables: int, columns: int) -> str:
    """Each table with a key, an index, a check, a foreign key and a policy."""
    made = []
    for table in range(tables):
        own = [f"c{column} text not null default 'x'" for column in range(columns - 3)]
        made.append(
            f"create table t{table} (id bigint generated always as identity primary key, "
            f"n integer check (n > 0), parent bigint references t{max(0, table - 1)}, "
            f"{', '.join(own)});"
            f"create index on t{table} (c1, c2) where c3 in ('a', 'b');"
            f"create policy own on t{table} using (n > 1);"
        )
    return "\n".join(made)


def measure(server: Server, tables: int, columns: int) -> dict[str, float]:
    server.sql("create database expected")
    server.sql(schema(tables, columns), "expected")
    server.sql("create database actual template expected")
    server.sql("\n".join(f"alter table t{each} drop c5;" for each in range(10)), "actual")
    times: dict[str, float] = {}
    script = catalog_script()
    wanted = timed("query, expected", times, lambda: server.sql(script, "expected"))
    there = timed("query, actual", times, lambda: server.sql(script, "actual"))
    expected = timed("reading, expected", times, lambda: Catalog.from_json(wanted))
    actual = timed("reading, actual", times, lambda: Catalog.from_json(there))
    found = timed("comparing", times, lambda: compare(expected, actual))
    timed("describing", times, lambda: describe(found))
    timed("fingerprint", times, lambda: expected.fingerprint)
    timed("fitting", times, lambda: fit(expected, actual))
    assert len(found) == 10, len(found)
    print(f"{len(wanted) / 1e6:8.1f} MB of JSON, {len(expected.objects)} objects")
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=500)
    parser.add_argument("--columns", type=int, default=20)
    given = parser.parse_args()
    with postgres() as server:
        times = measure(server, given.tables, given.columns)
    print(json.dumps({"total": round(sum(times.values()), 3), **times}))


if __name__ == "__main__":
    main()

"""How long a drift check takes on 500 tables with 10,000 columns: `python bench/drift.py`.

Two databases are made on a PostgreSQL of its own; the second has drifted in ten columns. Prints the
seconds of each query (psql and all) and of the comparison, and one JSON line. With `--vps` the
example gets that schema by a migration, on a sandbox VPS with its PostgreSQL, and `higuera drift`
itself is timed, from the command line to its verdict. That wants root, as every sandbox does.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/unit/operations"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/vps"))

from harness import HIGUERA, Project
from migrations import migration, sql
from postgres_server import Server, postgres

from higuera import sandbox
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


def drifted() -> str:
    """Ten columns of the target are gone."""
    return "\n".join(f"alter table t{each} drop c5;" for each in range(10))


def measure(server: Server, tables: int, columns: int) -> dict[str, float]:
    server.sql("create database expected")
    server.sql(schema(tables, columns), "expected")
    server.sql("create database actual template expected")
    server.sql(drifted(), "actual")
    for database in ("expected", "actual"):  # as autovacuum does, and plans change with it
        server.sql("vacuum analyze", database)
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


def told(project: Project, status: int, *words: str) -> str:
    """`higuera drift`, as its user types it; what it printed."""
    done = project.run(HIGUERA, "drift", *words)
    assert done.returncode == status, done.stdout[-2000:] + done.stderr
    return done.stdout


def median(what: str, runs: int, call: Callable[[], object]) -> float:
    """Seconds of the middle run, printed with the slowest."""
    taken = []
    for _ in range(runs):
        start = time.monotonic()
        call()
        taken.append(time.monotonic() - start)
    middle = statistics.median(taken)
    print(f"{middle:8.3f} s  {what} (slowest of {runs}: {max(taken):.3f})")
    return round(middle, 3)


def measure_vps(project: Project, tables: int, columns: int, runs: int) -> dict[str, float]:
    migration(project, "0002_many", schema(tables, columns))
    times: dict[str, float] = {}
    timed("a first deploy with that migration", times, project.deployed)
    project.shell("cd / && runuser -u postgres -- vacuumdb -qz forms")
    size = int(project.shell("higuera-forms drift | wc -c"))
    print(f"{size / 1e6:8.1f} MB from the VPS in one check")
    times["equal"] = median("higuera drift, equal", runs, lambda: told(project, 0))
    sql(project, drifted())
    assert "10 objects drifted" in told(project, 2)
    times["drifted"] = median("higuera drift, drifted", runs, lambda: told(project, 2))
    again = "higuera drift --fresh, the migrations anew"
    times["fresh"] = median(again, runs, lambda: told(project, 2, "--fresh"))
    return times


def on_a_vps(tables: int, columns: int, runs: int) -> dict[str, float]:
    name = f"bench-drift-{os.getpid() % 10_000}"
    with tempfile.TemporaryDirectory() as folder:
        project = Project.gated(Path(folder) / "project", name)
        try:
            return measure_vps(project, tables, columns, runs)
        finally:
            if name in [vps.name for vps in sandbox.listing()]:
                sandbox.down(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=500)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--vps", action="store_true", help="on a sandbox VPS, the whole command")
    parser.add_argument("--runs", type=int, default=5, help="of the command on a VPS")
    given = parser.parse_args()
    if given.vps:
        times = on_a_vps(given.tables, given.columns, given.runs)
        print(f"load average {os.getloadavg()[0]:.1f}")
    else:
        with postgres() as server:
            times = measure(server, given.tables, given.columns)
        times["total"] = round(sum(times.values()), 3)
    print(json.dumps(times))


if __name__ == "__main__":
    main()

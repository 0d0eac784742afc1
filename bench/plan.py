"""What `higuera plan` costs beside pyinfra's own dry run: `python bench/plan.py --runs 20`.

Boots a sandbox VPS, deploys the example to it with its PostgreSQL, and then asks in turn
`pyinfra inventory deploy.py --dry` and `higuera plan`, neither of which finds anything to do.
Prints median, quartiles and fastest of each, the median of the differences, and one JSON line.
Commands that sshd ran are counted too. Wants root, as every sandbox does.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.extend(str(Path(__file__).resolve().parents[1] / each) for each in ("tests", "tests/vps"))

from harness import BIN, HIGUERA, Project

from higuera import sandbox

WAYS = {
    "dry run": [str(BIN / "pyinfra"), "inventory", "deploy.py", "--dry"],
    "plan": [HIGUERA, "plan"],
}


def seconds_of(project: Project, way: str) -> float:
    start = time.monotonic()
    done = project.run(*WAYS[way])
    taken = time.monotonic() - start
    assert done.returncode == 0, done.stdout + done.stderr
    return taken


def executions_of(project: Project, way: str) -> int:
    before = project.executions()
    seconds_of(project, way)
    time.sleep(1)  # until the journal has them
    return project.executions() - before


def measure(project: Project, runs: int) -> dict[str, list[float]]:
    """The seconds of each run; who goes first takes turns."""
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(runs):
        for way in list(WAYS) if number % 2 else reversed(WAYS):
            taken[way].append(seconds_of(project, way))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument(
        "--keep", type=Path, help="a project of an earlier run, or where to keep it"
    )
    given = parser.parse_args()
    name = f"bench-plan-{os.getpid() % 10_000}" if given.keep is None else "bench-plan"
    with tempfile.TemporaryDirectory() as folder:
        where = given.keep or Path(folder) / "project"
        project = Project(where, name) if where.exists() else Project.gated(where, name)
        try:
            project.deployed()
            executions = {way: executions_of(project, way) for way in WAYS}
            taken = measure(project, given.runs)
        finally:
            if given.keep is None:
                sandbox.down(name)
    told = {}
    for way, found in taken.items():
        low, middle, high = statistics.quantiles(found, n=4)
        told[way] = {"median": round(middle, 3), "executions": executions[way]}
        print(
            f"{way:8} {middle:6.3f} s ({low:.3f} to {high:.3f}, fastest {min(found):.3f}), "
            f"{executions[way]} commands on the host"
        )
    apart = statistics.median(b - a for a, b in zip(*taken.values(), strict=True))
    print(
        f"a plan takes {apart:+.3f} s (median of {given.runs} pairs), load {os.getloadavg()[0]:.1f}"
    )
    print(json.dumps({**told, "apart": round(apart, 3), "runs": given.runs}))


if __name__ == "__main__":
    main()

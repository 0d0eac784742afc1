"""The pyinfra behind `higuera plan`, started before all else: it takes longest.

Imports little, since it runs while nothing else is imported yet.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from higuera.errors import PlanError

TAKE_A_VALUE = ("--format", "--out")
SAY_NOTHING_OF_IT = ("--json",)


class Order(NamedTuple):
    """What pyinfra has to know of a command line of `higuera plan`."""

    environment: str | None = None
    no_way_back: bool = False
    verbose: bool = False


def order_in(words: list[str]) -> Order | None:
    """The order in a command line; None where it is none, or a form that only a parser knows."""
    if words[:1] != ["plan"]:
        return None
    order = Order()
    rest = iter(words[1:])
    for word in rest:
        if word in TAKE_A_VALUE:
            next(rest, None)
        elif word == "--no-way-back":
            order = order._replace(no_way_back=True)
        elif word in ("--verbose", "-v"):
            order = order._replace(verbose=True)
        elif not word.startswith("-") and order.environment is None:
            order = order._replace(environment=word)
        elif word not in SAY_NOTHING_OF_IT:
            return None
    return order


class Making:
    """`pyinfra inventory deploy.py`, which is under way up to where it would act."""

    def __init__(self, order: Order) -> None:
        if not Path("deploy.py").exists():
            raise PlanError("there is no deploy.py here: run this where the project is")
        self.order = order
        self._folder = tempfile.TemporaryDirectory(prefix="higuera-plan-")
        variables = {**os.environ, "HIGUERA_PLAN_TO": self._folder.name}
        variables.pop("HIGUERA_PLAN", None)
        if order.environment is not None:
            variables["HIGUERA_ENV"] = order.environment
        if order.no_way_back:
            variables["HIGUERA_NO_WAY_BACK"] = "1"
        command = [sys.executable, "-P", "-m", "pyinfra", "inventory", "deploy.py", "--dry"]
        pipe = None if order.verbose else subprocess.PIPE
        self._process = subprocess.Popen(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr if order.verbose else pipe,
            stderr=None if order.verbose else subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def __enter__(self) -> "Making":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait()
        self._folder.cleanup()

    def finish(self) -> int:
        """Wait for it; the plan's exit status. Raises PlanError where there is none."""
        told, _ = self._process.communicate()
        if not (Path(self._folder.name) / "plan.txt").exists():
            from higuera.spec.load import load_deployment

            load_deployment(Path("inventory"), self.order.environment)  # its fault in a sentence
            sys.stderr.write(told or "")
            raise PlanError("there is no plan; why is above")
        return self._process.returncode

    def read(self, ending: str) -> str:
        """One form of the finished plan: `txt`, `md` or `json`."""
        return (Path(self._folder.name) / f"plan.{ending}").read_text(encoding="utf-8")

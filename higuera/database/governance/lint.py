"""squawk's command line, and what it answers. Pure: others run it.

A file is given on standard input, as squawk takes an argument for a pattern (`[x].sql`).
"""

import json
from dataclasses import dataclass
from typing import Any

from higuera.database.governance.ran import Ran, Run
from higuera.errors import DatabaseError
from higuera.spec.database import Lint

# What squawk calls a text that it cannot read; it goes on after it, and may miss what follows.
SYNTAX = "syntax-error"


@dataclass(frozen=True)
class LintFinding:
    """A rule of squawk that a line breaks."""

    line: int
    rule: str
    message: str


def squawk_command(lint: Lint, file: str) -> list[str]:
    """The command line for one file. `--config` keeps a `.squawk.toml` somewhere above out."""
    transaction = "" if lint.assume_in_transaction else "no-"
    command = ["squawk", "--config", "/dev/null", "--reporter", "json", "--stdin-filepath", file]
    command.append(f"--{transaction}assume-in-transaction")
    if lint.pg_version is not None:
        command.append(f"--pg-version={lint.pg_version}")
    return [*command, *(f"--exclude={rule}" for rule in lint.exclude)]


def run_squawk(lint: Lint, file: str, text: str, run: Run) -> list[LintFinding]:
    """What squawk says of a file. Raises DatabaseError where it did not look at it."""
    return read_findings(file, run(squawk_command(lint, file), text))


def read_findings(file: str, ran: Ran) -> list[LintFinding]:
    """squawk exits 0 without findings and 1 with some, as JSON; lines count from 0 there."""
    try:
        entries = json.loads(ran.out) if ran.status in (0, 1) else None
        if not isinstance(entries, list) or bool(entries) != bool(ran.status):
            raise ValueError
        return [_finding(entry) for entry in entries]
    except (ValueError, KeyError, TypeError):
        said = next((line for line in ran.err.splitlines() if line.strip()), "said nothing")
        why = f"squawk failed (exit {ran.status}): {said.removeprefix('error: ')}"
        raise DatabaseError(f"{file}: {why}; its rules stand in database.migrate.lint") from None


def _finding(entry: dict[str, Any]) -> LintFinding:
    help_ = f" {entry['help']}" if entry["help"] else ""
    return LintFinding(entry["line"] + 1, entry["rule_name"], f"{entry['message']}{help_}")

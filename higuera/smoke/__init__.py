"""Smoke checks: the same requests before and after a cutover, one file a check.

    model      what is checked, and what came out
    loader     finds the checks: the built-in ones, and every `smoke/*.py` of the project
    runner     runs them in file-name order, each with retries until its deadline
    report     the outcomes as a table, plain lines, JSON or JUnit XML
    expect, session   what a check writes its expectations with
    transport, redact time limits and the address; secrets kept out of every text

A check is a file with `def check(target: Target, http: httpx.Client) -> str | None`.
"""

from higuera.smoke.loader import load_checks
from higuera.smoke.model import CheckFailed, CheckSkipped, Outcome, Status, Target
from higuera.smoke.runner import Limits, Report, run_checks

__all__ = [
    "CheckFailed",
    "CheckSkipped",
    "Limits",
    "Outcome",
    "Report",
    "Status",
    "Target",
    "load_checks",
    "run_checks",
]

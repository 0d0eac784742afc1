"""A run's report as text. `format_*` returns strings and prints nothing."""

import io
import json
from xml.etree import ElementTree

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from higuera.smoke.model import Outcome, Status
from higuera.smoke.runner import Report

_MARKS = {
    Status.PASSED: ("ok", "green"),
    Status.FAILED: ("FAILED", "bold red"),
    Status.SKIPPED: ("skipped", "yellow"),
}


def format_table(report: Report, *, width: int = 100, color: bool = True) -> str:
    """Return a table for a terminal of `width` columns, with escape codes when `color`."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("seconds", no_wrap=True, justify="right")
    table.add_column("detail", overflow="fold")
    for outcome in report.outcomes:
        mark, style = _MARKS[outcome.status]
        # Text, never markup: a detail may quote a body that says [bold].
        table.add_row(
            Text(outcome.name), Text(mark, style), f"{outcome.seconds:.2f}", Text(_detail(outcome))
        )
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=color, highlight=False)
    console.print(table)
    console.print(Text(_summary(report), "green" if report.ok else "bold red"))
    return out.getvalue()


def format_lines(report: Report) -> str:
    """Return one aligned line a check, for logs."""
    width = max((len(outcome.name) for outcome in report.outcomes), default=0)
    lines = [
        f"{_MARKS[outcome.status][0]:<7}  {outcome.name:<{width}}  {outcome.seconds:6.2f} s"
        f"  {_detail(outcome)}".rstrip()
        for outcome in report.outcomes
    ]
    return "\n".join([*lines, _summary(report), ""])


def format_json(report: Report) -> str:
    """Return the report as one JSON object. Times are in seconds; `problem` is null when ok."""
    body = {
        "ok": report.ok,
        "problem": report.problem,
        "base_url": report.base_url,
        "started": report.started.isoformat(timespec="seconds"),
        "seconds": round(report.seconds, 3),
        "checks": [
            {
                "name": outcome.name,
                "title": outcome.title,
                "status": str(outcome.status),
                "seconds": round(outcome.seconds, 3),
                "attempts": outcome.attempts,
                "detail": outcome.detail,
                "request_id": outcome.request_id,
            }
            for outcome in report.outcomes
        ],
    }
    return json.dumps(body, indent=2) + "\n"


def format_junit(report: Report) -> str:
    """Return JUnit XML, in the dialect that CI systems read (Jenkins' junit-10.xsd).

    A run in which no check ran holds one error, since zero failures would show as green.
    """
    cases = [_case(outcome) for outcome in report.outcomes]
    nothing_ran = not report.ok and not report.count(Status.FAILED)
    if nothing_ran:
        case = ElementTree.Element("testcase", classname="smoke", name="run", time="0.000")
        ElementTree.SubElement(case, "error", message=report.problem or "", type="SmokeError")
        cases.append(case)
    counts = {
        "tests": str(len(cases)),
        "failures": str(report.count(Status.FAILED)),
        "errors": str(int(nothing_ran)),
        "time": f"{report.seconds:.3f}",
    }
    suite = ElementTree.Element(
        "testsuite",
        counts,
        name="smoke",
        skipped=str(report.count(Status.SKIPPED)),
        timestamp=report.started.strftime("%Y-%m-%dT%H:%M:%S"),
    )
    suite.extend(cases)
    root = ElementTree.Element("testsuites", counts, name=f"smoke {report.base_url}")
    root.append(suite)
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(root, "unicode")}\n'


def _case(outcome: Outcome) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname="smoke", name=outcome.name, time=f"{outcome.seconds:.3f}"
    )
    if outcome.status is Status.FAILED:
        failure = ElementTree.SubElement(
            case, "failure", message=outcome.detail, type="CheckFailed"
        )
        failure.text = _detail(outcome)
    elif outcome.status is Status.SKIPPED:
        ElementTree.SubElement(case, "skipped", message=outcome.detail)
    out = ElementTree.SubElement(case, "system-out")
    out.text = f"{outcome.title}: {_detail(outcome)}"
    return case


def _detail(outcome: Outcome) -> str:
    """Add to a failure what finds it in the logs."""
    if outcome.status is not Status.FAILED or outcome.request_id is None:
        return outcome.detail
    tries = "1 attempt" if outcome.attempts == 1 else f"{outcome.attempts} attempts"
    return f"{outcome.detail} ({tries}; request id {outcome.request_id})"


def _summary(report: Report) -> str:
    counts = ", ".join(f"{report.count(status)} {status}" for status in Status)
    problem = f"; {report.problem}" if report.problem else ""
    return f"{report.base_url}: {counts} in {report.seconds:.2f} s{problem}"

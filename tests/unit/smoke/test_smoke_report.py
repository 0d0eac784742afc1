"""The reports: what they hold, and that machines can read them whatever a server answered."""

import json
from datetime import UTC, datetime
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from higuera.smoke import Outcome, Report, Status
from higuera.smoke.redact import Redactor
from higuera.smoke.report import format_json, format_junit, format_lines, format_table

STARTED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PASSED = Outcome(
    name="health", title="Up.", status=Status.PASSED, seconds=0.1234, detail="up", attempts=1
)
FAILED = Outcome(
    name="login",
    title="Sign in.",
    status=Status.FAILED,
    seconds=2.5,
    detail='<b> & "[bold]" ]]>',
    attempts=4,
    request_id="smoke-login-1",
)
SKIPPED = Outcome(name="page", title="Page.", status=Status.SKIPPED, detail="no smoke.page")


def report_of(*outcomes: Outcome) -> Report:
    return Report("http://forms.example.com", STARTED, 3.0, outcomes)


def test_lines() -> None:
    assert format_lines(report_of(PASSED, FAILED, SKIPPED)).splitlines() == [
        "ok       health    0.12 s  up",
        'FAILED   login     2.50 s  <b> & "[bold]" ]]> (4 attempts; request id smoke-login-1)',
        "skipped  page      0.00 s  no smoke.page",
        "http://forms.example.com: 1 passed, 1 failed, 1 skipped in 3.00 s; failed: login",
    ]


def test_table_fits_and_takes_no_markup_from_details() -> None:
    text = format_table(report_of(PASSED, FAILED, SKIPPED), width=60, color=False)
    assert max(map(len, text.splitlines())) <= 60
    assert "[bold]" in text
    assert "\x1b" not in text
    assert "\x1b[" in format_table(report_of(FAILED))


def test_json() -> None:
    body = json.loads(format_json(report_of(PASSED, FAILED, SKIPPED)))
    assert (body["ok"], body["problem"]) == (False, "failed: login")
    assert [check["status"] for check in body["checks"]] == ["passed", "failed", "skipped"]
    assert body["checks"][1]["request_id"] == "smoke-login-1"
    assert json.loads(format_json(report_of(PASSED)))["problem"] is None


def test_junit() -> None:
    root = ElementTree.fromstring(format_junit(report_of(PASSED, FAILED, SKIPPED)))
    (suite,) = root
    assert root.tag == "testsuites"
    assert suite.attrib == {
        "name": "smoke",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "3.000",
        "timestamp": "2026-11-23T12:00:00",
    }
    passed, failed, skipped = suite.findall("testcase")
    assert passed.attrib == {"classname": "smoke", "name": "health", "time": "0.123"}
    assert [child.tag for child in passed] == ["system-out"]
    failure = failed.find("failure")
    assert failure is not None
    assert failure.get("message") == FAILED.detail
    assert "request id smoke-login-1" in (failure.text or "")
    assert skipped.find("skipped") is not None


def test_run_without_checks_is_red_everywhere() -> None:
    for report in (report_of(), report_of(SKIPPED)):
        assert not report.ok
        assert "no check ran" in format_lines(report)
        assert json.loads(format_json(report))["ok"] is False
        suite = ElementTree.fromstring(format_junit(report))[0]
        assert (suite.get("errors"), suite.get("failures")) == ("1", "0")
        assert suite.find("testcase/error") is not None


@given(st.text(st.characters()))
def test_any_detail_gives_valid_xml(text: str) -> None:
    """Control characters and lone surrogates, which no XML document may hold, are cleaned away."""
    detail = Redactor().clean(text)
    outcome = Outcome(name="x", title="x", status=Status.FAILED, detail=detail)
    root = ElementTree.fromstring(format_junit(report_of(outcome)).encode())
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == detail

"""No secret value leaves a check, however it is written and wherever it is quoted."""

import html
import json
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from smoke_server import ONCE, App, checks, serving, target_of

from higuera.smoke import Report, run_checks
from higuera.smoke.redact import HIDDEN, Redactor
from higuera.smoke.report import format_json, format_junit, format_lines, format_table

WRITERS: list[Callable[[str], str]] = [
    str,
    str.upper,
    str.lower,
    quote,
    quote_plus,
    html.escape,
    lambda value: repr(value)[1:-1],
    lambda value: repr(value.encode())[2:-1],
    lambda value: json.dumps(value)[1:-1],
    lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    lambda value: json.dumps(value).replace("/", "\\/")[1:-1],
    lambda value: json.dumps(json.dumps(value))[3:-3],
    lambda value: json.dumps(f"<{repr(value)[1:-1]}>")[2:-2],
    lambda value: quote(json.dumps(value)[1:-1], safe=""),
    lambda value: quote(value, safe=""),
    lambda value: quote(value, safe="").lower(),
    lambda value: quote(value, safe="!*'()"),
]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(
    "value", ["canary", 'ca"na/ry', "çañ+ä ry&=<>%2F", "a\\b\tc'", "\U0001f98a"]
)
def test_written_value_is_hidden(write: Callable[[str], str], value: str) -> None:
    redactor = Redactor()
    redactor.hide(value)
    assert redactor.redact(f"<<{write(value)}>>") == f"<<{HIDDEN}>>"


def test_overlapping_values_leave_no_tail() -> None:
    redactor = Redactor()
    for value in ("abcd", "cdef", "efe"):
        redactor.hide(value)
    assert redactor.redact("xabcdefex") == f"x{HIDDEN}x"


def test_cut_leaves_no_half_of_a_value() -> None:
    redactor = Redactor()
    redactor.hide("canary-canary")
    for limit in range(2, 40):
        assert "cana" not in redactor.clean("some text, canary-canary, and more of it", limit)


def test_empty_value_hides_nothing() -> None:
    redactor = Redactor()
    redactor.hide("")
    assert redactor.clean("text") == "text"


@given(
    value=st.text(min_size=1),
    before=st.text(),
    after=st.text(),
    writer=st.sampled_from(range(len(WRITERS))),
)
@example(value="a b", before="a\t", after="\tb", writer=0)
@example(value=" ", before="a", after="", writer=0)
@example(value="aXa", before="aX", after="Xa", writer=0)
def test_wild_values_are_hidden(value: str, before: str, after: str, writer: int) -> None:
    assume("*" not in value and "…" not in value)  # what the redactor itself writes
    redactor = Redactor()
    redactor.hide(value)
    text = f"{before}{WRITERS[writer](value)}{after}"
    assert value not in redactor.redact(text)
    assert value not in redactor.clean(text)
    assert value not in redactor.clean(text, 10)


@pytest.fixture(scope="module")
def echoing() -> Iterator[App]:
    """An app that quotes what it was sent in its error."""
    with serving("echo") as app:
        yield app


def printed(report: Report) -> list[str]:
    return [
        repr(report),
        format_table(report, width=60, color=False),
        format_table(report, width=200),
        format_lines(report),
        format_json(report),
        format_junit(report),
    ]


def test_canary_is_in_no_report(echoing: App) -> None:
    for password in ("canary", 'ca"n/ary', "canäry & co", "canary%2Fcanary", "canary\ncanary"):
        secrets = {"SMOKE_EMAIL": "canary@example.com", "SMOKE_PASSWORD": password}
        target = target_of(echoing.url, secrets=secrets.__getitem__)
        report = run_checks(checks("login", "forms"), target, ONCE)
        for text in printed(report):
            assert "500" in text, "the failure itself has to be told"
            assert "can" not in text.replace("cannot", "")


# Words around the value are the reports' own, so the value is made of letters they do not use.
@settings(max_examples=40, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_wild_password_is_in_no_report(echoing: App, noise: str) -> None:
    password = f"ЖЩ{noise}ЖЩ"
    secrets = {"SMOKE_EMAIL": "smoke@example.com", "SMOKE_PASSWORD": password}
    target = target_of(echoing.url, secrets=secrets.__getitem__)
    report = run_checks(checks("login"), target, ONCE)
    for text in printed(report):
        assert "ЖЩ" not in text
        assert json.dumps("ЖЩ")[1:-1] not in text
        assert quote("ЖЩ") not in text


def test_session_cookie_is_in_no_report() -> None:
    with serving("immortal session") as app:
        report = run_checks(checks(), target_of(app.url), ONCE)
    assert app.sessions
    for text in printed(report):
        assert not [value for value in app.sessions if value in text]

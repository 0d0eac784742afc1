"""The real checks over real HTTP: a good app passes, and each fault is named by the right check."""

import re

import pytest
from smoke_server import BRIEF, SETTINGS, failures, run, serving

from higuera.smoke import Limits, Status

ALL = ["forms", "forms_map", "health", "login", "login_wrong", "page"]


def test_good_app_passes_and_keeps_nothing() -> None:
    with serving() as app:
        report = run(app)
    assert failures(report) == {}
    assert [outcome.name for outcome in report.outcomes if outcome.ok] == ALL
    assert app.forms == {}, "the check left its form behind"
    assert app.sessions == set(), "the checks left a session behind"


@pytest.mark.parametrize(
    ("fault", "check", "sentence"),
    [
        ("script cookie", "login", "the session cookie is not HttpOnly"),
        ("no samesite", "login", "the session cookie has SameSite=missing, not Lax or Strict"),
        ("cookie path", "login", "the session cookie has Path=/api, not /"),
        ("immortal session", "login", "with the old cookie replayed answered 200, not 401"),
        ("me for anyone", "login", "GET /api/auth/me to be signed out, as a browser is"),
        ("wrong user", "login", "/api/auth/me answers another e-mail address than the one"),
        ("any password", "login_wrong", "refuse a wrong password answered 200, not 401"),
        ("cookie for anyone", "login_wrong", "refuses a wrong password but sets a session cookie"),
        ("lost writes", "forms", "form written with POST /api/forms is not in GET /api/forms"),
        ("write status", "forms", "POST /api/forms to write a form answered 200, not 201"),
        ("lost deletes", "forms", "still lists the form after DELETE said 204"),
        ("map list", "forms_map", "GET /api/forms-map answers forms that are no object"),
        ("no database", "health", "GET /api/health says the database is unreachable"),
        ("wrong page", "page", 'GET / does not contain "Forms"'),
        (
            "redirect",
            "page",
            "GET / to render the page answered 307, not 200, onward to /maintenance",
        ),
    ],
)
def test_fault_is_caught_by_its_check_alone(fault: str, check: str, sentence: str) -> None:
    with serving(fault) as app:
        report = run(app)
    failed = failures(report)
    assert list(failed) == [check]
    assert sentence in failed[check]
    assert not report.ok


def test_login_without_cookie_fails_what_needs_a_session() -> None:
    with serving("no cookie") as app:
        failed = failures(run(app))
    assert set(failed) == {"login", "forms"}
    assert failed["login"] == "POST /api/auth/login accepts the login but sets no session cookie"


def test_form_is_removed_after_a_failed_assertion() -> None:
    with serving("write status") as app:
        assert "forms" in failures(run(app, "forms"))
        assert app.forms == {}


def test_form_is_removed_when_the_answer_to_the_write_was_lost() -> None:
    with serving("late write") as app:
        failed = failures(run(app, "forms", limits=Limits(request=0.8, pause=30.0)))
        assert "POST /api/forms: no whole answer in time" in failed["forms"]
        assert app.forms == {}


def test_form_that_stays_behind_is_named() -> None:
    with serving("lost deletes") as app:
        failed = failures(run(app, "forms"))
        (title,) = [form["title"] for form in app.forms.values()]
    assert f'the form "{title}" could not be deleted, after: GET /api/forms' in failed["forms"]


def test_forms_of_others_are_left_alone() -> None:
    with serving() as app:
        app.forms["a1"] = {"id": "a1", "title": "Higuera smoke of somebody else"}
        assert run(app, "forms").ok
        assert list(app.forms) == ["a1"]


def test_secure_cookie_works_over_a_plain_tunnel() -> None:
    with serving("always secure") as app:
        assert failures(run(app)) == {}


def test_starting_app_is_waited_for() -> None:
    with serving(unavailable=2) as app:
        report = run(app, "health", limits=Limits(check=30.0))
    (outcome,) = report.outcomes
    assert outcome.ok
    assert outcome.attempts == 3
    assert "on attempt 3; before: GET /api/health answered 503, not 200" in outcome.detail


def test_app_that_never_starts_fails_at_the_deadline() -> None:
    with serving(unavailable=10_000) as app:
        report = run(app, "health", limits=BRIEF)
    (outcome,) = report.outcomes
    assert outcome.attempts > 1
    assert outcome.seconds < 10
    assert 'GET /api/health answered 503, not 200: {"error": "starting"}' in outcome.detail


@pytest.mark.parametrize("fault", ["slow", "dripping"])
def test_late_answers_are_cut_off_at_the_deadline(fault: str) -> None:
    with serving(fault) as app:
        report = run(app, "health", limits=BRIEF)
    (outcome,) = report.outcomes
    assert outcome.status is Status.FAILED
    assert outcome.seconds < 10
    assert "GET /api/health: no whole answer in time" in outcome.detail


def test_nobody_listening() -> None:
    with serving() as app:
        pass
    report = run(app)
    assert list(failures(report)) == ALL
    for sentence in failures(report).values():
        assert "could not connect" in sentence


def test_every_request_carries_the_request_id_of_its_check() -> None:
    with serving("no database") as app:
        report = run(app)
    sent = {headers["X-Request-Id"] for _, headers in app.seen}
    assert all(re.fullmatch(r"smoke-[a-z_]+-[0-9a-f]{12}", request_id) for request_id in sent)
    assert {outcome.request_id for outcome in report.outcomes} <= sent


def test_no_cookie_travels_from_one_check_to_the_next() -> None:
    with serving() as app:
        run(app)
    first: dict[str, str | None] = {}
    for _, headers in app.seen:
        first.setdefault(headers["X-Request-Id"], headers.get("Cookie"))
    assert set(first.values()) == {None}


def test_without_settings_only_health_runs_and_the_rest_says_why() -> None:
    with serving() as app:
        report = run(app, settings={})
    assert report.ok
    skipped = {each.name: each.detail for each in report.outcomes if each.status is Status.SKIPPED}
    assert set(skipped) == {*ALL} - {"health"}
    assert skipped["forms"] == "the stack has no smoke.login and no smoke.forms"


def test_run_in_which_nothing_ran_is_no_pass() -> None:
    with serving() as app:
        report = run(app, settings={}, health=[])
    assert report.count(Status.SKIPPED) == len(ALL)
    assert not report.ok
    assert report.problem is not None
    assert report.problem.startswith("no check ran")


def test_setting_that_leads_elsewhere_is_refused() -> None:
    for elsewhere in ("https://evil.example/login", "//evil.example/login", "api/login"):
        with serving() as app:
            report = run(app, "login", settings={"login": SETTINGS["login"] | {"path": elsewhere}})
        assert "smoke.login.path should start with one /" in failures(report)["login"]
        assert app.seen == []

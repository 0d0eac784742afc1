"""The runner and the loader with checks written for the purpose, as a project would write them."""

import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from smoke_server import BRIEF, ONCE, checks, failures, serving, target_of

from higuera.errors import SmokeError
from higuera.smoke import Limits, Report, Status, load_checks, run_checks

HEADER = "import httpx\nfrom higuera.smoke import CheckFailed, CheckSkipped, Target\n"


def write(project: Path, name: str, source: str) -> Path:
    path = project / "smoke" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + textwrap.dedent(source))
    return path


def run_one(project: Path, body: str, limits: Limits = ONCE) -> Report:
    """Run one check with that body against a good app."""
    write(project, "mine", f"def check(target, http):\n    {body}\n")
    mine = [check for check in load_checks(project) if check.name == "mine"]
    with serving() as app:
        return run_checks(mine, target_of(app.url), limits)


def test_new_check_is_one_new_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        "search",
        '''
        NEEDS = ("page",)

        def check(target: Target, http: httpx.Client) -> str:
            """The search answers.

            More about it.
            """
            return f"{http.get('/').status_code}"
        ''',
    )
    loaded = load_checks(tmp_path)
    names = [check.name for check in loaded]
    assert names == sorted([*(check.name for check in checks()), "search"])
    (search,) = [check for check in loaded if check.name == "search"]
    assert (search.title, search.needs) == ("The search answers", ("page",))
    with serving() as app:
        report = run_checks([search], target_of(app.url))
    assert report.ok
    assert report.outcomes[0].detail == "200"


def test_check_of_the_project_replaces_the_built_in_one(tmp_path: Path) -> None:
    path = write(tmp_path, "health", "def check(target, http): return 'mine'")
    assert [check.path for check in load_checks(tmp_path) if check.name == "health"] == [path]


def test_helper_files_are_no_checks(tmp_path: Path) -> None:
    write(tmp_path, "_helper", "")
    assert "_helper" not in [check.name for check in load_checks(tmp_path)]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def check(target, http:\n", "mine.py: cannot be loaded: SyntaxError"),
        ("import nothing_like_it\n", "mine.py: cannot be loaded: ModuleNotFoundError"),
        ("raise SystemExit(0)\n", "mine.py: cannot be loaded: SystemExit"),
        ("def checks(target, http): ...\n", r"mine.py: should define check\(target, http\)"),
        ("def check(target): ...\n", r"mine.py: should define check\(target, http\)"),
        ("NEEDS = ('login')\ndef check(t, h): ...\n", r"NEEDS should be like \(\"login\",\)"),
    ],
)
def test_unloadable_check_is_named(tmp_path: Path, source: str, sentence: str) -> None:
    write(tmp_path, "mine", source)
    with pytest.raises(SmokeError, match=sentence):
        load_checks(tmp_path)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("assert 1 == 2", ": assert 1 == 2 does not hold"),
        ("raise CheckFailed('the shop is shut')", "the shop is shut"),
        ("return False", "mine.py returned False; return a text or None, raise to fail"),
        ("yield 1", "mine.py returned <generator object"),
        ("{}['key']", "mine.py is broken: KeyError: 'key' ("),
        ("import sys; sys.exit(0)", "mine.py is broken: SystemExit: 0 ("),
        ("target.secret('SMOKE_MISSING')", "mine.py is broken: KeyError: 'SMOKE_MISSING'"),
        ("target.setting('page', 'missing')", "smoke.page.missing should be a text, got None"),
        ("http.get('/').json()", "mine.py is broken: JSONDecodeError"),
        ("raise CheckFailed('\\x1b[31mred\\nnext')", "[31mred next"),
    ],
)
def test_failing_check_says_why(tmp_path: Path, body: str, sentence: str) -> None:
    report = run_one(tmp_path, body)
    assert not report.ok
    assert sentence in failures(report)["mine"]
    assert "\x1b" not in failures(report)["mine"]


def test_bug_in_a_check_is_not_retried(tmp_path: Path) -> None:
    assert run_one(tmp_path, "{}['key']", BRIEF).outcomes[0].attempts == 1
    assert run_one(tmp_path, "assert False", BRIEF).outcomes[0].attempts > 1


def test_skipped_check_says_why_and_is_no_pass(tmp_path: Path) -> None:
    report = run_one(tmp_path, "raise CheckSkipped('closed today')")
    assert report.outcomes[0].status is Status.SKIPPED
    assert report.outcomes[0].detail == "closed today"
    assert not report.ok


def test_required_check_may_not_be_skipped() -> None:
    with serving() as app:
        target = target_of(app.url, settings={})
        report = run_checks(checks("health", "page"), target, required=["page"])
    assert failures(report) == {"page": "asked for, but skipped: the stack has no smoke.page"}


def test_total_deadline_covers_the_whole_run() -> None:
    with serving("slow") as app:
        report = run_checks(checks(), target_of(app.url), Limits(total=0.5))
    assert report.seconds < 10
    assert len(failures(report)) == len(checks())
    assert failures(report)["page"] == "not run: the 0.5 s of the whole run were used up"


def test_fail_fast_runs_nothing_after_the_first_failure() -> None:
    with serving("map list") as app:
        limits = replace(ONCE, fail_fast=True)
        report = run_checks(checks("forms_map", "health"), target_of(app.url), limits)
    assert [outcome.status for outcome in report.outcomes] == [Status.FAILED, Status.SKIPPED]
    assert report.outcomes[1].detail == "not run, because forms_map failed"
    assert "GET /api/health" not in [request for request, _ in app.seen]


def test_last_attempt_cut_off_by_the_deadline_does_not_hide_the_failure(tmp_path: Path) -> None:
    write(
        tmp_path,
        "mine",
        """
        tries = []
        def check(target, http):
            tries.append(1)
            if len(tries) == 1:
                raise CheckFailed("the telling failure")
            while True:
                http.get("/")
        """,
    )
    mine = [check for check in load_checks(tmp_path) if check.name == "mine"]
    with serving() as app:
        report = run_checks(mine, target_of(app.url), BRIEF)
    assert failures(report) == {"mine": "the telling failure"}
    assert report.outcomes[0].attempts == 2


def test_assert_statements_hold_under_python_o(tmp_path: Path) -> None:
    write(tmp_path, "mine", "def check(target, http): assert False, 'kept'")
    script = (
        "import sys; from pathlib import Path; from higuera.smoke import *\n"
        "mine = [c for c in load_checks(Path(sys.argv[1])) if c.name == 'mine']\n"
        "report = run_checks(mine, Target(base_url='http://127.0.0.1:1'), Limits(check=0.1))\n"
        "print(__debug__, report.ok, report.outcomes[0].detail)"
    )
    command = [sys.executable, "-O", "-c", script, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False False kept"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("forms.example.com", "should be like https://"),
        ("ftp://forms.example.com", "should be like https://"),
        ("https://", "should be like https://"),
        ("https://admin:canary@forms.example.com", "should not hold a user name or password"),
        ("https://forms.example.com/?q=1", "should end before any"),
        ("https://forms.example.com:port", "cannot be read"),
    ],
)
def test_unusable_base_url(url: str, sentence: str) -> None:
    with pytest.raises(SmokeError, match=sentence) as caught:
        target_of(url)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("address", ["", "a/b", "u@h", "h:port", "::1"])
def test_unusable_address(address: str) -> None:
    with pytest.raises(SmokeError, match="connect_to should be host or host:port"):
        target_of("http://forms.example.com", connect_to=address)

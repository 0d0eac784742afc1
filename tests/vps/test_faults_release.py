"""A bad release: what starts well and then does not hold never keeps traffic."""

from hashlib import sha256

import pytest
from aftermath import converges, next_page, refused, settled, smoke_check
from harness import Project

from higuera.build.cache import cache_folder

SERVER = "app/backend/server.js"
ACCOUNT = "app/backend/account.js"
LOGIN = """
  login:
    path: /api/account/login
    me: /api/account/me
    logout: /api/account/logout
    email: SMOKE_EMAIL
    password: SMOKE_PASSWORD
  forms: {path: /api/forms}
"""
CRASH = "if (path === '/api/crash') return setTimeout(() => process.exit(1), 50)"


@pytest.fixture
def crashing(mini: Project) -> Project:
    """A next release that can be made to crash."""
    next_page(mini, "one", "two")
    mini.edit(SERVER, "  if (path === '/api/version'", f"  {CRASH}\n  if (path === '/api/version'")
    return mini


def crash_where(project: Project, condition: str) -> None:
    """A check that the release passes, and that makes it crash: systemd starts it again."""
    smoke_check(
        project,
        "crash",
        f"    if {condition}:\n"
        "        try:\n"
        '            http.get("/api/crash", timeout=1)\n'
        "        except Exception:\n"
        "            pass\n"
        "        time.sleep(2)",
    )


def test_a_candidate_that_crashes_after_its_health_check(crashing: Project) -> None:
    """By the time of the other checks it is up again; it is not flipped to all the same."""
    crash_where(crashing, "target.connect_to is not None")
    printed = refused(crashing, "Candidate smoke", "mini-backend-green", "crashed")
    assert "Starting operation: Cutover" not in printed
    settled(crashing, "one", ("candidate smoke", "failed"))
    (crashing.folder / "smoke" / "crash.py").unlink()
    converges(crashing, "two")


def test_a_release_that_crashes_after_the_flip(crashing: Project) -> None:
    crash_where(crashing, "target.connect_to is None")
    refused(crashing, "mini-backend-green", "crashed", "plan 0001 is live again")
    settled(crashing, "one", ("cutover", "failed"))
    (crashing.folder / "smoke" / "crash.py").unlink()
    converges(crashing, "two")


def test_healthy_but_login_or_writes_are_broken(mini: Project) -> None:
    """Found on the candidate; the live release goes on to take logins and writes."""
    stack = mini.folder / "inventory" / "stack.yml"
    stack.write_text(stack.read_text().replace("smoke:\n", f"smoke:{LOGIN}"))
    with (mini.folder / ".env.sandbox").open("a") as secrets:
        secrets.write("SMOKE_EMAIL=smoke@mini.example\nSMOKE_PASSWORD='a mini password'\n")
    next_page(mini, "one", "two")
    for right, wrong, words in (
        ("given.password !== PASSWORD", "given.password !== EMAIL", "to sign in answered 401"),
        ("forms.set(form.id, form)", "", "smoke forms failed"),
        ("HttpOnly; ", "", "is not HttpOnly"),
    ):
        mini.edit(ACCOUNT, right, wrong or "/* gone */")
        printed = refused(mini, words)
        assert "Starting operation: Cutover" not in printed
        settled(mini, "one", ("candidate smoke", "failed"))
        mini.edit(ACCOUNT, wrong or "/* gone */", right)
    converges(mini, "two")


def test_a_candidate_that_is_never_healthy(mini: Project) -> None:
    """Of a long log its end is told, which says why."""
    mini.edit(SERVER, "answer(200, { status: 'ok'", "answer(500, { status: 'no'")
    talk = "for (let line = 1; line <= 40; line++) console.log(`line ${line} of its start`)\n"
    mini.edit(SERVER, "server.keepAliveTimeout", f"{talk}server.keepAliveTimeout")
    next_page(mini, "one", "two")
    printed = refused(mini, "did not become healthy", "in 10 s", "500", "line 40 of its start")
    assert "line 15 of its start" not in printed
    settled(mini, "one", ("candidates", "failed"))
    mini.edit(SERVER, "answer(500, { status: 'no'", "answer(200, { status: 'ok'")
    converges(mini, "two")


def test_broken_on_the_public_side_only(mini: Project) -> None:
    smoke_check(mini, "outside", '    assert target.connect_to is not None, "broken outside"')
    next_page(mini, "one", "two")
    refused(mini, "broken outside", "plan 0001 is live again")
    settled(mini, "one", ("cutover", "failed"))
    (mini.folder / "smoke" / "outside.py").unlink()
    converges(mini, "two")


def test_a_damaged_artifact_in_the_cache_is_built_again(mini: Project) -> None:
    """Built by a deploy that failed later, and cut short on the controller's disk since."""
    smoke_check(mini, "later", '    assert False, "not yet"')
    next_page(mini, "one", "two")
    refused(mini, "not yet")
    settled(mini, "one", ("candidate smoke", "failed"))
    (mini.folder / "smoke" / "later.py").unlink()
    source = sha256(str((mini.folder / "app").resolve()).encode()).hexdigest()[:8]
    artifacts = list((cache_folder() / f"mini-{source}" / "artifacts").glob("web-*.tar.zst"))
    assert artifacts
    for artifact in artifacts:
        artifact.write_bytes(artifact.read_bytes()[:-20])
    converges(mini, "two")

"""A route moves from the page's app to a backend of its own, back, and loses nothing on the way."""

import re
import shutil
from pathlib import Path

import pytest
from harness import HIGUERA, Project
from under_load import loaded

SERVICES = re.compile(r"  backend:\n(.*\n)*?  web:\n")

RESET = "ConnectionResetError: [Errno 104] Connection reset by peer"


@pytest.fixture
def whole(bare: Project) -> Project:
    """A bare VPS on which one app answers everything, the API too."""
    page = bare.folder / "app" / "web" / "server.js"
    backend = (bare.folder / "app" / "backend" / "server.js").read_text()
    shutil.copy(bare.folder / "app" / "backend" / "account.js", page.parent)
    # The monolith: the backend's own code, and its pages.
    html = "response.writeHead(200, { 'content-type': 'text/html' }).end('Mini one')"
    text = backend.replace("answer(404,", f"if (path === '/') return {html}\n  answer(404,")
    page.write_text(text.replace("VERSION = 'one'", "VERSION = 'whole'"))
    stack = bare.folder / "inventory" / "stack.yml"
    given = stack.read_text()
    without = SERVICES.sub("  web:\n", given).replace("{/api/: backend, /: web}", "{/: web}")
    stack.write_text(without.replace("health: /\n", "health: /\n    secrets: [MINI_SECRET]\n"))
    bare.deployed()
    assert version(bare) == "whole"
    stack.write_text(given)
    return bare


def version(project: Project) -> str:
    return str(project.get("/api/version").json()["version"])


def test_a_route_gets_a_backend_of_its_own(whole: Project) -> None:
    with loaded(whole, "--clients", "10", "--sockets", "0") as seen:
        # A failure on the public side only: nginx knows the route by now, nobody serves it.
        smoke(whole, 'assert target.connect_to is not None, "broken outside"')
        assert whole.deploy("-y").returncode == 1
        assert version(whole) == "whole"

        smoke(whole, "")
        whole.deployed()
        assert version(whole) == "one"
        assert whole.plan() == []

        # The release from before the split has no backend: its page answers the route again.
        done = whole.run(HIGUERA, "rollback", "--yes")
        assert done.returncode == 0, done.stderr
        assert version(whole) == "whole"
    assert seen["requests"] > 1000
    # nginx was reloaded once, to learn of the route: a request may have met a connection that was
    # closing just then (README). Nothing was lost in any other way, or at any other time.
    reloaded = float(whole.shell("stat -c %.Y /etc/nginx/higuera/mini.conf"))
    others = [lost for lost in seen["lost"] if not 0 <= lost[0] - reloaded < 3]
    assert others == [] and seen["failures"] == len(seen["lost"]) <= 10, seen
    assert set(seen["reasons"]) <= {f"{verb}: {RESET}" for verb in ("GET", "POST")}, seen


def smoke(project: Project, line: str) -> None:
    folder = project.folder / "smoke"
    folder.mkdir(exist_ok=True)
    body = (
        f'"""Outside."""\n\n\ndef check(target, http):\n    """Outside."""\n    {line or "pass"}\n'
    )
    Path(folder / "outside.py").write_text(body)

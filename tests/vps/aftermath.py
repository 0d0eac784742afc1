"""What has to hold after any fault: one release serves, what is said is true, a rerun converges."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from harness import HIGUERA, Project, until

JOURNAL = "cat /var/lib/higuera/mini/journal.jsonl"
NOTES = "find /var/lib/higuera/mini/incidents -name 'INCIDENT-*.md'"
# Plan, release, then each slot that runs, its process, and whether its release ever proved itself.
STANDS = """
cd /srv/mini; readlink traffic/live | cut -d/ -f2; basename $(readlink traffic/live/release)
for slot in $(ls slots | grep -v '[.]env$'); do
    systemctl -q is-active mini-$slot || continue
    proven=yes; [ ! -e slots/$slot/ ] || [ -e slots/$slot/../confirmed ] || proven=no
    echo $slot $(systemctl show -p MainPID --value mini-$slot) $proven
done
"""
# Written by the on-host tool, beside what a deploy, a rollback or the end of a lock write.
BY_THE_TOOL = {"switch", "confirm", "revert", "incident"}


def settled(project: Project, serves: str, ends: tuple[str, str], home: bool = True) -> None:
    """After a fault: `Mini {serves}` alone serves, and the host tells all of it truthfully.

    `ends`: step and result of the last entry that the deploy left in the journal.
    `home`: the controller lived long enough to bring the incident note home.
    """
    # A controller that just fell silent is noticed after 15 s; after that, nothing is open.
    until(lambda: at_rest(status(project)), "no lock is held, no cutover waits", 30)
    until(lambda: last_step(project) == ends, f"the journal ends with {ends}", 5)
    until(lambda: "free" in project.shell("flock -n /run/higuera/mini.lock echo free"), "free", 5)
    one_release_serves(project, serves)
    for entry in journal(project):
        assert {"step", "result", "start", "end", "actor"} <= entry.keys(), entry
        assert entry["result"] in ("ok", "failed", "reverted", "abandoned", "noted"), entry
    until(lambda: status(project)["incident"] != "", "an incident note on the host", 10)
    note = project.shell(f"{NOTES} | sort | tail -n 1")
    assert status(project)["incident"] == note
    text = project.shell(f"cat {note}")
    assert "# Incident: mini on" in text and "## Timeline" in text
    if home:
        kept = sorted((project.folder / "docs" / "incidents").glob("INCIDENT-*-mini.md"))
        assert kept, "no incident note came home"
        assert kept[-1].read_text().strip() == text


def converges(project: Project, serves: str) -> None:
    """The fault is gone: a deploy succeeds, and another one has nothing to do."""
    project.deployed()
    one_release_serves(project, serves)
    assert project.plan() == []


def one_release_serves(project: Project, serves: str) -> None:
    """Every client gets the same release from the same two processes, those of `status`."""
    done = project.run(HIGUERA, "status", "--json")
    assert done.returncode == 0, done.stderr
    now = json.loads(done.stdout)
    assert at_rest(now), now
    plan, release, *running = project.shell(STANDS).split("\n")
    assert (now["live"]["plan"], now["live"]["release"]) == (plan, release)
    answered: dict[str, set[str]] = {"web": set(), "backend": set()}
    with httpx.Client(base_url=f"http://{project.host.address}", trust_env=False) as http:
        for number in range(20):
            client = {"User-Agent": f"client-{number}"}
            page = http.get("/", headers=client)
            assert (page.status_code, f"Mini {serves}<" in page.text) == (200, True), page.text
            answered["web"].add(page.headers["x-pid"])
            answered["backend"].add(str(http.get("/api/version", headers=client).json()["pid"]))
    pids = dict(line.split()[:2] for line in running)
    proven = dict(line.split()[::2] for line in running)
    for name, service in now["services"].items():
        assert (service["state"], service["health"]) == ("active", "healthy"), service
        assert service["slot"] == f"{name}-{service['colour']}"
        assert answered[name] == {pids[service["slot"]]}, service
        del proven[service["slot"]]
    # What served before may stay warm; a candidate that failed may not.
    assert "no" not in proven.values(), running


def at_rest(now: dict[str, Any]) -> bool:
    return now["lock"] is None and now["armed"] is None


def status(project: Project) -> dict[str, Any]:
    """As the host tells it; `higuera status --json` passes it on."""
    found: dict[str, Any] = json.loads(project.shell("higuera-mini status --json"))
    return found


def journal(project: Project) -> list[dict[str, str]]:
    return [json.loads(line) for line in project.shell(JOURNAL).splitlines()]


def last_step(project: Project) -> tuple[str, str]:
    own = [entry for entry in journal(project) if entry["step"] not in BY_THE_TOOL]
    return own[-1]["step"], own[-1]["result"]


def slow_where_asked(project: Project) -> None:
    """From now on a file makes a step slow, without a change of the release."""
    building, slow = project.folder / "building", project.folder / "slow"
    wait = f"set -eu\n[ ! -e '{slow}-Build' ] || {{ touch '{building}'; sleep 3; }}"
    project.edit("app/build.sh", "set -eu", wait)
    listen = "server.listen(Number(process.env.PORT), process.env.HOST)"
    delay = "require('node:fs').existsSync('/srv/mini/slow') ? 2000 : 0"
    project.edit("app/web/server.js", listen, f"setTimeout(() => {listen}, {delay})")
    smoke_check(
        project,
        "slow",
        '    step = "Cutover" if target.connect_to is None else "Candidate smoke"\n'
        f'    if Path(f"{slow}-{{step}}").exists():\n'
        "        time.sleep(4)",
    )


@contextmanager
def slowly(project: Project, step: str) -> Iterator[None]:
    """Let a step take so long that it can be struck in its middle."""
    flag = project.folder / f"slow-{step}"
    if step == "Candidates":
        project.shell("touch /srv/mini/slow")
    flag.touch()
    try:
        yield
    finally:
        flag.unlink()
        (project.folder / "building").unlink(missing_ok=True)
        if step == "Candidates":
            project.shell("rm -f /srv/mini/slow")


def in_the_middle(project: Project, step: str, word: str) -> None:
    """Wait until a slow step has begun in earnest."""
    if step == "Build":
        until((project.folder / "building").exists, "the build runs", 20)
    if step == "Candidates":
        until(lambda: starting(project), "the candidate starts", 20)
    if step == "Cutover":
        until(lambda: f"Mini {word}<" in project.get("/").text, "the flip", 20)


def starting(project: Project) -> bool:
    """Whether a slot runs that never proved itself."""
    return " no" in project.shell(STANDS)


def smoke_check(project: Project, name: str, body: str) -> None:
    """A check of the project's own."""
    folder = project.folder / "smoke"
    folder.mkdir(exist_ok=True)
    text = f'"""{name}"""\n\nimport time\nfrom pathlib import Path\n\n\n'
    (folder / f"{name}.py").write_text(f"{text}def check(target, http):\n{body}\n")


def next_page(project: Project, old: str, new: str) -> None:
    """A new release: its page says `Mini {new}`."""
    project.edit("app/web/server.js", f"Mini {old}<", f"Mini {new}<")


def struck(
    project: Project, step: str, strike: Callable[[subprocess.Popen[str]], None]
) -> tuple[int, str]:
    """A deploy that a fault meets when `step` starts; its exit status and what it printed."""
    printed = []
    with project.deploying(subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                printed.append(line)
                if line.rstrip().endswith(f"Starting operation: {step}"):
                    break
            else:
                raise AssertionError(f"{step} never started: {''.join(printed)}")
            strike(process)
            rest, _ = process.communicate(timeout=60)
        finally:
            if process.poll() is None:
                process.kill()
    text = "".join(printed) + (rest or "")
    project.printed.append(text)
    assert "Traceback" not in text, text
    return process.returncode, text


def refused(project: Project, *expected: str) -> str:
    """A deploy that must fail with these words and no traceback."""
    done = project.deploy("-y")
    printed = done.stderr + done.stdout
    assert done.returncode == 1, printed
    for words in expected:
        assert words in printed, printed
    assert "Traceback" not in printed, printed
    return printed

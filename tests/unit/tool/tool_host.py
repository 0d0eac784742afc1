"""The on-host tool, rendered for inventory/stack.yml and moved below a temporary folder.

`systemctl`, `systemd-run`, `curl` and `journalctl` are scripts that write down how they were
called and answer as a test tells them to; `ss` sees nobody, so that no port of this machine is
looked at. Everything else is real. A timer is a file.

A deploy takes a second, so what many tests start from is deployed once and kept (`History`).
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from higuera.render.units import tool_file
from higuera.spec.environment import Environment
from higuera.spec.stack import Stack
from higuera.spec.yaml import read_yaml

PROJECT = Path(__file__).parents[3]
SERVICES = ("backend", "web")
BUCKETS = [f"{number:02d}" for number in range(20)]

STUB = """#!/bin/sh
here={here}
[ "$*" != --sync ] || exit 0
echo "${{0##*/}} $*" >>"$here/calls"
for word in "$@"; do
    case "$word" in -*) ;; *) break ;; esac
done
[ ! -e "$here/${{0##*/}}-$word" ] || {{ cat "$here/${{0##*/}}-$word" >&2; exit 1; }}
[ ! -e "$here/${{0##*/}}" ] || {{ cat "$here/${{0##*/}}" >&2; exit 7; }}
[ ! -e "$here/${{0##*/}}-hook" ] || . "$here/${{0##*/}}-hook"
case "${{0##*/}} $*" in
'systemctl --quiet is-active '*.timer) [ -e "$here/timers/${{3%.timer}}" ] ;;
'systemctl --quiet is-active '*) ;;
'systemctl is-active '*) echo active ;;
'systemctl is-enabled '*) echo enabled ;;
'systemctl --quiet stop '*.timer) rm "$here/timers/${{3%.timer}}" ;;
'systemctl show '*) cat "$here/show" ;;
'systemd-run '*)
    for word in "$@"; do
        case "$word" in --unit=*) unit=${{word#*=}} ;; esac
    done
    [ ! -e "$here/timers/$unit" ] || {{ echo "unit $unit exists" >&2; exit 1; }}
    echo "$*" >"$here/timers/$unit"
    ;;
esac
"""


def of_environment(keys: dict[str, Any]) -> Environment:
    """An environment file with these keys."""
    return Environment.model_validate({"host": "10.0.0.1", **keys})


def forms_stack() -> Stack:
    """The stack of this repository."""
    return Stack.model_validate(read_yaml(PROJECT / "inventory" / "stack.yml"))


@dataclass(frozen=True)
class ToolHost:
    """A host that is a folder."""

    root: Path
    stack: Stack

    @classmethod
    def make(cls, root: Path, stack: Stack | None = None, **environment: Any) -> "ToolHost":
        """A host with the tool on it and nothing deployed; keys of its environment file."""
        host = cls(root, stack or forms_stack())
        for folder in (host.releases, host.slots, host.plans, host.timers, host.migrations):
            folder.mkdir(parents=True)
        text = tool_file(host.stack, of_environment(environment)).text
        (root / "tool").write_text(host.moved(text))
        (root / "tool").chmod(0o755)
        host.sockets.mkdir(parents=True)  # as systemd does for the first socket
        for program in ("systemctl", "systemd-run", "curl", "journalctl"):
            stub = host.stubs / "bin" / program
            stub.parent.mkdir(exist_ok=True)
            stub.write_text(STUB.format(here=host.stubs))
            stub.chmod(0o755)
        host.stub("ss", "")
        (host.stubs / "show").write_text("ActiveState=active\nNRestarts=0\n")
        return host

    def stub(self, program: str, text: str) -> None:
        """Let a program be this script, whose calls are not written down."""
        file = self.stubs / "bin" / program
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def moved(self, script: str) -> str:
        """A script for a host, its paths below this folder."""
        return re.sub(r"(?<![\w/}.:-])/(srv|etc|run|usr|var|opt)/", rf"{self.root}/\1/", script)

    @property
    def home(self) -> Path:
        return self.root / "srv" / self.stack.app

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def slots(self) -> Path:
        return self.home / "slots"

    @property
    def traffic(self) -> Path:
        return self.home / "traffic"

    @property
    def plans(self) -> Path:
        return self.traffic / "plans"

    @property
    def migrations(self) -> Path:
        return self.root / "var/lib/higuera" / self.stack.app / "migrations"

    @property
    def sockets(self) -> Path:
        return self.root / "run/higuera" / self.stack.app

    @property
    def gates(self) -> list[str]:
        """The services whose requests wait."""
        return sorted(path.stem for path in self.sockets.glob("*.gate"))

    @property
    def stubs(self) -> Path:
        return self.root / "stubs"

    @property
    def timers(self) -> Path:
        return self.stubs / "timers"

    def try_to(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the tool."""
        return subprocess.run(
            ["sh", self.root / "tool", *words],
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": f"{self.stubs / 'bin'}:{os.environ['PATH']}"}

    def run(self, *words: str) -> str:
        """Run the tool, which has to succeed; returns what it printed."""
        done = self.try_to(*words)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    def release(self, name: str, confirmed: str = "") -> str:
        """Put a release on the host, as an upload leaves it; or a confirm, with that plan."""
        for service in self.stack.services:
            (self.releases / name / service).mkdir(parents=True)
            (self.releases / name / service / "version").write_text(f"{service} {name}")
            (self.releases / name / f"{service}.content").write_text(f"content of {service} {name}")
        (self.releases / name / "manifest.json").write_text("{}")
        if confirmed:
            (self.releases / name / "confirmed").write_text(f"2026-11-23T00:00:00Z {confirmed}\n")
        return name

    def deploy(self, release: str, colour: str, confirm: bool = True) -> str:
        """A whole deploy of all services to one colour; returns the plan's number."""
        if not (self.releases / release).exists():
            self.release(release)
        for service in self.stack.services:
            self.run("prepare", service, colour, release)
            self.run("start", service, colour)
        number = self.run("plan", release, *(f"{name}={colour}" for name in self.stack.services))
        self.run("switch", number)
        if confirm:
            self.run("confirm")
        return number

    def switch_armed(self, plan: str) -> None:
        """A cutover that has a minute to be confirmed."""
        self.run("switch", plan, "60")
        self.calls()

    def deploying(self, actor: str = "ana@laptop", deploy: str = "d1") -> Path:
        """A deploy began and has not come to its end: what the lock writes about it."""
        file = self.root / "var/lib/higuera" / self.stack.app / "deploying"
        file.parent.mkdir(parents=True, exist_ok=True)
        line = {"step": "deploy", "result": "abandoned", "end": "@END@", "actor": actor}
        line["deploy"] = deploy
        file.write_text(json.dumps(line) + "\n")
        return file

    def incidents(self) -> list[str]:
        """What happened, in the words of each note."""
        folder = self.root / "var/lib/higuera" / self.stack.app / "incidents"
        notes = [file.read_text().splitlines() for file in sorted(folder.glob("*.md"))]
        start = "**What happened:** "
        told = [line for lines in notes for line in lines if line.startswith(start)]
        return [line.removeprefix(start) for line in told]

    def plan_again(self, count: int) -> None:
        """Write so many more plans like the newest, as the tool numbers them."""
        newest = max(self.plans.glob("[0-9]*"))
        for number in range(int(newest.name) + 1, int(newest.name) + 1 + count):
            shutil.copytree(newest, self.plans / f"{number:04d}", symlinks=True)

    def hook(self, text: str) -> None:
        """Shell that each call of systemctl goes through first."""
        (self.stubs / "systemctl-hook").write_text(text)

    def fail(self, program: str, text: str = "stub: refused\n") -> None:
        """Let `systemctl stop` (`systemctl-stop`) or a whole program (`curl`) fail from now on."""
        (self.stubs / program).write_text(text)

    def calls(self) -> list[str]:
        """How systemctl, curl and journalctl were called, once; then forgotten."""
        log = self.stubs / "calls"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    @property
    def armed(self) -> str | None:
        """The plan that an unconfirmed cutover goes back to."""
        file = self.traffic / "unconfirmed"
        return file.read_text().strip() if file.exists() else None

    @property
    def timer(self) -> str | None:
        """How the timer of the dead-man's switch was started, while it waits."""
        file = self.timers / f"{self.stack.app}-deadman"
        return file.read_text().strip() if file.exists() else None

    def journal(self) -> list[dict[str, str]]:
        """What the tool journalled."""
        file = self.root / "var/lib/higuera" / self.stack.app / "journal.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def live(self) -> str | None:
        return self._plan("live")

    @property
    def previous(self) -> str | None:
        return self._plan("previous")

    def _plan(self, link: str) -> str | None:
        path = self.traffic / link
        return path.readlink().name if path.is_symlink() else None

    def serves(self, route: str, bucket: str = "00") -> str:
        """The version that a request of this bucket gets."""
        return (self.traffic / "live" / route / f"{bucket}.release" / "version").read_text()

    def tree(self) -> dict[str, str]:
        """Everything below home, to see that nothing changed."""
        return {
            str(path.relative_to(self.home)): str(path.readlink())
            if path.is_symlink()
            else (path.read_text() if path.is_file() else "folder")
            for path in sorted(self.home.rglob("*"))
        }


@cache
def history_of(session: Path) -> "History":
    """The one of this test session, which is known by its temporary folder."""
    return History(ToolHost.make(session / "history" / "host"))


@dataclass
class History:
    """A host on which r1 to rN were deployed and confirmed, the colours taking turns.

    Its paths are absolute, so it cannot be copied elsewhere; it is put back where it was.
    """

    host: ToolHost
    saved: list[Path] = field(default_factory=list)

    def after(self, count: int) -> ToolHost:
        """The host as it was after so many deploys."""
        while len(self.saved) <= count:
            self._extend()
        self._put_back(self.saved[count])
        return self.host

    def _extend(self) -> None:
        number = len(self.saved)
        if number > 0:
            self._put_back(self.saved[-1])
            self.host.deploy(f"r{number}", "blue" if number % 2 else "green")
            self.host.calls()
        copy = self.host.root.with_name(f"{self.host.root.name}-after-{number}")
        self.saved.append(Path(shutil.copytree(self.host.root, copy, symlinks=True)))

    def _put_back(self, saved: Path) -> None:
        # cp and rm: hundreds of links, at ten times the speed of shutil.
        subprocess.run(["rm", "-rf", "--", self.host.root], check=True)
        subprocess.run(["cp", "-a", "--", saved, self.host.root], check=True)

"""Driving Higuera from outside: its real command line, a real VPS, HTTP and SSH to look at it."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from published import hold

from higuera import sandbox
from higuera.sandbox import Vps, machine

REPOSITORY = Path(__file__).resolve().parents[2]
MINI = Path(__file__).parent / "mini"
BIN = Path(sys.executable).parent
HIGUERA = str(BIN / "higuera")
# Marked, so that they are found wherever they leak; the password is encoded in a URL.
SECRETS = {
    "DATABASE_URL3": "postgresql://forms:canary%2Fdb%407f3a9c%3Aword@127.0.0.1:5432/forms",
    "SESSION_SECRET": "canary-session-5d21e8b0c4a7",
    "SMOKE_EMAIL": "canary-mail-c0ffee@forms.test",
    "SMOKE_PASSWORD": "canary-smoke-9b61d2f3e8",
}
# What a login of root's has in its environment.
ROOT = (
    *("HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash", "LANG=C.UTF-8"),
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
)


class Project:
    """A user's project folder, with its own sandbox VPS."""

    def __init__(self, folder: Path, vps: str) -> None:
        self.folder = folder
        self.vps = vps
        self.extra: dict[str, str] = {}
        """Variables of this user's own, beside `variables`."""
        self.printed: list[str] = []
        """What each command of this user printed."""

    @classmethod
    def mini(cls, folder: Path, vps: str) -> "Project":
        """The mini app: builds in no time, has no database."""
        folder.mkdir()
        for name in ("config.py", "deploy.py", "rollback.py"):
            shutil.copy(REPOSITORY / name, folder / name)
        app = folder / "app"
        shutil.copytree(MINI, app, ignore=shutil.ignore_patterns("stack.yml"))
        (folder / "inventory").mkdir()
        shutil.copy(MINI / "stack.yml", folder / "inventory" / "stack.yml")
        project = cls(folder, vps)
        project.environment()
        (folder / ".env.sandbox").write_text("MINI_SECRET=canary-first\n")
        return project

    @classmethod
    def forms(cls, folder: Path, vps: str) -> "Project":
        """The example, as a clone of this repository has it."""
        ignored = shutil.ignore_patterns("node_modules", ".next", "dist", ".env.*")
        folder.mkdir()
        for name in ("config.py", "deploy.py", "rollback.py"):
            shutil.copy(REPOSITORY / name, folder / name)
        shutil.copytree(REPOSITORY / "examples", folder / "examples", ignore=ignored)
        shutil.copytree(REPOSITORY / "inventory", folder / "inventory", ignore=ignored)
        project = cls(folder, vps)
        project.environment()
        return project

    @classmethod
    def gated(cls, folder: Path, vps: str) -> "Project":
        """The example with secrets that are known, so that all copies of a VPS fit them."""
        project = cls.forms(folder, vps)
        (folder / ".env.sandbox").write_text("".join(f"{k}={v}\n" for k, v in SECRETS.items()))
        return project

    def copy(self, folder: Path, vps: str) -> "Project":
        """The same project for another VPS."""
        shutil.copytree(self.folder, folder)
        project = Project(folder, vps)
        project.environment()
        return project

    def environment(self, text: str | None = None) -> None:
        """Write the environment file; by default the sandbox VPS of this project."""
        given = text or f'host: "@sandbox/{self.vps}"\nsecrets: generate\n'
        (self.folder / "inventory" / "sandbox.yml").write_text(given)

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a user who never met these hosts: addresses are used again."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        npm = str(Path.home() / ".npm")
        return {
            "HIGUERA_ENV": "sandbox",
            "HOME": str(home),
            "XDG_CACHE_HOME": cache,
            "npm_config_cache": npm,
            **self.extra,
        }

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that has to be there."""
        file = self.folder / path
        text = file.read_text()
        assert old in text, f"{path} does not hold {old!r}"
        file.write_text(text.replace(old, new))

    def deploy(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`pyinfra inventory deploy.py`, as its user types it."""
        return self.run(str(BIN / "pyinfra"), "inventory", "deploy.py", *arguments, **variables)

    def deploying(self, output: int) -> subprocess.Popen[str]:
        """A deploy that goes on while the test acts; both its outputs go to `output`."""
        return subprocess.Popen(
            [str(BIN / "pyinfra"), "inventory", "deploy.py", "-y"],
            cwd=self.folder,
            env={**os.environ, **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(
        self, *command: str, answer: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """A command in the project's folder; whatever it asks gets `answer`, or nothing.

        What `higuera` prints as JSON has to fit its published schema.
        """
        given = {**os.environ, **self.variables, **variables}
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=given,
            input=answer,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        self.printed += [done.stdout, done.stderr]
        if command[0] == HIGUERA:
            hold(command[1:], done.stdout, self.folder)
        return done

    def deployed(self, *arguments: str) -> str:
        """A deploy that has to succeed; returns what it printed."""
        done = self.deploy("-y", *arguments)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stderr + done.stdout

    def plan(self) -> list[str]:
        """The operations that a dry run says would change something."""
        done = self.deploy("--dry", "--json")
        assert done.returncode == 0, done.stderr
        plan = json.loads(done.stdout)["plan"]
        return [operation["name"] for operation in plan if operation["hosts_with_change"]]

    @property
    def host(self) -> Vps:
        """The VPS, which has to run."""
        return sandbox.get(self.vps)

    def ssh(self, command: str, check: bool = True) -> str:
        """A command on the VPS, as root; its output."""
        vps = self.host
        login = [
            *("ssh", "-q", "-i", str(vps.key), "-o", "BatchMode=yes"),
            *("-o", f"UserKnownHostsFile={vps.known_hosts}", "-o", "ConnectTimeout=10"),
            f"root@{vps.address}",
        ]
        return output_of(login, command, check)

    def shell(self, command: str, check: bool = True) -> str:
        """The same without a login: sshd is under test itself, and takes thirty times as long."""
        init = machine.init_of(self.vps)
        assert init is not None, f"{self.vps} does not run"
        inside = [
            *("nsenter", "--target", str(init.pid)),
            *("--mount", "--uts", "--ipc", "--net", "--pid"),
            *("env", "--ignore-environment", "--chdir=/root", *ROOT, "bash", "-c"),
        ]
        return output_of(inside, command, check)

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        """A request to the public side."""
        return httpx.get(
            f"http://{self.host.address}{path}", timeout=10, trust_env=False, **arguments
        )

    def pids(self, *services: str) -> dict[str, str]:
        """The main process of every running service, by unit."""
        app = self.app
        units = self.shell(
            f"systemctl list-units --plain --no-legend --state=active '{app}-*-blue.service' "
            f"'{app}-*-green.service' | awk '{{print $1}}'"
        ).split()
        return {
            unit: self.shell(f"systemctl show -p MainPID --value {shlex.quote(unit)}")
            for unit in units
        }

    @property
    def app(self) -> str:
        """The app's name, as the stack file has it."""
        first = (self.folder / "inventory" / "stack.yml").read_text().split("app: ", 1)[1]
        return first.splitlines()[0].strip()

    def reboot(self) -> None:
        """Reboot from inside, and wait until sshd answers again."""
        started = "stat -c %Y /proc/1"
        before = self.shell(started)
        self.shell("systemctl reboot", check=False)
        until(lambda: self.shell(started) != before, "the VPS reboots", 120)
        until(lambda: sandbox.get(self.vps).state == "running", "sshd answers again", 120)

    def executions(self) -> int:
        """How many commands sshd has been asked to run so far."""
        log = "journalctl --sync; journalctl -u ssh -u ssh.service -o cat"
        return int(self.shell(f"{log} | grep -c 'Starting session' || true"))

    def snapshot(self) -> str:
        """Modification times, modes and digests of everything a deploy may touch."""
        folders = "/etc /srv /opt /usr/local /var/lib/higuera"
        return self.shell(
            f"find {folders} -xdev \\( -type f -o -type l \\) -printf '%p %m %u %T@ %l\\n' | sort"
        )


def output_of(way: list[str], command: str, check: bool) -> str:
    """What a command prints that is the last argument of the way to where it runs."""
    done = subprocess.run(
        [*way, command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Poll until something holds; fails with what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (httpx.HTTPError, AssertionError, subprocess.SubprocessError):
            pass
        time.sleep(0.2)
    raise AssertionError(f"did not happen in {seconds:.0f} s: {what}")

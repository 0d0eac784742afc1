"""Every fact, and arguments that a deploy asks it with."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyinfra.api import FactBase

from higuera.facts.accounts import Accounts
from higuera.facts.certificate import ShownCertificate
from higuera.facts.database import LocalDatabase
from higuera.facts.files import Files
from higuera.facts.machine import Machine
from higuera.facts.outlook import Outlook
from higuera.facts.packages import InstalledPackages
from higuera.facts.release import LiveRelease
from higuera.facts.runtimes import Runtimes
from higuera.facts.schema import SchemaThere

HERE = Path(__file__).parent
SHELLCHECK = Path(sys.executable).with_name("shellcheck")

ARGUMENTS: dict[type[FactBase[Any]], dict[str, Any]] = {
    Accounts: {"accounts": ["forms-web"], "folders": ["/srv/forms", "/nowhere"]},
    LocalDatabase: {"role": "forms", "database": "forms"},
    ShownCertificate: {"app": "forms"},
    Files: {
        "paths": ["/etc/hostname", "/nowhere"],
        "units": ["nginx.service", "nftables.service"],
        "contents": ["/etc/hostname", "/nowhere"],
        "probe": "curl -fsS http://127.0.0.1:1/ 2>/dev/null",
    },
    Machine: {},
    InstalledPackages: {"packages": ["nginx", "nowhere", "systemd-timesyncd"]},
    LiveRelease: {
        "app": "forms",
        "paths": ["/etc/hostname"],
        "units": ["a-web-blue.service", "a-web-green.service"],
    },
    Runtimes: {},
    Outlook: {"app": "forms", "with_database": True, "paths": ["/etc/hostname", "/nowhere"]},
    SchemaThere: {"app": "forms", "release": "20261123T101500Z-ab12cd3"},
}
FACTS = {fact.__name__: fact for fact in ARGUMENTS}


def command_of(fact: type[FactBase[Any]], **arguments: Any) -> str:
    """The script that a fact sends to a host."""
    command = fact().command(**arguments)
    return command if isinstance(command, str) else command.get_raw_value()


def ask(fact: type[FactBase[Any]], cwd: Path, **arguments: Any) -> Any:
    """Ask this machine, the way pyinfra does: no output is the default."""
    done = run_sh(command_of(fact, **arguments), cwd)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    return fact().process(lines) if lines else fact.default()


def run_sh(script: str, cwd: Path, *before: str) -> subprocess.CompletedProcess[str]:
    """Run a script with this machine's `sh`, its standard input held open as sshd does.

    What it started ends with it: a program that reads on forever would outlive a killed `sh`.
    """
    argv = [*before, "/bin/sh", "-c", script]
    reading, holding = os.pipe()
    process = subprocess.Popen(
        argv,
        cwd=cwd,
        stdin=reading,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=30)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(reading)
        os.close(holding)
    return subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)

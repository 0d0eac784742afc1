"""Auditors that run on this machine: packages of the `audit` extra, each a process of its own."""

import os
import subprocess
import sys
from importlib.util import find_spec

from higuera.errors import ProgramError

LIMIT = 240  # seconds for one of them
INSTALL = "pip install 'higuera[audit]'"
# Of our environment they get what a program needs to run, and no secret.
KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR")


def run(package: str, module: str, arguments: list[str], text: str = "") -> tuple[int, str, str]:
    """Exit status, output and errors of `python -m MODULE`. Raises ProgramError."""
    if find_spec(module) is None:
        raise ProgramError(f"{package} is not installed: {INSTALL}")
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *arguments],
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT,
            env={name: os.environ[name] for name in KEPT if name in os.environ},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ProgramError(f"{package} did not end within {LIMIT} seconds") from None
    return done.returncode, done.stdout, done.stderr


def last_line(*texts: str) -> str:
    """Of the first text that has one: mostly why a program stopped."""
    for text in texts:
        if lines := [line.strip() for line in text.splitlines() if line.strip()]:
            return lines[-1]
    return "it said nothing"

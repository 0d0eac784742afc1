"""Running the host's own tools, with one sentence when they fail."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from higuera.errors import SandboxError

# The tools live in /usr/sbin, which is not on every user's PATH.
TOOL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def tool_environment() -> dict[str, str]:
    """Return the environment of a tool: the caller's, in English, with the system's folders."""
    path = os.environ.get("PATH", "")
    return {**os.environ, "PATH": f"{path}:{TOOL_PATH}", "LC_ALL": "C.UTF-8"}


def run(argv: Sequence[str | Path], what: str, *, stdin: str | None = None) -> str:
    """Return the tool's standard output; raise SandboxError with what it says when it fails.

    `what` completes the sentence "sandbox: cannot …".
    """
    try:
        done = subprocess.run(
            [str(word) for word in argv],
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            errors="replace",
            env=tool_environment(),
            check=False,
        )
    except FileNotFoundError as error:
        raise SandboxError(f"sandbox: cannot {what}: {argv[0]} is not installed here") from error
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        # mount(8) ends with a hint at dmesg and says what is wrong above it.
        lines = [line.strip() for line in lines if "dmesg(1)" not in line]
        reason = lines[-1] if lines else f"{argv[0]} exited {done.returncode}"
        raise SandboxError(f"sandbox: cannot {what}: {reason}")
    return done.stdout


def write_json(path: Path, value: Any) -> None:
    """Write the value so that a reader sees the old file or the new one, never a half."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(value, indent=2) + "\n")
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in the file; None where there is none or it is not readable as one."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None

"""Running a command on the controller: signs of life while it works, its last lines if it fails."""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from higuera.build.cache import Say
from higuera.errors import BuildError

# Variables that a build may see: its secrets are on the host, never here.
PASSED = ("HOME", "LANG", "LC_ALL", "TERM", "TMPDIR", "USER", "SSH_AUTH_SOCK")
PASSED_PREFIXES = ("npm_config_", "NPM_CONFIG_", "SSL_", "NODE_EXTRA_CA_CERTS")
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

HEARTBEAT = 5.0  # seconds between signs of life
LAST_LINES = 25


def build_environment(path: list[Path], extra: dict[str, str]) -> dict[str, str]:
    """A clean environment: who and where the user is, locale, proxies, certificates, npm's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED or name in PROXIES or name.startswith(PASSED_PREFIXES)
    }
    folders = [str(folder) for folder in path] + ["/usr/local/bin", "/usr/bin", "/bin"]
    return {**kept, "PATH": ":".join(folders), "CI": "true", **extra}


def run(command: str, folder: Path, environment: dict[str, str], say: Say) -> None:
    """Run a shell command. Raises BuildError with its exit status and last lines."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    with subprocess.Popen(
        ["sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            with _heartbeat(last, say):
                last.extend(line.rstrip() for line in process.stdout if line.strip())
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)  # the shell and all that it started
            raise
    if process.returncode != 0:
        shown = "\n".join(f"  {line}" for line in last)
        raise BuildError(f"{shown}\n`{command}` failed with exit status {process.returncode}")


@contextmanager
def _heartbeat(last: deque[str], say: Say) -> Iterator[None]:
    """Every few seconds, say how long a command has been running and its newest line."""
    done = threading.Event()
    started = time.monotonic()

    def beat() -> None:
        while not done.wait(HEARTBEAT):
            newest = last[-1].strip()[:80] if last else ""
            say(f"  {time.monotonic() - started:.0f} s  {newest}")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()

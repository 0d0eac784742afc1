"""Commands that print a secret, so that any vault fits. Their answers stay in memory."""

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

ANSWER = 30.0  # seconds; a command asks nobody
READING = 1.0  # seconds to take what a command printed that has ended meanwhile


def ask_all(
    commands: Mapping[str, str], environ: dict[str, str], limit: float = ANSWER
) -> tuple[dict[str, str], dict[str, str]]:
    """What shell commands print, without the newline at the end, and why others gave no answer.

    All run at the same time, for `limit` seconds at most. A reason names the program and how it
    ended, and shows the last line of its complaint where that holds nothing of its answer.
    """
    answers: dict[str, str] = {}
    failed: dict[str, str] = {}
    deadline = time.monotonic() + limit
    with ExitStack() as running:
        started = {
            name: running.enter_context(_started(command, environ))
            for name, command in commands.items()
        }
        for name, process in started.items():
            program = f"`{program_of(commands[name])}`"
            try:
                answers[name] = _answer(process, deadline)
            except subprocess.TimeoutExpired:
                failed[name] = f"{program} gave no answer in {limit:g} s"
            except UnicodeDecodeError:
                failed[name] = f"{program} printed no UTF-8 text"
            except _FailedError as error:
                failed[name] = f"{program} {error}"
    return answers, failed


class _FailedError(Exception):
    """How a command ended that did not end well."""


@contextmanager
def _started(command: str, environ: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A shell command, with nobody to ask; at the end it is over, with all that it started."""
    with subprocess.Popen(
        ["sh", "-c", command],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)


def _answer(process: "subprocess.Popen[bytes]", deadline: float) -> str:
    # Not poll(): that forgets the process, by which all that it started is ended.
    try:
        has_ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        least = 0.0 if has_ended is None else READING
    except ChildProcessError:  # gevent, which pyinfra runs on, has taken its end in already
        least = READING
    out, err = process.communicate(timeout=max(least, deadline - time.monotonic()))
    if process.returncode == 127:
        raise _FailedError("is not on this machine")
    if process.returncode != 0:
        reason = _last_line(err, hidden=out.split())
        raise _FailedError(f"failed with exit status {process.returncode}{reason}")
    return out.decode().removesuffix("\n").removesuffix("\r")


def program_of(command: str) -> str:
    """The program that a shell command starts with, without its path and its arguments."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = command.split()
    program = next((word for word in words if "=" not in word), "sh")
    return Path(program).name.rstrip(";&|") or "sh"


def _last_line(said: bytes, hidden: Iterable[bytes]) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    if not lines or any(word.decode(errors="replace") in lines[-1] for word in hidden):
        return ""
    return f": {lines[-1].strip()[:200]}"

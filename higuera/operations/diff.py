"""What `--diff` shows: a unified diff per file, and nothing but the fact for a secret one."""

import difflib

from pyinfra import logger
from pyinfra.api import Host

from higuera.facts.files import HostFiles
from higuera.render.files import File
from higuera.spec.shown import shown

NO_END = "\\ No newline at end of file"


def wants_diff(host: Host) -> bool:
    """Whether the user asked for `--diff`."""
    return bool(host.state.config.DIFF)


def readable(host: Host, files: list[File]) -> list[str]:
    """The files whose present text a fact should bring along."""
    return [file.path for file in files if not file.secret] if wants_diff(host) else []


def show_diff(host: Host, stale: list[File], there: HostFiles) -> None:
    """Log what would change in each file, when the user asked for it."""
    if wants_diff(host):
        for line in format_diff(stale, there):
            host.log(line)


def warn(host: Host, text: str) -> None:
    """Tell what nobody here will change, once: when the deploy is prepared, so a plan has it.

    With `-y` pyinfra asks no operation for its changes while it prepares: then when it executes.
    """
    if not host.state.is_executing or not host.state.check_for_changes:
        host.log_styled(text, fg="yellow", log_func=logger.warning)


def rights(file: File, there: HostFiles) -> str:
    """Whose a file is that is there, and whose it should be."""
    known = there.files[file.path]
    was, should = f"{known.mode} {known.owner}", f"{file.mode} {file.owner}"
    return f"{file.path} is {was} and should be {should}"


def format_diff(stale: list[File], there: HostFiles) -> list[str]:
    """The lines of all diffs."""
    lines: list[str] = []
    for file in stale:
        known = there.files.get(file.path)
        if file.secret:
            lines.append(f"{file.path}: {'differs' if known else 'is new'} (secret, not shown)")
            continue
        before = _lines(known.text or "") if known else []
        origin = file.path if known else "/dev/null"
        lines += difflib.unified_diff(
            before, _lines(file.text), origin, file.path, lineterm="", n=2
        )
        if known is not None and (known.mode, known.owner) != (file.mode, file.owner):
            lines.append(f"{file.path}: {known.mode} {known.owner} → {file.mode} {file.owner}")
    return lines


def _lines(text: str) -> list[str]:
    """For a reader: what steers a terminal is escaped, a missing last line end is a line."""
    if not text:
        return []
    *lines, last = text.split("\n")
    return [*map(shown, lines), *([shown(last), NO_END] if last else [])]

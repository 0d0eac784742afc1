"""Which files on the host a deploy would write, each with its diff."""

from collections.abc import Iterator

from higuera.facts.files import HostFiles
from higuera.operations.diff import format_diff, rights
from higuera.operations.look import Look, live_files, loose_files, texts
from higuera.operations.run import Run
from higuera.plan.model import FileChange, FileKind
from higuera.render.files import File

KINDS: dict[str, FileKind] = {
    "/etc/systemd/system/": "unit",
    "/etc/nginx/": "nginx",
    "/usr/local/sbin/": "tool",
}

# Lines of a new file's diff: a first deploy brings half a hundred of them.
LONGEST_NEW = 30


def file_changes(run: Run, seen: Look) -> Iterator[FileChange]:
    """Of the host, of what serves now, and of services that were never deployed.

    What the units of an idle slot hold is no news: they follow those of the live one.
    """
    state = run.state()
    first = [move for move in run.cutover().moves if move.service not in state.live]
    stale = [
        *seen.settings.stale(run.host_files),
        *state.host.stale(run.shared_files),
        *state.host.other(live_files(run, state)),
        *(file for move in first for file in run.wanted[move.service].files[move.colour]),
    ]
    before = texts(run.host, [file for file in stale if _known(file, state.host, seen.settings)])
    for file in stale:
        is_new = not _known(file, state.host, seen.settings)
        diff = [] if file.secret else format_diff([file], before)
        shown = LONGEST_NEW if is_new else len(diff)
        yield FileChange(
            path=file.path,
            kind=_kind(file),
            is_new=is_new,
            diff=diff[:shown],
            left_out=len(diff[shown:]),
        )
    for file in [file for file in loose_files(run, state) if file not in stale]:
        diff = [rights(file, state.host)]
        yield FileChange(path=file.path, kind=_kind(file), is_new=False, diff=diff)


def _known(file: File, *places: HostFiles) -> bool:
    return any(file.path in place.files for place in places)


def _kind(file: File) -> FileKind:
    if file.secret:
        return "secret"
    return next((kind for start, kind in KINDS.items() if file.path.startswith(start)), "setting")

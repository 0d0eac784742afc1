"""The nginx configuration: tested beside the live one, swapped in, proven live."""

import re
from collections.abc import Generator
from pathlib import PurePosixPath
from shlex import quote

from pyinfra import host
from pyinfra.api import Host, StringCommand, operation

from higuera.errors import HostError
from higuera.facts.files import Files, HostFiles
from higuera.facts.script import words
from higuera.operations.diff import readable, show_diff, warn
from higuera.operations.files import trial, write
from higuera.operations.notes import affects, is_planned, prepares, refuses
from higuera.operations.remote import run_remote
from higuera.plan.model import Effect
from higuera.render.files import File
from higuera.render.nginx import DROP_IN

UNIT = "nginx.service"
ROOT = "/etc/nginx/"
LATER = (
    "nginx runs with another sandbox than the stack file says until its next start, which a deploy "
    "leaves to you: systemctl restart nginx (for a second nobody is answered)"
)
SHUT_IN = (
    "grep -qs 'NoNewPrivs:.1' \"/proc/$(cat /run/nginx.pid 2>/dev/null)/status\" && echo shut-in"
)
TEST = 'nginx -e /dev/null -t -q -c "$stage/nginx/nginx.conf"'
# A test opens logs and the file of its process, and makes those that are not there.
APART = (
    'find "$stage/nginx" -type f -exec '
    'sed -i "s|/var/log/nginx/|$stage/|g; s|/run/nginx.pid|$stage/pid|g" {} +'
)
STAGED = re.compile(r"/run/higuera\.\w{6}/nginx/")
RELOAD_DEADLINE = 5  # seconds until the new configuration has to answer


def is_read_by_it(file: File) -> bool:
    """Whether a file is nginx's configuration, or its unit's."""
    return file.path.startswith(ROOT) or file.path == DROP_IN


@operation()
def configured(
    files: list[File],
    generation: str,
    status_port: int,
    before_reload: str = "",
    absent: list[str] | None = None,
) -> Generator[StringCommand, None, None]:
    """Write the nginx configuration of a stack and reload, only when something differs.

    A reload that exits 0 proves nothing, so the generation id is asked for on loopback.

    What its unit may do on the host takes hold when nginx starts. A start ends connections, so one
    that serves a stack already is only told of, and is not restarted here.

    + files: below /etc/nginx, and the drop-in of its unit
    + generation: the id that the new configuration answers with
    + status_port: loopback port of that answer
    + before_reload: shell lines that make ready what the new configuration looks for
    + absent: paths of files that have to be gone, such as keys that nothing reads any more

    **Example:**

    .. code:: python

        nginx.configured(name="nginx", files=files, generation="0f3c…", status_port=8099)
    """
    ask = f"curl -fsS --max-time 2 http://127.0.0.1:{status_port}/generation 2>/dev/null"
    there = host.get_fact(
        Files,
        paths=[*(file.path for file in files), *(absent or [])],
        units=[UNIT],
        contents=readable(host, files),
        probe=f"{ask}; {SHUT_IN}",
    )
    told = there.answer.split()
    serves = told[:1] not in ([], ["shut-in"])
    stale = there.stale(files)
    show_diff(host, stale, there)
    if serves and _waits(files, stale, "shut-in" in told):
        warn(host, LATER)
    is_live = told[:1] == [generation] and there.units.get(UNIT) == "active enabled"
    left = [path for path in absent or [] if path in there.files]
    prepares(host, "file", "remove", left)
    remove = f"rm -f {words(left)}\n" if left else ""
    if not stale and not left and is_live:
        affects(host, "nginx", "stays", "it serves this configuration")
        host.noop("nginx serves this configuration")
    elif is_live and [file.path for file in stale] == [DROP_IN]:
        affects(host, "nginx", "stays", "its new sandbox holds from its next start on")
        yield write(stale, after=f"systemctl daemon-reload\n{remove}".strip())
    else:
        affects(host, "nginx", _effect(stale, serves, there), _why(stale, left))
        if is_planned(host) and " " in there.units.get(UNIT, ""):  # it is installed
            _try(host, stale)
        after = before_reload + _reload(stale, serves, ask, generation) + remove
        yield write(stale, check=f"{_staged(stale)}\n{TEST}", after=after)


def _try(host: Host, stale: list[File]) -> None:
    """Let the nginx of the host test the new files beside its own: a plan refuses what it would."""
    if [file for file in stale if file.path != DROP_IN]:
        script, given = trial(stale, check=f"{_staged(stale)}\n{APART}\n{TEST}")
        try:
            run_remote(host, script, stdin=given)
        except HostError as error:
            told = STAGED.sub(ROOT, str(error))
            refuses(host, f"nginx on the host refuses its new configuration:\n{told}")


def _effect(stale: list[File], serves: bool, there: HostFiles) -> Effect:
    if not there.units.get(UNIT, "").startswith("active"):
        return "starts"
    is_shut_in_anew = DROP_IN in [file.path for file in stale] and not serves
    return "restarts" if is_shut_in_anew else "reloads"


def _why(stale: list[File], left: list[str]) -> str:
    if stale:
        return "its configuration changes"
    if left:
        return f"what nothing reads any more is removed: {', '.join(left)}"
    return "it does not serve the configuration that is in its files, or not after a reboot"


def _waits(files: list[File], stale: list[File], is_shut_in: bool) -> bool:
    """Whether the running nginx is in another sandbox than the next one will be."""
    drop_in = [file for file in files if file.path == DROP_IN]
    wanted = any("NoNewPrivileges=yes" in file.text for file in drop_in)
    return bool(drop_in) and (wanted != is_shut_in or drop_in[0] in stale)


def _staged(stale: list[File]) -> str:
    """The whole tree with the new files in it, to be tested before one of them is replaced."""
    lines = [
        'cp -a /etc/nginx "$stage/before"',
        'cp -a /etc/nginx "$stage/nginx"',
        'mkdir -p "$stage/nginx/higuera"',
    ]
    for number, file in enumerate(stale):
        if file.path == DROP_IN:
            lines.append(f'[ ! -e {DROP_IN} ] || cp -a {DROP_IN} "$stage/before/drop-in"')
            continue
        inside = PurePosixPath(file.path).relative_to(ROOT)
        lines.append(f'cp "$stage/{number}" "$stage/nginx/"{quote(str(inside))}')
    return "\n".join(lines)


def _reload(stale: list[File], serves: bool, ask: str, generation: str) -> str:
    back = "\n".join(f"        {_restore(file)}" for file in stale)
    verb, again, first = "reload-or-restart", "reload", ""
    if DROP_IN in [file.path for file in stale]:
        first = "systemctl daemon-reload\n"
        back += "\n        systemctl daemon-reload"
        if not serves:
            verb = again = "restart"
    return f"""
{first}systemctl --quiet enable {UNIT}
systemctl {verb} {UNIT} || true # asked below what came of it
until=$(($(date +%s) + {RELOAD_DEADLINE}))
until [ "$({ask})" = {quote(generation)} ]; do
    [ "$(date +%s)" -lt "$until" ] || {{
        echo 'nginx reloaded, but the old configuration is still live. Its error log says:' >&2
        tail -n 5 /var/log/nginx/error.log >&2
{back}
        systemctl {again} {UNIT} || true # what was live stays live
        exit 1
    }}
    sleep 0.1
done
"""


def _restore(file: File) -> str:
    """Put back what was there, so that a restart of nginx does not meet what it cannot load."""
    inside = "drop-in"
    if file.path != DROP_IN:
        inside = quote(str(PurePosixPath(file.path).relative_to(ROOT)))
    before, path = f'"$stage/before/"{inside}', quote(file.path)
    return f"if [ -e {before} ]; then cp -a {before} {path}; else rm -f {path}; fi"

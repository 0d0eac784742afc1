"""The nginx configuration: tested beside the live one, swapped in, proven live."""

from collections.abc import Generator
from pathlib import PurePosixPath
from shlex import quote

from pyinfra import host
from pyinfra.api import StringCommand, operation

from higuera.facts.files import Files
from higuera.operations.diff import readable, show_diff
from higuera.operations.files import write
from higuera.render.files import File

UNIT = "nginx.service"
ROOT = "/etc/nginx/"
RELOAD_DEADLINE = 5  # seconds until the new configuration has to answer


@operation()
def configured(
    files: list[File], generation: str, status_port: int, before_reload: str = ""
) -> Generator[StringCommand, None, None]:
    """Write the nginx configuration of a stack and reload, only when something differs.

    A reload that exits 0 proves nothing, so the generation id is asked for on loopback.

    + files: below /etc/nginx
    + generation: the id that the new configuration answers with
    + status_port: loopback port of that answer
    + before_reload: shell lines that make ready what the new configuration looks for

    **Example:**

    .. code:: python

        nginx.configured(name="nginx", files=files, generation="0f3c…", status_port=8099)
    """
    ask = f"curl -fsS --max-time 2 http://127.0.0.1:{status_port}/generation 2>/dev/null"
    there = host.get_fact(
        Files,
        paths=[file.path for file in files],
        units=[UNIT],
        contents=readable(host, files),
        probe=ask,
    )
    stale = there.stale(files)
    show_diff(host, stale, there)
    if not stale and there.answer == generation and there.units.get(UNIT) == "active enabled":
        host.noop("nginx serves this configuration")
        return
    yield write(stale, check=_test(stale), after=before_reload + _reload(stale, ask, generation))


def _test(stale: list[File]) -> str:
    """Test the whole tree with the new files in it, before one of them is replaced."""
    lines = [
        'cp -a /etc/nginx "$stage/before"',
        'cp -a /etc/nginx "$stage/nginx"',
        'mkdir -p "$stage/nginx/higuera"',
    ]
    for number, file in enumerate(stale):
        inside = PurePosixPath(file.path).relative_to(ROOT)
        lines.append(f'cp "$stage/{number}" "$stage/nginx/"{quote(str(inside))}')
    lines.append('nginx -t -q -c "$stage/nginx/nginx.conf"')
    return "\n".join(lines)


def _reload(stale: list[File], ask: str, generation: str) -> str:
    back = "\n".join(f"        {_restore(file)}" for file in stale)
    return f"""
systemctl --quiet enable {UNIT}
systemctl reload-or-restart {UNIT} || true # asked below what came of it
until=$(($(date +%s) + {RELOAD_DEADLINE}))
until [ "$({ask})" = {quote(generation)} ]; do
    [ "$(date +%s)" -lt "$until" ] || {{
        echo 'nginx reloaded, but the old configuration is still live. Its error log says:' >&2
        tail -n 5 /var/log/nginx/error.log >&2
{back}
        systemctl reload {UNIT} || true # what was live stays live
        exit 1
    }}
    sleep 0.1
done
"""


def _restore(file: File) -> str:
    """Put back what was there, so that a restart of nginx does not meet what it cannot load."""
    before = f'"$stage/before/"{quote(str(PurePosixPath(file.path).relative_to(ROOT)))}'
    path = quote(file.path)
    return f"if [ -e {before} ]; then cp -a {before} {path}; else rm -f {path}; fi"

"""The same load over three ways of moving releases: `python bench/compare.py`.

Boots a sandbox VPS with the mini app of the tests, and runs bench/load.py once for each way:

  higuera   `pyinfra inventory deploy.py -y` and `higuera rollback --yes`, two of each in turn, so
            that slots are used again under their open WebSockets
  restart   nginx in front of two ports; `current` is moved, both services are restarted
  reload    blue and green ports; the new colour is started and healthy, nginx's file is rewritten,
            `nginx -s reload`, the old colour is stopped 5 s later

Each gets `--releases` moves, spread evenly over `--seconds`, which grow if a move takes longer than
its share. Prints a table and one JSON line. The
plain ways are given their best: releases are unpacked on the host beforehand, and on SIGTERM the
app finishes its requests, ends its WebSockets and exits at once. Wants root, as every sandbox does.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent
sys.path[:0] = [str(BENCH.parent / folder) for folder in ("tests", "tests/vps")]

from harness import BIN, Project  # noqa: E402

from higuera import sandbox  # noqa: E402

Move = Callable[[int], None]

# A WebSocket would hold `systemctl restart` until its time limit while nothing listens.
ENDS_AT_ONCE = """
const tabs = new Set()
server.on('upgrade', (request, socket) => {
  tabs.add(socket)
  socket.on('close', () => tabs.delete(socket))
})
process.on('SIGTERM', () => { for (const tab of tabs) tab.destroy() })
"""

UNIT = """
[Service]
Type=exec
User=www-data
WorkingDirectory=/srv/plain/%i
Environment=HOST=127.0.0.1 PORT=%i NODE_ENV=production
ExecStart=/bin/sh -c "exec /opt/higuera/runtimes/node-*/bin/node server.js"
LimitNOFILE=65536
"""

PROXY = """
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $plain_connection;
    proxy_read_timeout 300s;
    access_log /var/log/nginx/plain.log;
"""

TO_PORTS = f"""
map $http_upgrade $plain_connection {{ default upgrade; "" close; }}
server {{
    listen 80 default_server;
    {PROXY}
    location /api/ {{ proxy_pass http://127.0.0.1:3001; }}
    location / {{ proxy_pass http://127.0.0.1:3000; }}
}}
"""

TO_COLOUR = f"""
map $http_upgrade $plain_connection {{ default upgrade; "" ""; }}
upstream plain_backend {{ server 127.0.0.1:BACKEND; keepalive 32; }}
upstream plain_web {{ server 127.0.0.1:WEB; keepalive 32; }}
server {{
    listen 80 default_server;
    {PROXY}
    location /api/ {{ proxy_pass http://plain_backend; }}
    location / {{ proxy_pass http://plain_web; }}
}}
"""

COLOURS = [("3001", "3000"), ("3101", "3100")]


def higuera(project: Project) -> Move:
    """The real command line."""

    def move(number: int) -> None:
        if number % 4 in (0, 1):
            for service in ("backend", "web"):
                with (project.folder / "app" / service / "server.js").open("a") as code:
                    code.write(f"// release {number}\n")
            done = project.deploy("-y")
        else:
            done = project.run(str(BIN / "higuera"), "rollback", "--yes")
        if done.returncode != 0:
            raise SystemExit(f"move {number} failed:\n{done.stderr}{done.stdout}")

    return move


def restart(project: Project) -> Move:
    """A symlink, and `systemctl restart`."""
    plain(project, TO_PORTS)

    def move(number: int) -> None:
        project.ssh(
            f"ln -s releases/{number + 1} /srv/plain/new && mv -T /srv/plain/new /srv/plain/current"
            " && systemctl restart plain@3001 plain@3000"
        )

    return move


def reload(project: Project) -> Move:
    """Blue and green ports, and `nginx -s reload`."""
    plain(project, to_colour(0))

    def move(number: int) -> None:
        backend, web = COLOURS[(number + 1) % 2]
        old_backend, old_web = COLOURS[number % 2]
        project.ssh(f"""set -eu
            ln -sfn releases/{number + 1}/backend /srv/plain/{backend}
            ln -sfn releases/{number + 1}/web /srv/plain/{web}
            systemctl start plain@{backend} plain@{web}
            until curl -sf http://127.0.0.1:{backend}/api/health && curl -sf http://127.0.0.1:{web}/
            do sleep 0.1; done >/dev/null
            {nginx_file(to_colour(number + 1))}
            nginx -s reload
            sleep 5
            systemctl stop plain@{old_backend} plain@{old_web}""")

    return move


def to_colour(number: int) -> str:
    backend, web = COLOURS[number % 2]
    return TO_COLOUR.replace("BACKEND", backend).replace("WEB", web)


def nginx_file(text: str) -> str:
    """Shell that puts the plain nginx file in place and holds that nginx takes it."""
    return f"cat >/etc/nginx/higuera/plain.conf <<'END'\n{text}\nEND\nnginx -q -t"


def plain(project: Project, nginx: str) -> None:
    """Take ours off the VPS, and serve the same app from ports: release 0 of as many as wanted."""
    project.ssh(f"""set -eu
        systemctl stop 'mini-*' 'plain@*'
        cd /srv; rm -rf plain; mkdir -p plain/releases; cd plain
        cp -aL /srv/mini/traffic/live/release/. releases/0
        cat >>releases/0/backend/server.js <<'END'\n{ENDS_AT_ONCE}\nEND
        for number in $(seq 1 100); do cp -al releases/0 releases/$number; done
        ln -s releases/0 current; ln -s current/backend 3001; ln -s current/web 3000
        cat >/etc/systemd/system/plain@.service <<'END'\n{UNIT}\nEND
        systemctl daemon-reload
        systemctl start plain@3001 plain@3000
        rm -f /etc/nginx/higuera/*.conf
        {nginx_file(nginx)}
        systemctl restart nginx
        until curl -sf http://127.0.0.1/api/health && curl -sf http://127.0.0.1/
        do sleep 0.1; done >/dev/null""")


def measure(project: Project, move: Move, releases: int, seconds: float) -> dict[str, Any]:
    """The load, with its moves spread over it, until both are over; an hour at most."""
    began = time.monotonic()
    command = [sys.executable, str(BENCH / "load.py"), f"http://{project.host.address}"]
    with subprocess.Popen(
        [*command, "--seconds", "3600"], stdout=subprocess.PIPE, text=True
    ) as load:
        try:
            for number in range(releases):
                due = began + (number + 0.5) * seconds / releases
                time.sleep(max(0.0, due - time.monotonic()))
                move(number)
            time.sleep(max(0.0, began + seconds - time.monotonic()))
            load.terminate()
            tally = json.loads(load.communicate()[0])
            return {**tally, "seconds": round(time.monotonic() - began)}
        finally:
            load.kill()


WAYS: dict[str, Callable[[Project], Move]] = {
    "higuera": higuera,
    "restart": restart,
    "reload": reload,
}


def table(found: dict[str, dict[str, Any]]) -> str:
    """What was measured, as README.md has it."""
    lines = [
        "| way | seconds | requests | lost | idle closed | WebSockets cut | slowest request, s |",
        "|" + " --- |" * 7,
    ]
    lines += [
        f"| {way} | {tally['seconds']} | {tally['requests']:,} | {tally['failures']:,} "
        f"| {tally['idle_closed']} | {tally['sockets_cut']} | {tally['slowest']:.2f} |"
        for way, tally in found.items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Parse, boot, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ways", nargs="*", help=f"of: {', '.join(WAYS)} (default: all)")
    parser.add_argument("--releases", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=150)
    given = parser.parse_args()
    if unknown := set(given.ways) - set(WAYS):
        parser.error(f"no such way: {', '.join(unknown)}")
    name = f"bench-{os.getpid()}"
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        project = Project.mini(Path(folder) / "project", name)
        try:
            project.deployed()
            seconds = given.seconds
            for way in given.ways or WAYS:
                print(f"{way}: {given.releases} releases, {seconds:.0f} s", file=sys.stderr)
                found[way] = measure(project, WAYS[way](project), given.releases, seconds)
                seconds = max(seconds, found[way]["seconds"])
        finally:
            if name in [vps.name for vps in sandbox.listing()]:
                sandbox.down(name)
    print(table(found))
    for tally in found.values():
        del tally["lost"], tally["cuts"]  # moments: of use beside a log only
    print(json.dumps(found))


if __name__ == "__main__":
    main()

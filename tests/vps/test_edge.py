"""What stands between the internet and the app, from outside; what services see, from inside.

One VPS and one story: a stack that uses all of the edge, then what it does.
"""

import json
import re
import select
import shlex
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from harness import BIN, Project, until

HOST = "mini.test"
PRO, FREE = "pro-0123456789abcdef", "free-0123456789abcdef"
HOME = {"Origin": "https://app.example.com"}
STACK = """
nginx:
  connections: 40
  tcp_connections: 150
  timeouts: {header: 2, body: 2, send: 2}
  tiers:
    routes: [/api/]
    keys: API_KEYS
    without_key: free
    rates: {free: {minute: 600, burst: 10}, pro: {minute: 1200, burst: 20}}
  cors:
    /api/: {origins: ["https://app.example.com"], methods: [GET, PUT], credentials: true}
"""
FLOOD = 6.0  # seconds


@pytest.fixture(scope="module")
def edge(mini_story: Project) -> Project:
    """The mini app behind all of it."""
    project = mini_story
    stack = project.folder / "inventory" / "stack.yml"
    stack.write_text(stack.read_text() + STACK)
    project.edit("inventory/stack.yml", "    secrets: [", "    writable: [uploads]\n    secrets: [")
    project.environment(f'host: "@sandbox/{project.vps}"\nsecrets: generate\ndomains: [{HOST}]\n')
    with (project.folder / ".env.sandbox").open("a") as secrets:
        secrets.write(f'API_KEYS="{PRO}=pro {FREE}=free"\n')
    printed = project.deployed("-v", "--diff")
    assert PRO not in printed and FREE not in printed
    assert project.plan() == []
    return project


def ask(project: Project, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    given = {"Host": HOST, **{name.replace("_", "-"): text for name, text in headers.items()}}
    url = f"http://{project.host.address}{path}"
    return httpx.request(method, url, headers=given, timeout=10, trust_env=False)


def test_headers_and_claims_as_seen_from_outside(edge: Project) -> None:
    page = ask(edge, "/")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-frame-options"] == "SAMEORIGIN"
    assert page.headers["content-security-policy"] == "frame-ancestors 'self'"
    assert page.headers["server"] == "nginx"
    candidate = edge.shell("curl -sI http://127.0.0.1:8098/")
    assert "X-Content-Type-Options: nosniff" in candidate
    got = ask(
        edge,
        "/api/headers",
        Forwarded="for=198.51.100.9;proto=https",
        X_Forwarded_For="198.51.100.9",
        X_Forwarded_Proto="https",
        X_Real_IP="198.51.100.9",
    ).json()
    assert "198.51.100.9" not in json.dumps(got) and "https" not in json.dumps(got)
    assert got["x-forwarded-for"] == got["x-real-ip"]


def test_cors(edge: Project) -> None:
    asked = {"Access_Control_Request_Method": "PUT"}
    allowed = ask(edge, "/api/echo", "OPTIONS", **HOME, **asked)
    assert (allowed.status_code, allowed.headers["vary"]) == (204, "Origin")
    assert allowed.headers["access-control-allow-origin"] == HOME["Origin"]
    assert allowed.headers["access-control-allow-methods"] == "GET, PUT"
    assert allowed.headers["access-control-allow-credentials"] == "true"
    for answer in (
        ask(edge, "/api/echo", "OPTIONS", Origin="https://evil.example", **asked),
        ask(edge, "/api/health", Origin="https://evil.example"),
        ask(edge, "/", **HOME),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert ask(edge, "/api/health", **HOME).headers["access-control-allow-origin"] == HOME["Origin"]


def test_a_name_that_is_not_ours_gets_no_answer(edge: Project) -> None:
    for name in (edge.host.address, "localhost", "other.test"):
        with pytest.raises(httpx.TransportError):
            ask(edge, "/", Host=name)
    assert edge.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/") == "200"
    edge.shell("higuera-mini check")


class Client(threading.Thread):
    """One address and key that asks for a while; what came of it."""

    def __init__(self, project: Project, pause: float, key: str = "", six: bool = False) -> None:
        super().__init__()
        name = f"[{project.host.address6}]" if six else project.host.address
        self.url, self.pause = f"http://{name}", pause
        self.headers = {"Host": HOST, "X-API-Key": key}
        self.counted: Counter[int] = Counter()
        self.last: httpx.Response | None = None
        self.took = 0.0

    def run(self) -> None:
        began = time.monotonic()
        with httpx.Client(base_url=self.url, headers=self.headers, trust_env=False) as http:
            while self.took < FLOOD:
                self.last = http.get("/api/version")
                self.counted[self.last.status_code] += 1
                self.took = time.monotonic() - began
                time.sleep(self.pause)

    def let_in(self, burst: int, rate: float) -> float:
        """How many of its requests a limit lets in: one, the burst, and the rate over the time."""
        return min(self.counted.total(), 1 + burst + rate * self.took)


def test_tiers_hold_and_a_flood_hurts_nobody_else(edge: Project) -> None:
    pro = Client(edge, 0.02, PRO)
    flood = Client(edge, 0.01, "made-up-0123456789abcdef")
    other = Client(edge, 0.2, six=True)
    clients = (pro, flood, other)
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert pro.counted[200] == pytest.approx(pro.let_in(20, 20), rel=0.1), pro.counted
    assert flood.counted[200] == pytest.approx(flood.let_in(10, 10), rel=0.1), flood.counted
    assert flood.counted[429] > 20
    assert flood.last is not None and flood.last.headers["retry-after"] == "1"
    assert set(other.counted) == {200} and other.counted[200] > 5
    assert edge.shell("grep -c limiting /var/log/nginx/error.log || true") == "0"


@contextmanager
def held(project: Project, count: int, text: str) -> Iterator[list[socket.socket]]:
    """Those of so many connections that were taken, once each has said that much and no more."""
    with ExitStack() as stack:
        asked, waiting = {}, select.poll()
        for _ in range(count):
            line = stack.enter_context(socket.socket())
            line.setblocking(False)
            line.connect_ex((project.host.address, 80))
            waiting.register(line, select.POLLOUT)
            asked[line.fileno()] = line
        lines = []
        while taken := waiting.poll(500):
            for number, _ in taken:
                waiting.unregister(number)
                lines.append(asked[number])
        for line in lines:
            line.settimeout(10)
            line.sendall(text.encode())
        yield lines


def is_over(line: socket.socket) -> bool:
    """Whether the other side let go; waits for it."""
    try:
        while line.recv(4096):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def is_reset(line: socket.socket) -> bool:
    """The same of somebody who does not read."""
    waiting = select.poll()
    waiting.register(line, 0)
    return waiting.poll(10_000) != []


def test_slow_clients_are_let_go_and_others_are_served(edge: Project) -> None:
    slow_body = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\n\r\nx"
    six = f"http://[{edge.host.address6}]/"
    # Whose headers never end: nginx does not count them, the firewall does.
    with held(edge, 400, f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ") as lines:
        assert 100 < len(lines) <= 150
        answer = httpx.get(six, headers={"Host": HOST}, trust_env=False)
        assert answer.status_code == 200, "another address is served"
        assert all(map(is_over, lines))
    with held(edge, 60, slow_body) as lines:
        until(lambda: ask(edge, "/").status_code == 429, "this address has its share", 2)
        answer = httpx.get(six, headers={"Host": HOST}, trust_env=False)
        assert answer.status_code == 200, "another address is served"
        assert all(map(is_over, lines))
        until(lambda: ask(edge, "/").status_code == 200, "it is served again", 5)
    body = "x" * 900_000
    ask_for_much = f"POST /api/echo HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n"
    with held(edge, 1, ask_for_much + body) as lines:
        assert all(map(is_reset, lines)), "who does not read what was asked for"


def test_what_is_too_large_is_refused(edge: Project) -> None:
    assert ask(edge, "/", X_Long="x" * 9000).status_code == 400
    with httpx.Client(base_url=f"http://{edge.host.address}", trust_env=False) as http:
        http.headers.update({"Host": HOST, "X-API-Key": PRO})
        assert http.post("/api/echo", content=b"x" * 2_000_000).status_code == 413
        # By way of nginx's own folder for bodies, and for answers.
        assert http.post("/api/echo", content=b"x" * 900_000).json()["echo"] == "x" * 900_000
    assert ask(edge, "/").status_code == 200
    told = edge.shell("cat /var/log/nginx/error.log")
    assert "too large body" in told and "uninitialized" not in told


def exposures(project: Project) -> dict[str, float]:
    """What `systemd-analyze security` says of each unit, 0 shut in to 10 exposed."""
    told = project.shell("SYSTEMD_COLORS=0 systemd-analyze security --no-pager")
    rows = re.findall(r"^(\S+\.service)\s+([0-9.]+)\s", told, re.MULTILINE)
    return {unit: float(score) for unit, score in rows}


def test_units_are_shut_in(edge: Project) -> None:
    found = exposures(edge)
    assert found["nginx.service"] <= 3.0
    ours = {unit: score for unit, score in found.items() if re.match("mini-.*-(blue|green)", unit)}
    assert len(ours) >= 4 and max(ours.values()) <= 1.5, ours
    # In force, and not only written.
    flags = "for pid in $(pgrep nginx); do grep NoNewPrivs /proc/$pid/status; done | sort -u"
    assert edge.shell(flags).split() == ["NoNewPrivs:", "1"]
    log = "/var/log/nginx/mini.log"
    edge.shell("logrotate --force /etc/logrotate.d/nginx")
    assert '"status":' in edge.shell(f"zcat -f {log}.1*")
    until(lambda: edge.shell(f"stat -c %U {log}") == "www-data", "nginx opens its log anew", 5)
    assert ask(edge, "/").status_code == 200
    assert '"status":200' in edge.shell(f"cat {log}")


def inside(project: Project, slot: str, account: str, *commands: str) -> list[str]:
    """What each command says with a service's eyes and rights, in a line."""
    told = " ".join(map(shlex.quote, commands))
    answer = project.shell(
        f"pid=$(systemctl show -p MainPID --value mini-{slot}.service); for command in {told}; do "
        f"nsenter --target $pid --mount setpriv --reuid {account} --regid {account} --clear-groups "
        "sh -c \"$command\" 2>&1 | tr '\\n' ' '; echo; done"
    )
    return [line.strip() for line in answer.splitlines()]


def test_a_service_sees_its_own_and_nothing_else(edge: Project) -> None:
    live = "basename -a $(readlink /srv/mini/traffic/live/services/backend live/services/web)"
    backend, web = edge.shell(f"cd /srv/mini/traffic; {live}").split()
    own, kept = f"/srv/mini/slots/{backend}", "/var/lib/mini-backend/uploads/kept"
    shut = ("/etc/higuera", "/var/lib/higuera", "/run/higuera", "/etc/nginx/higuera")
    seen, written, refused, *hidden = inside(
        edge,
        backend,
        "mini-backend",
        "find /srv -mindepth 1 -type d | sort",
        f"echo kept >{kept} && cat {kept}",
        f"touch {own}/x",
        *(f"ls {path}/" for path in shut),
    )
    assert seen.split() == ["/srv/mini", "/srv/mini/slots", own]
    assert written == "kept"
    assert "Read-only file system" in refused
    assert [("Permission denied" in line) for line in hidden] == [True] * len(shut), hidden
    (environment,) = inside(edge, backend, "root", f"cat /etc/higuera/mini/{backend}.env")
    assert "No such file" in environment, "not even root would there"
    (foreign,) = inside(edge, web, "mini-web", f"cat {kept}")
    assert "Permission denied" in foreign
    variables = f"/proc/$(systemctl show -p MainPID --value mini-{backend}.service)/environ"
    told = edge.shell(f"tr '\\0' '\\n' <{variables}").splitlines()
    assert "UPLOADS_DIR=/var/lib/mini-backend/uploads" in told


def test_gixy_finds_nothing_in_what_is_really_there(edge: Project, tmp_path: Path) -> None:
    vps = edge.host
    command = ["ssh", "-q", "-i", str(vps.key), "-o", f"UserKnownHostsFile={vps.known_hosts}"]
    packed = subprocess.run(
        [*command, f"root@{vps.address}", "tar -C /etc/nginx -chf - ."],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    ).stdout
    subprocess.run(["tar", "-C", str(tmp_path), "-xf", "-"], input=packed, check=True)
    done = subprocess.run(
        [str(BIN / "gixy"), "-ll", "-f", "json", str(tmp_path / "nginx.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout) == [], done.stdout


def test_another_sandbox_waits_for_the_next_start(edge: Project) -> None:
    """And a new release finds the files that the old one wrote."""
    edge.edit("inventory/stack.yml", "  connections: 40", "  hardening: false\n  connections: 40")
    edge.edit("app/backend/server.js", "VERSION = 'one'", "VERSION = 'two'")
    pid = edge.shell("cat /run/nginx.pid")
    printed = edge.deployed()
    assert "nginx runs with another sandbox" in printed
    assert edge.shell("cat /run/nginx.pid") == pid
    assert ask(edge, "/api/version").json()["version"] == "two"
    assert edge.shell("cat /var/lib/mini-backend/uploads/kept") == "kept"
    assert edge.plan() == []
    edge.shell("systemctl restart nginx")
    assert "another sandbox" not in edge.deployed()
    assert "NoNewPrivs:\t0" in edge.shell("grep NoNewPrivs /proc/$(cat /run/nginx.pid)/status")
    assert ask(edge, "/").status_code == 200

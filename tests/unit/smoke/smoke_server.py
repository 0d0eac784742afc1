"""A small forms app over real HTTP, with a switch for each way in which a release goes wrong."""

import contextlib
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from higuera.smoke import Limits, Report, Status, Target, load_checks, run_checks
from higuera.smoke.loader import Check

EMAIL = "Smoke+canary-7f3e@example.com"
PASSWORD = 'canary/"pä ss&word'
SECRETS = {"SMOKE_EMAIL": EMAIL, "SMOKE_PASSWORD": PASSWORD}
SETTINGS: dict[str, dict[str, Any]] = {
    "login": {
        "path": "/api/auth/login",
        "me": "/api/auth/me",
        "logout": "/api/auth/logout",
        "cookie": "session",
        "email": "SMOKE_EMAIL",
        "password": "SMOKE_PASSWORD",
    },
    "forms": {"path": "/api/forms"},
    "forms_map": {"path": "/api/forms-map"},
    "page": {"path": "/", "contains": "Forms"},
}
ONCE = Limits(check=30.0, pause=30.0)  # one attempt, with time enough on a busy machine
BRIEF = Limits(check=2.0)  # retries, and a deadline that is soon reached


@dataclass
class App:
    """The state of one server. `faults` are the switches; `url` is where it listens."""

    faults: set[str] = field(default_factory=set)
    unavailable: int = 0  # so many requests are answered 503 first
    email: str = EMAIL
    password: str = PASSWORD
    tls: bool = False
    sessions: set[str] = field(default_factory=set)
    forms: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[tuple[str, Mapping[str, str]]] = field(default_factory=list, repr=False)
    url: str = ""

    def cookie(self) -> str:
        value = secrets.token_hex(16)
        self.sessions.add(value)
        flags = ["Path=/api" if "cookie path" in self.faults else "Path=/"]
        flags += [] if "script cookie" in self.faults else ["HttpOnly"]
        flags += [] if "no samesite" in self.faults else ["SameSite=Lax"]
        flags += ["Secure"] if self.tls and "insecure cookie" not in self.faults else []
        flags += ["Secure"] if "always secure" in self.faults else []
        return "; ".join([f"session={value}", *flags])


class Handler(BaseHTTPRequestHandler):
    app: App

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def answer(self, status: int, body: object = None, **headers: str) -> None:
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        raw = text.encode()
        self.send_response(status)
        kind = "text/html; charset=utf-8" if isinstance(body, str) else "application/json"
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(raw)),
            **headers,
        }.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.send(raw)

    def send(self, raw: bytes) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            if "dripping" not in self.app.faults:
                self.wfile.write(raw)
                return
            for byte in raw * 100:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)

    def body(self) -> dict[str, Any]:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return dict(json.loads(raw)) if raw else {}

    def session(self) -> str | None:
        for pair in (self.headers.get("Cookie") or "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == "session" and value in self.app.sessions:
                return value
        return None

    def route(self) -> None:
        app = self.app
        app.seen.append((f"{self.command} {self.path}", dict(self.headers)))
        sent = self.body()
        if app.unavailable > 0:
            app.unavailable -= 1
            return self.answer(503, {"error": "starting"})
        if "slow" in app.faults:
            time.sleep(3.0)
        for prefix, function in ROUTES.items():
            method, path = prefix.split()
            if self.command == method and (self.path == path or self.path.startswith(f"{path}/")):
                return function(self, app, sent)
        return self.answer(404, {"error": "no such route"})

    do_GET = do_POST = do_DELETE = route  # noqa: N815


def _login(handler: Handler, app: App, sent: dict[str, Any]) -> None:
    if "echo" in app.faults:
        return handler.answer(500, {"error": "cannot insert", "row": sent, "raw": str(sent)})
    right = sent == {"email": app.email, "password": app.password}
    if not right and "any password" not in app.faults:
        extra = {"Set_Cookie": app.cookie()} if "cookie for anyone" in app.faults else {}
        return handler.answer(401, {"error": "wrong"}, **extra)
    if "no cookie" in app.faults:
        return handler.answer(200, {"user": {"id": 1, "email": app.email}})
    return handler.answer(
        200, {"user": {"id": 1, "email": app.email.lower()}}, Set_Cookie=app.cookie()
    )


def _me(handler: Handler, app: App, sent: dict[str, Any]) -> None:
    if handler.session() is None and "me for anyone" not in app.faults:
        return handler.answer(401, {"error": "signed out"})
    other = "wrong user" in app.faults
    return handler.answer(
        200, {"user": {"id": 1, "email": "other@x" if other else app.email.lower()}}
    )


def _logout(handler: Handler, app: App, sent: dict[str, Any]) -> None:
    session = handler.session()
    if session is not None and "immortal session" not in app.faults:
        app.sessions.discard(session)
    return handler.answer(204, None, Set_Cookie="session=; Path=/; Max-Age=0")


def _list(handler: Handler, app: App, sent: dict[str, Any]) -> None:
    return handler.answer(200, {"forms": list(app.forms.values())})


def _write(handler: Handler, app: App, sent: dict[str, Any]) -> None:
    if handler.session() is None:
        return handler.answer(401, {"error": "signed out"})
    form = {"id": secrets.token_hex(4), **sent, "createdAt": "2026-11-23T12:00:00Z"}
    if "lost writes" not in app.faults:
        app.forms[form["id"]] = form
    if "late write" in app.faults:
        time.sleep(1.5)  # the row is there, the answer comes too late
    if "write status" in app.faults:
        return handler.answer(200, {"form": form})
    return handler.answer(201, {"form": form})


def _delete(handler: Handler, app: App, sent: dict[str, Any]) -> None:
    if handler.session() is None:
        return handler.answer(401, {"error": "signed out"})
    if "lost deletes" not in app.faults:
        app.forms.pop(handler.path.rsplit("/", 1)[1], None)
    return handler.answer(204)


def _map(handler: Handler, app: App, sent: dict[str, Any]) -> None:
    forms: object = ["contact"] if "map list" in app.faults else {"contact": "a1"}
    return handler.answer(200, {"forms": forms})


def _health(handler: Handler, app: App, sent: dict[str, Any]) -> None:
    if "no database" in app.faults:
        return handler.answer(200, {"status": "ok", "database": "unreachable"})
    return handler.answer(200, {"status": "ok", "database": "reachable"})


def _page(handler: Handler, app: App, sent: dict[str, Any]) -> None:
    if "redirect" in app.faults:
        return handler.answer(307, "", Location="/maintenance")
    if "wrong page" in app.faults:
        return handler.answer(200, "<h1>Welcome to nginx!</h1>")
    return handler.answer(200, "<h1>Forms</h1>")


ROUTES: dict[str, Callable[[Handler, App, dict[str, Any]], None]] = {
    "POST /api/auth/login": _login,
    "GET /api/auth/me": _me,
    "POST /api/auth/logout": _logout,
    "GET /api/forms": _list,
    "POST /api/forms": _write,
    "DELETE /api/forms": _delete,
    "GET /api/forms-map": _map,
    "GET /api/health": _health,
    "GET /": _page,
}


@contextlib.contextmanager
def serving(*faults: str, unavailable: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[App]:
    """Serve an app on a free port of the loopback address."""
    app = App(faults=set(faults), unavailable=unavailable, tls=tls is not None)
    handler = type("BoundHandler", (Handler,), {"app": app})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        app.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield app
        finally:
            server.shutdown()
            thread.join()


def target_of(url: str, **changes: Any) -> Target:
    given: dict[str, Any] = {
        "base_url": url,
        "health": ["/api/health"],
        "settings": SETTINGS,
        "secrets": SECRETS.__getitem__,
    }
    return Target(**(given | changes))


def checks(*names: str) -> list[Check]:
    """The repository's own checks, all or those named."""
    found = load_checks(Path(__file__).parent)
    return [check for check in found if not names or check.name in names]


def failures(report: Report) -> dict[str, str]:
    """What failed, and with which sentence."""
    return {each.name: each.detail for each in report.outcomes if each.status is Status.FAILED}


def run(app: App, *names: str, limits: Limits = ONCE, **changes: Any) -> Report:
    return run_checks(checks(*names), target_of(app.url, **changes), limits)

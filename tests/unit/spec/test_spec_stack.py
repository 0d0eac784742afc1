"""What a stack holds together: routes, jobs, ports, runtimes, names."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from spec_files import GONE, SERVICE, STACK, Project, changed, new_project

from higuera.errors import SpecError
from higuera.spec.stack import SOCKET_PATH_LIMIT, Stack, route_slug


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return new_project(tmp_path, monkeypatch)


def fault(stack: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as raised:
        Stack.model_validate(stack)
    (finding,) = raised.value.errors()
    return str(finding["msg"])


def test_fault_of_the_whole_has_the_file(project: Project) -> None:
    project.change("routes", {"/": "wbe"})
    with pytest.raises(SpecError) as raised:
        project.load()
    assert str(raised.value) == (
        "inventory/stack.yml:25: routes./: no service wbe (there are: backend, web)"
    )


@pytest.mark.parametrize("job", ["migrate", "seed"])
def test_job_of_no_service(job: str) -> None:
    stack = changed(STACK, f"database.{job}.service", "worker")
    assert f"database.{job}.service: no service worker (there are: backend, web)" in fault(stack)


@pytest.mark.parametrize(
    ("ports", "clash"),
    [
        (
            {"backend": 3000, "web": 3000},
            "services.web.port (blue): port 3000 is taken by services.backend.port (blue)",
        ),
        (
            {"backend": 3000, "web": 3100},
            "services.web.port (blue): port 3100 is taken by services.backend.port (green)",
        ),
        (
            {"backend": 3100, "web": 3000},
            "services.web.port (green): port 3100 is taken by services.backend.port (blue)",
        ),
        (
            {"backend": 8099, "web": 3000},
            "services.backend.port (blue): port 8099 is taken by nginx.status_port",
        ),
        (
            {"backend": 3000, "web": 7999},
            "services.web.port (green): port 8099 is taken by nginx.status_port",
        ),
    ],
)
def test_ports_that_collide(ports: dict[str, int], clash: str) -> None:
    stack = STACK
    for name, port in ports.items():
        stack = changed(stack, f"services.{name}.port", port)
    assert clash in fault(stack)


def test_ports_that_do_not_collide() -> None:
    stack = changed(changed(STACK, "services.web.port", 8099), "nginx.status_port", 8100)
    loaded = Stack.model_validate(changed(stack, "services.backend.port", 8101))
    assert loaded.services["web"].port_of("green") == 8199


def test_runtime_without_a_version() -> None:
    assert "services.backend.runtime: runtimes.node gives no version" in fault(
        changed(STACK, "runtimes.node", GONE)
    )


def test_account_has_32_characters_at_most() -> None:
    services = {"x" * 20: SERVICE}
    stack = {**STACK, "services": services, "routes": {"/": "x" * 20}, "database": None}
    assert Stack.model_validate({**stack, "app": "a" * 11}).account("x" * 20)
    assert f"services.{'x' * 20}: the account {'a' * 12}-{'x' * 20} is over 32" in fault(
        {**stack, "app": "a" * 12}
    )


def test_socket_path_has_107_bytes_at_most() -> None:
    for length in range(1, SOCKET_PATH_LIMIT):
        route = f"/{'r' * length}/"
        stack = changed(STACK, "routes", {route: "backend", "/": "web"})
        path = f"/srv/forms/traffic/candidate/{'r' * length}/00.sock"
        if len(path) <= SOCKET_PATH_LIMIT:
            Stack.model_validate(stack)
        else:
            assert f"{path}: a socket path has 107 bytes at most" in fault(stack)


@pytest.mark.parametrize(
    ("routes", "sentence"),
    [
        ({"/api": "backend", "/": "web"}, "/api: a route should start and end with /"),
        ({"api/": "backend", "/": "web"}, "api/: a route should start and end with /"),
        ({"": "backend", "/": "web"}, ": a route should start and end with /"),
        ({"/a b/": "backend", "/": "web"}, "/a b/: a route is made of letters"),
        ({"/a;b/": "backend", "/": "web"}, "/a;b/: a route is made of letters"),
        ({"/../": "backend", "/": "web"}, "/../: a route is made of letters"),
        ({"/ñ/": "backend", "/": "web"}, "/ñ/: a route is made of letters"),
        ({"/²/": "backend", "/": "web"}, "/²/: a route is made of letters"),
        ({"/-/": "backend", "/": "web"}, "/-/: a route is made of letters"),
        ({"/a/\n": "backend", "/": "web"}, "a route should start and end with /"),
        ({"//": "backend", "/": "web"}, "//: a route is made of letters"),
        ({"/api//v1/": "backend", "/": "web"}, "/api//v1/: a route is made of letters"),
        ({"/api/": "backend"}, "one route has to be /"),
        ({"/services/": "backend", "/": "web"}, "/services/: a traffic plan has a folder of"),
        ({"/Runs/": "backend", "/": "web"}, "/runs/: a traffic plan has a folder of its own"),
        ({"/release/": "backend", "/": "web"}, "/release/: a traffic plan has a folder of its"),
        ({"/root/": "backend", "/": "web"}, "two routes share the folder name root"),
        ({"/a-b/": "backend", "/a/b/": "web", "/": "web"}, "two routes share the folder name a-b"),
        ({"/A/": "backend", "/a/": "web", "/": "web"}, "two routes share the folder name a"),
        ({"/a_b/": "backend", "/a-b/": "web", "/": "web"}, "two routes share the folder name a-b"),
    ],
)
def test_routes(routes: dict[str, str], sentence: str) -> None:
    assert sentence in fault(changed(STACK, "routes", routes))


@pytest.mark.parametrize(
    ("prefix", "slug"),
    [("/", "root"), ("/api/", "api"), ("/v1/Publish/", "v1-publish"), ("/_next/", "-next")],
)
def test_route_slug(prefix: str, slug: str) -> None:
    assert route_slug(prefix) == slug


def test_longest_route_takes_the_path() -> None:
    stack = Stack.model_validate(changed(STACK, "routes", {"/": "web", "/api/": "backend"}))
    assert stack.service_at("/api/health") == "backend"
    assert stack.service_at("/api") == "backend"
    assert stack.service_at("/apis") == "web"
    assert stack.public_health() == ["/api/health", "/"]


def test_health_that_another_service_answers_is_not_public() -> None:
    stack = Stack.model_validate(changed(STACK, "services.web.health", "/api/web"))
    assert stack.public_health() == ["/api/health"]


def test_secret_names_once_in_the_order_of_the_file() -> None:
    assert Stack.model_validate(STACK).secret_names() == [
        "DATABASE_URL",
        "SESSION_SECRET",
        "SMOKE_EMAIL",
        "SMOKE_PASSWORD",
    ]


def test_secret_names_of_the_smoke_checks() -> None:
    names = Stack.model_validate(STACK).smoke_secret_names()
    assert names == ["SMOKE_EMAIL", "SMOKE_PASSWORD"]


def test_secret_names_of_the_smallest_stack() -> None:
    stack = changed(changed(STACK, "database", GONE), "smoke", GONE)
    stack = changed(stack, "services.backend.secrets", [])
    assert Stack.model_validate(stack).secret_names() == []


@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("NODE_OPTIONS=--x node server.js", "is run with exec; give NODE_OPTIONS in env"),
        ("cd apps/web && node server.js", "a folder is env -C FOLDER COMMAND"),
        ("node migrate.js && node server.js", "so no &&; write a script for more"),
        ("node server.js; true", "so no ;"),
        ("node server.js | tee log", "so no |"),
        ("node server.js &", "so no &"),
        ("exec node server.js", "is run with exec already; leave that word out"),
        ("# later", "should be a command"),
        (" ", "should be a command"),
    ],
)
def test_a_service_is_one_command(start: str, told: str) -> None:
    assert told in fault(changed(STACK, "services.web.start", start))


@pytest.mark.parametrize(
    "start",
    [
        "node server.js",
        "env -C apps/web A=1 node server.js",
        "node server.js 2>&1",
        "node -e 'a && b; c | d'",
        "node --import=./x.js server.js",
    ],
)
def test_what_is_one_command(start: str) -> None:
    stack = Stack.model_validate(changed(STACK, "services.web.start", start))
    assert stack.services["web"].start == start

"""What the edge does, asked of the real nginx: headers, CORS, limits, tiers, names."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from render_stacks import ENVIRONMENT, stack_data
from served_edge import Answer, Ask, served

from higuera.errors import SecretError
from higuera.render.limits import keys_files
from higuera.render.nginx import generation_id, nginx_files, sandbox_file
from higuera.spec.environment import Environment
from higuera.spec.nginx import HEADERS
from higuera.spec.secrets import Secrets
from higuera.spec.stack import Stack

PRO, FREE = "pro-0123456789abcdef", "free-0123456789abcdef"
TIERS = {
    "routes": ["/api/"],
    "keys": "API_KEYS",
    "without_key": "free",
    "rates": {"free": {"minute": 5, "burst": 1}, "pro": {"minute": 12, "burst": 9}},
}
HOME = {"Origin": "https://app.example.com"}
STRANGER = {"Origin": "https://app.example.com.evil.example"}
NAMED = Environment.model_validate({"host": "a", "domains": ["forms.example.com"]})
TLS = Environment.model_validate(
    {
        "host": "a",
        "domains": ["forms.example.com"],
        "redirects": {"www.forms.example.com": "forms.example.com"},
        "tls": "acme",
    }
)


def stack(**nginx: Any) -> Stack:
    return Stack.model_validate({**stack_data(), "nginx": nginx})


def secrets(given: Stack, keys: str = f"{PRO}=pro\n{FREE}=free") -> Secrets:
    return Secrets({**dict.fromkeys(given.secret_names(), "x"), "API_KEYS": keys})


def answers(folder: Path, asks: list[Ask], **nginx: Any) -> list[Answer]:
    given = stack(**nginx)
    files = nginx_files(given, NAMED, None, secrets(given))
    return served(folder, files, given.paths.traffic, asks)


def logged(folder: Path) -> list[dict[str, Any]]:
    """What nginx wrote down; its workers write when they are through, in any order."""
    log = (folder / "logs" / "forms.log").read_text().splitlines()
    return [json.loads(line) for line in log]


def test_headers_are_added_and_never_replaced(tmp_path: Path) -> None:
    bare, own, candidate, missing = answers(
        tmp_path,
        [
            Ask(),
            Ask("/api/own"),
            Ask("/api/own", client="127.0.0.1", to="127.0.0.1", port=8098),
            Ask("/_next/static/none.js"),
        ],
        headers={"Referrer-Policy": False, "X-Content-Type-Options": "nosniff", "X-Own": 'a "b"'},
    )
    wanted = {**HEADERS, "X-Own": 'a "b"'}
    del wanted["Referrer-Policy"]
    for answer in (bare, missing):
        assert {name: answer.one(name) for name in wanted} == wanted
        assert answer.all("Referrer-Policy") == answer.all("Access-Control-Allow-Origin") == []
    assert missing.status == 404
    for answer in (own, candidate):
        assert answer.all("X-Frame-Options") == ["DENY"]
        assert answer.one("X-Own") == 'a "b"'
        assert answer.all("X-Powered-By") == []
        # Without an allow-list here, CORS is the app's business.
        assert answer.all("Access-Control-Allow-Origin") == ["*"]


def test_a_route_without_its_slash_is_the_route(tmp_path: Path) -> None:
    """And no redirect: whoever follows it comes back without what was posted."""
    asks = [Ask("/api", "POST"), Ask("/api?x=1", "POST"), Ask("/apix", "POST")]
    found = answers(tmp_path, asks)
    assert [answer.status for answer in found] == [200, 200, 200]
    routes = {line["uri"]: line["route"] for line in logged(tmp_path)}
    assert routes == {"/api": "/api/", "/apix": "/"}


def test_the_log_has_paths_as_they_were_asked_for(tmp_path: Path) -> None:
    asks = [Ask("/_next/static/none.js"), Ask("/own"), Ask("/api")]
    answers(tmp_path, asks)
    assert {line["uri"] for line in logged(tmp_path)} == {ask.path for ask in asks}


def test_two_services_share_a_static_prefix(tmp_path: Path) -> None:
    data = stack_data()
    data["services"]["admin"] = {**data["services"]["web"], "port": 3002}
    given = Stack.model_validate(data)
    for folder in given.static()["/_next/static/"]:
        file = tmp_path / "t/live/services" / folder / f"{folder.split('/')[0]}.js"
        file.parent.mkdir(parents=True)
        file.write_text(folder)
    asks = [Ask(f"/_next/static/{name}.js") for name in ("web", "admin", "none")]
    found = served(tmp_path, nginx_files(given, NAMED), given.paths.traffic, asks)
    assert [(answer.status, answer.body.split("/")[0]) for answer in found[:2]] == [
        (200, "web"),
        (200, "admin"),
    ]
    assert found[2].status == 404


@pytest.mark.parametrize("on", [True, False])
def test_texts_are_packed_for_those_who_read_that(tmp_path: Path, on: bool) -> None:
    packed, plain = answers(tmp_path, [Ask(headers={"Accept-Encoding": "gzip"}), Ask()], gzip=on)
    assert packed.all("Content-Encoding") == (["gzip"] if on else [])
    assert packed.body.startswith("{") is not on
    assert plain.all("Content-Encoding") == [] and json.loads(plain.body)
    assert plain.all("Vary") == (["Accept-Encoding"] if on else [])


def test_a_limit_without_a_burst(tmp_path: Path) -> None:
    found = answers(tmp_path, [Ask(times=3)], limits={"/api/": {"minute": 60, "burst": 0}})
    assert [answer.status for answer in found] == [200, 429, 429]


def test_what_outsiders_claim_does_not_reach_the_app(tmp_path: Path) -> None:
    claims = {
        "Forwarded": "for=198.51.100.9;proto=https",
        "X-Forwarded-For": "198.51.100.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Real-IP": "198.51.100.9",
        "X-Middleware-Subrequest": "middleware",
        "X-Original-URL": "/admin",
        "X-Forwarded-User": "admin",
        "Remote-User": "admin",
        "X-Of-Mine": "admin",
    }
    told = {"X-Auth-Request-User": "ana"}  # by a proxy in front that asks who it is
    keys = {"dropped_headers": ["X-Of-Mine"], "passed_headers": ["x-auth-request-user"]}
    (answer,) = answers(tmp_path, [Ask(headers={**claims, **told})], **keys)
    got = json.loads(answer.body)
    assert not [name for name, value in got.items() if value in claims.values()]
    assert got["x-forwarded-for"] == got["x-real-ip"] == "192.0.2.1"
    assert (got["x-forwarded-proto"], got["x-forwarded-host"]) == ("http", "forms.example.com")
    assert "forwarded" not in got
    assert got["x-auth-request-user"] == "ana"


def test_a_connection_is_handed_over_for_a_websocket_alone(tmp_path: Path) -> None:
    told = {"h2c": None, "websocket, h2c": None, "websocket": "upgrade", "WebSocket": "upgrade"}
    asks = [Ask(headers={"Upgrade": word, "Connection": "Upgrade"}) for word in told]
    for answer, (word, connection) in zip(answers(tmp_path, asks), told.items(), strict=True):
        got = json.loads(answer.body)
        assert got.get("upgrade") == (word if connection else None)
        assert got.get("connection") == connection


def preflight(origin: dict[str, str], path: str = "/api/own") -> Ask:
    return Ask(path, "OPTIONS", {**origin, "Access-Control-Request-Method": "PUT"})


def test_cors_answers_who_is_on_the_list_and_nobody_else(tmp_path: Path) -> None:
    cors: dict[str, Any] = {
        "/api/": {
            "origins": ["https://app.example.com", "http://localhost:5173"],
            "methods": ["GET", "PUT"],
            "headers": ["Content-Type", "X-API-Key"],
            "credentials": True,
        },
        "/_next/static/": {"origins": ["*"]},
    }
    asks = [
        preflight(HOME),
        preflight(STRANGER),
        Ask("/api/own", headers=HOME),
        Ask("/api/own", headers=STRANGER),
        Ask("/api/own", headers={"Origin": "null"}),
        Ask("/api/own"),
        Ask("/own", headers=HOME),
        Ask("/_next/static/none.js", headers=STRANGER),
        Ask("/api/x", "OPTIONS", HOME),
        Ask("/api/own", headers=HOME, client="127.0.0.1", to="127.0.0.1", port=8098),
    ]
    first, refused, home, stranger, null, none, elsewhere, open_, no_preflight, candidate = answers(
        tmp_path, asks, cors=cors
    )
    assert (first.status, first.body, first.one("Vary")) == (204, "", "Origin")
    told = {
        "Access-Control-Allow-Origin": "https://app.example.com",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "GET, PUT",
        "Access-Control-Allow-Headers": "Content-Type, X-API-Key",
        "Access-Control-Max-Age": "600",
    }
    assert {name: first.one(name) for name in told} == told
    assert first.one("X-Content-Type-Options") == "nosniff"
    for answer in (refused, stranger, null, none):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
        assert "Origin" in answer.all("Vary")
    for answer in (home, candidate):
        assert answer.all("Access-Control-Allow-Origin") == ["https://app.example.com"]
        assert answer.one("Access-Control-Expose-Headers") == "X-Request-Id, Retry-After"
        assert answer.all("Access-Control-Allow-Methods") == []
    assert elsewhere.all("Access-Control-Allow-Origin") == ["*"], "the app's own, on another route"
    assert open_.all("Access-Control-Allow-Origin") == ["*"]
    assert open_.all("Access-Control-Allow-Credentials") == []
    assert no_preflight.status == 200, "an OPTIONS that asks for no method is the app's"


def statuses(found: list[Answer]) -> list[int]:
    return [answer.status for answer in found]


def test_tiers_count_by_key_and_by_address_without(tmp_path: Path) -> None:
    pro, spelt, free = ({"X-API-Key": key} for key in (PRO, PRO.upper(), FREE))
    found = answers(
        tmp_path,
        [
            Ask(headers=pro, times=6),
            Ask(headers=spelt, client="192.0.2.2", times=6),
            Ask(headers=free, times=3),
            Ask(times=2),
            Ask(headers={"X-API-Key": "made-up-0123456789abcdef", **HOME}),
            preflight(HOME),
            Ask(client="192.0.2.2", times=1),
            Ask("/other", times=3),
            Ask(client="127.0.0.1", to="127.0.0.1", times=4),
        ],
        tiers=TIERS,
        cors={"/api/": {"origins": ["https://app.example.com"]}},
    )
    assert statuses(found) == [200] * 10 + [429] * 2 + [200, 200, 429] + [200, 200] + [429, 204] + [
        200
    ] * (1 + 3 + 4)
    limited = found[17]
    assert limited.one("Retry-After") == "12"
    assert json.loads(limited.body) == {"error": "too many requests", "retry_after": 12}
    assert limited.one("Content-Type") == "application/json"
    assert limited.one("Access-Control-Allow-Origin") == "https://app.example.com"
    assert limited.one("X-Content-Type-Options") == "nosniff"
    assert found[10].one("Retry-After") == "5"


def test_an_address_of_ipv6_is_its_network(tmp_path: Path) -> None:
    found = answers(
        tmp_path,
        [
            Ask(client="2001:db8::1", times=2),
            Ask(client="2001:db8::ffff:2"),
            Ask(client="2001:db8:0:1::1"),
            Ask(client="192.0.2.1", times=2),
            Ask(client="192.0.2.1", times=1),
            Ask(client="192.0.2.2"),
            Ask(client="::1", to="::1", times=4),
        ],
        limits={"/api/": {"minute": 30, "burst": 1}},
    )
    assert statuses(found) == [200, 200, 429, 200, 200, 200, 429, 200] + [200] * 4
    assert found[2].one("Retry-After") == "2"


def test_who_asks_for_no_name_of_ours_is_hung_up_on(tmp_path: Path) -> None:
    asks = [
        Ask(headers={"Host": "192.0.2.1"}),
        Ask(headers={"Host": "localhost"}),
        Ask(headers={"Host": "FORMS.example.com:80"}),
        Ask(client="127.0.0.1", to="127.0.0.1", headers={"Host": "127.0.0.1"}),
        Ask(client="::1", to="::1", headers={"Host": "localhost"}),
    ]
    assert statuses(answers(tmp_path / "shut", asks)) == [0, 0, 200, 200, 200]
    assert statuses(answers(tmp_path / "open", asks, unknown_hosts=True)) == [200] * 5


EVERYTHING: dict[str, Any] = {
    "tiers": TIERS,
    "limits": {"/": {"minute": 60}, "/api/": {"minute": 60}},
    "cors": {"/api/": {"origins": ["https://a.example"], "credentials": True}},
}


def gixy(folder: Path, nginx: dict[str, Any], environment: Environment, edit: str = "") -> str:
    """What it finds at medium severity or above."""
    shutil.copytree("/etc/nginx", folder, symlinks=True, dirs_exist_ok=True)
    given = stack(**nginx)
    for file in nginx_files(given, environment, None, secrets(given)):
        path = folder / file.path.removeprefix("/etc/nginx/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(file.text.replace("Host $host;", edit or "Host $host;"))
    program, conf = Path(sys.executable).parent / "gixy", folder / "nginx.conf"
    command = [str(program), "-ll", "-f", "json", str(conf)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == (done.stdout.strip() != "[]"), done.stderr
    return done.stdout


@pytest.mark.parametrize("nginx", [{}, EVERYTHING], ids=["defaults", "everything"])
@pytest.mark.parametrize("environment", [NAMED, ENVIRONMENT, TLS], ids=["named", "any", "tls"])
def test_gixy_finds_nothing(
    tmp_path: Path, nginx: dict[str, Any], environment: Environment
) -> None:
    assert json.loads(gixy(tmp_path, nginx, environment)) == []


def test_gixy_sees_a_fault(tmp_path: Path) -> None:
    assert "host_spoofing" in gixy(tmp_path, {}, NAMED, edit="Host $http_host;")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("short=pro", "entry 1: should be KEY=TIER, the key 16 to 200 letters, digits and"),
        (f"{PRO}=pro {FREE}", "entry 2: should be KEY=TIER"),
        (f'{PRO}";}}=pro', "entry 1: should be KEY=TIER"),
        (f"~{PRO}=pro", "entry 1: should be KEY=TIER"),
        (f"{PRO}=gold", "entry 1: its tier is none of free, pro"),
        (f"{PRO}=pro {PRO.upper()}=free", "entry 2: the same key stands before"),
    ],
)
def test_a_key_that_nginx_would_misread_is_refused_unseen(keys: str, told: str) -> None:
    given = stack(tiers=TIERS)
    with pytest.raises(SecretError, match=told) as error:
        keys_files(given, secrets(given, keys))
    assert "0123456789" not in str(error.value)


def test_keys_are_in_their_own_file_and_change_the_generation() -> None:
    given = stack(tiers=TIERS)
    one, two = secrets(given), secrets(given, f"{PRO}=pro")
    plain = [file for file in nginx_files(given, NAMED, None, one) if not file.secret]
    assert not [file.path for file in plain if PRO in file.text]
    (keys,) = keys_files(given, one)
    assert (keys.mode, keys.owner, keys.secret) == ("0600", "root:root", True)
    assert keys.text == f'"{PRO}" "pro 1";\n"{FREE}" "free 2";\n'
    assert generation_id(given, NAMED, None, one) != generation_id(given, NAMED, None, two)


@pytest.mark.parametrize("others", [True, False])
def test_every_request_is_logged_unless_that_is_off(others: bool) -> None:
    given = Stack.model_validate({**stack_data(), "settings": {"logs": {"others": others}}})
    text = "".join(file.text for file in nginx_files(given, NAMED))
    assert ("access_log off;" in text) != others
    # the candidate, the status, nobody's name
    assert text.count("access_log /var/log/nginx/access.log combined;") == (3 if others else 0)


def test_the_sandbox_can_be_turned_off() -> None:
    assert "ProtectSystem=strict" in sandbox_file(stack()).text
    off = sandbox_file(stack(hardening=False))
    assert [line for line in off.text.splitlines() if not line.startswith("#")] == []

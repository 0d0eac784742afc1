"""What the nginx section refuses, and what it makes of what it takes."""

from typing import Any

import pytest
from pydantic import ValidationError
from spec_files import STACK

from higuera.spec.limits import Rate, keys_of
from higuera.spec.nginx import HEADERS, Nginx
from higuera.spec.secrets import _make_up
from higuera.spec.service import Service
from higuera.spec.stack import Stack
from higuera.spec.stand_ins import stand_ins
from higuera.spec.usage import users_of

TIERS: dict[str, Any] = {
    "routes": ["/api/"],
    "keys": "API_KEYS",
    "without_key": "free",
    "rates": {"free": {"minute": 5}, "pro": {"minute": 60}},
}


def stack(**nginx: Any) -> Stack:
    return Stack.model_validate({**STACK, "nginx": nginx})


def cors(**more: Any) -> dict[str, Any]:
    return {"cors": {"/api/": {"origins": ["https://a.example"], **more}}}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"limits": {"/v1/": {"minute": 5}}}, "nginx.limits: no route /v1/ (there are: /api/, /)"),
        ({"cors": {"/x/": {"origins": ["*"]}}}, "nginx.cors: no route /x/ (there are: /api/, /)"),
        ({"tiers": {**TIERS, "routes": ["/x/"]}}, "nginx.tiers.routes: no route /x/"),
        ({"tiers": {**TIERS, "without_key": "xx"}}, "no tier xx (there are: free, pro)"),
        ({"limits": {"/": {"minute": 0}}}, "greater than or equal to 1"),
        ({"tcp_connections": 8}, "greater than or equal to 16"),  # a browser alone opens six
        ({"header_limit": "1G"}, "should match pattern"),  # nginx reads no G there
        ({"headers": {"X-A": "a$b"}}, "should match pattern"),
        ({"headers": {"X-A": "a\nb"}}, "should match pattern"),
        ({"headers": {"X A": "a"}}, "should match pattern"),
        ({"headers": {"X-A": True}}, "a header has a text, or is off"),
        ({"headers": {"cache-control": "no-store"}}, "Cache-Control is of the edge itself"),
        ({"headers": {"Strict-Transport-Security": False}}, "is of the edge itself: tls.hsts"),
        ({"passed_headers": ["X-Forwarded-Proto"]}, "X-Forwarded-Proto is none of dropped_headers"),
        (cors(origins=["*"], credentials=True), "* stands alone and goes without credentials"),
        (cors(origins=["*", "https://a.example"]), "* stands alone"),
        (cors(origins=["https://a.example/"]), "should match pattern"),
        (cors(origins=["https://*.example"]), "should match pattern"),
        (cors(origins=["null"]), "should match pattern"),
        (cors(origins=["https://A.example"]), "should match pattern"),
        (cors(methods=["get"]), "should be 'GET'"),
        (cors(headers=["X-A, X-B"]), "should match pattern"),
    ],
)
def test_what_does_not_fit(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as error:
        stack(**given)
    assert told in str(error.value)


def test_headers_go_over_the_defaults_whatever_their_case() -> None:
    nginx = Nginx.model_validate({"headers": {"x-frame-options": False, "X-Own": "1"}})
    wanted = {**HEADERS, "X-Own": "1"}
    del wanted["X-Frame-Options"]
    assert nginx.added_headers() == wanted
    assert Nginx().added_headers() == HEADERS


def test_static_prefixes_may_be_read_by_others_too() -> None:
    web = {**STACK["services"]["web"], "static": {"/widget/": "public"}}
    data = {**STACK, "services": {**STACK["services"], "web": web}}
    nginx = {"cors": {"/widget/": {"origins": ["*"]}}}
    assert Stack.model_validate({**data, "nginx": nginx}).nginx.cors["/widget/"].is_open


def test_two_services_may_share_a_static_prefix() -> None:
    web = {**STACK["services"]["web"], "static": {"/widget/": "public"}}
    admin = {**web, "port": 4000, "static": {"/widget/": "out", "/x/": "x"}}
    found = Stack.model_validate(
        {**STACK, "services": {**STACK["services"], "web": web, "admin": admin}}
    )
    assert found.static() == {"/widget/": ["web/public", "admin/out"], "/x/": ["admin/x"]}


@pytest.mark.parametrize(("minute", "seconds"), [(1, 60), (5, 12), (7, 9), (60, 1), (600, 1)])
def test_when_to_come_again(minute: int, seconds: int) -> None:
    assert Rate(minute=minute).seconds == seconds
    assert Rate(minute=minute).at_once == minute
    assert Rate(minute=minute, burst=0).at_once == 0


def test_api_keys_are_a_secret_like_any_other() -> None:
    given = stack(tiers=TIERS)
    tiers = given.nginx.tiers
    assert tiers is not None
    assert "API_KEYS" in given.secret_names()
    assert users_of(given)["API_KEYS"] == ["nginx"]
    for value in (stand_ins(given).reveal("API_KEYS"), _make_up("API_KEYS", given)):
        assert keys_of(tiers, value)
    assert sorted(keys_of(tiers, _make_up("API_KEYS", given)).values()) == ["free", "pro"]


def test_a_writable_folder_has_a_variable_of_its_own() -> None:
    service = {**STACK["services"]["web"], "writable": ["uploads", "old-files"]}
    found = Service.model_validate(service)
    assert found.folders == {"UPLOADS_DIR": "uploads", "OLD_FILES_DIR": "old-files"}
    assert found.state("forms-web") == "forms-web/uploads forms-web/old-files"
    for taken in ({"env": {"UPLOADS_DIR": "x"}}, {"secrets": ["UPLOADS_DIR"]}):
        with pytest.raises(ValidationError, match="UPLOADS_DIR is set by env or secrets already"):
            Service.model_validate({**service, **taken})

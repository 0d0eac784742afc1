"""The nginx configuration passes the real nginx, and its generation id follows every change."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nginx_prefix import nginx_test
from render_stacks import ENVIRONMENT, STACKS, forms, odd, stack_data

from higuera.render.nginx import BUCKETS, generation_id, nginx_files, stack_conf
from higuera.spec.environment import Environment
from higuera.spec.stack import Stack, route_slug

MANY_DOMAINS = [f"{'a' * 60}.{number}.example.com" for number in range(20)]


def conf(stack: Stack, environment: Environment = ENVIRONMENT) -> str:
    (text,) = (
        file.text for file in nginx_files(stack, environment) if file.path == stack_conf(stack)
    )
    return text


def environment(**more: Any) -> Environment:
    return Environment.model_validate({"host": "vps.example.com", **more})


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("domains", [[], ["forms.example.com"], MANY_DOMAINS])
def test_real_nginx_takes_it(tmp_path: Path, name: str, domains: list[str]) -> None:
    files = nginx_files(STACKS[name](), environment(domains=domains))
    assert nginx_test(tmp_path, files) == ""


def test_real_nginx_takes_the_longest_names(tmp_path: Path) -> None:
    longest = "r" * (107 - len(f"/srv/{'a' * 20}/traffic/candidate//00.sock"))
    data = stack_data()
    data.update(app="a" * 20, routes={f"/{longest}/": "backend", "/": "web"})
    assert nginx_test(tmp_path, nginx_files(Stack.model_validate(data), ENVIRONMENT)) == ""


def test_nginx_test_sees_a_fault(tmp_path: Path) -> None:
    files = nginx_files(forms(), environment())
    broken = [
        type(file)(file.path, file.text.replace("keepalive 32", "keepalife 32")) for file in files
    ]
    assert 'unknown directive "keepalife"' in nginx_test(tmp_path, broken)


@pytest.mark.parametrize("name", STACKS)
def test_twenty_buckets_a_route(name: str) -> None:
    stack = STACKS[name]()
    servers = re.findall(r"server unix:(\S+) max_fails=0;", conf(stack))
    slugs = [route_slug(prefix) for prefix in stack.routes]
    live = [
        f"{stack.paths.traffic}/live/{slug}/{bucket:02d}.sock"
        for slug in slugs
        for bucket in range(20)
    ]
    # A candidate is proven whole, so one bucket of each route will do.
    assert servers == live + [f"{stack.paths.traffic}/candidate/{slug}/00.sock" for slug in slugs]
    assert BUCKETS == 20


def test_buckets_share_all_clients() -> None:
    (body,) = re.findall(r"split_clients [^{]+\{([^}]+)\}", conf(forms()))
    lines = [line.split() for line in body.strip().splitlines()]
    assert lines == [["5%", f"{n:02d};"] for n in range(19)] + [["*", "19;"]]


@pytest.mark.parametrize("name", STACKS)
def test_every_upstream_that_a_route_can_name_exists(name: str) -> None:
    """`proxy_pass http://x_$bucket` with no such upstream is a 502 that `nginx -t` lets pass."""
    text = conf(STACKS[name]())
    upstreams = set(re.findall(r"^upstream (\S+) \{", text, re.MULTILINE))
    passes = re.findall(r"proxy_pass http://(\S+?)\$(\w+)_bucket;", text)
    plain = re.findall(r"proxy_pass http://([^$;]+);", text)
    # Each but / has its path without the slash too.
    assert len(passes) == len(plain) == 2 * len(STACKS[name]().routes) - 1
    live = {f"{before}{n:02d}" for before, _ in passes for n in range(20)}
    assert upstreams == live | set(plain)
    assert live.isdisjoint(plain)
    # nginx looks upstreams up in lower case; what a URL cannot hold would be cut off.
    assert all(re.fullmatch(r"[a-z0-9_-]+", upstream) for upstream in upstreams)


def test_locations_are_the_routes() -> None:
    stack = odd()
    locations = re.findall(r"^    location (/\S*) \{", conf(stack), re.MULTILINE)
    # In this order: the candidate's server, the status server and its 404, the public server.
    assert [found for found in locations if found != "/"] == [
        r for r in [*stack.routes, *stack.routes] if r != "/"
    ]
    assert locations.count("/") == 3  # the route, twice, and the status server's 404


def test_the_candidate_is_on_loopback_alone() -> None:
    stack = forms()
    (listen,) = re.findall(rf"^    listen (\S*{stack.nginx.candidate_port});$", conf(stack), re.M)
    assert listen == f"127.0.0.1:{stack.nginx.candidate_port}"


def test_generation_is_what_the_status_server_answers() -> None:
    assert f'return 200 "{generation_id(forms(), ENVIRONMENT)}\\n";' in conf(forms())


def with_port(data: dict[str, Any]) -> None:
    data["nginx"] = {"status_port": 8200}


def with_body(data: dict[str, Any]) -> None:
    data["nginx"] = {"body_limit": "2M"}


def with_route(data: dict[str, Any]) -> None:
    data["routes"]["/more/"] = "web"


def with_order(data: dict[str, Any]) -> None:
    data["routes"] = dict(reversed(data["routes"].items()))


def with_app(data: dict[str, Any]) -> None:
    data["app"] = "forms2"


@pytest.mark.parametrize("change", [with_port, with_body, with_route, with_order, with_app])
def test_generation_changes_with_the_stack(change: Callable[[dict[str, Any]], None]) -> None:
    data = stack_data()
    change(data)
    changed = Stack.model_validate(data)
    assert generation_id(changed, ENVIRONMENT) != generation_id(forms(), ENVIRONMENT)


def test_generation_changes_with_domains_and_templates(tmp_path: Path) -> None:
    found = {generation_id(forms(), ENVIRONMENT)}
    found.add(generation_id(forms(), environment(domains=["a.example.com"])))
    found.add(generation_id(forms(), environment(domains=["b.example.com"])))
    for name in ("nginx.conf.j2", "stack.conf.j2"):
        project = tmp_path / name
        template = project / "templates" / "nginx" / name
        template.parent.mkdir(parents=True)
        original = Path(__file__).parents[3] / "templates" / "nginx" / name
        template.write_text(original.read_text() + "# ours\n")
        found.add(generation_id(forms(), ENVIRONMENT, project))
    assert len(found) == 5


def test_generation_is_equal_for_equal_input(tmp_path: Path) -> None:
    first = generation_id(forms(), environment(domains=["a.example.com"]))
    again = generation_id(
        Stack.model_validate(stack_data()), environment(domains=["a.example.com"]), tmp_path
    )
    assert first == again
    assert re.fullmatch("[0-9a-f]{16}", first)


def test_generation_leaves_out_what_nginx_does_not_see() -> None:
    data = stack_data()
    data["services"]["web"]["start"] = "node other.js"
    data["settings"] = {"keep_releases": 9}
    other = environment(secrets="generate")
    assert generation_id(Stack.model_validate(data), other) == generation_id(forms(), ENVIRONMENT)

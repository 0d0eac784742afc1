"""The first day of a rented VPS: bare, root alone gets in, DNS leads there. One deploy."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from authority import Authority
from conftest import vps_name
from harness import HIGUERA, Project
from knocking import open_ports

from higuera import sandbox
from higuera.sandbox.network import address6
from higuera.smoke.session import SetCookie, set_cookies
from higuera.spec.dotenv import parse_dotenv

NAME, OTHER = "forms.test", "www.forms.test"
LOGIN, ME = "/api/auth/login", "/api/auth/me"


@pytest.fixture
def rented(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    """The example, and a VPS as a provider hands it over."""
    name = vps_name(request.node.name)
    project = Project.forms(tmp_path / "project", name)
    sandbox.up(name)
    try:
        project.shell("userdel --remove deploy; rm /etc/sudoers.d/deploy")
        yield project
    finally:
        sandbox.down(name)


@pytest.fixture
def authority(rented: Project, tmp_path: Path) -> Iterator[Authority]:
    """Whose DNS says that all names lead to the VPS."""
    (tmp_path / "authority").mkdir()
    bridge = rented.shell("ip -4 route show default").split()[2]
    with Authority(tmp_path / "authority", bridge).running() as running:
        running.point(rented.host.address)
        yield running


def test_one_deploy_makes_a_bare_vps_serve_over_https(
    rented: Project, authority: Authority, other: Project
) -> None:
    host = rented.host
    (rented.folder / "inventory" / "production.yml").write_text(
        f"host: {{address: {host.address}, user: deploy, bootstrap: root, key: {host.key}}}\n"
        f"domains: [{NAME}]\nredirects: {{{OTHER}: {NAME}}}\nsecrets: generate\n"
        f"tls: {{mode: acme, server: '{authority.url}', ca: '{authority.ca}'}}\n"
    )
    rented.extra["HIGUERA_ENV"] = "production"
    done = rented.run(HIGUERA, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    printed = rented.deployed()
    assert "applied 0000_accounts_and_forms" in printed
    assert "the certificate is good until" in printed

    health = ask(rented, authority, "GET", "/api/health")
    assert health.json()["database"] == "reachable"
    page = ask(rented, authority, "GET", "/")
    assert (page.status_code, "<h1>Forms</h1>" in page.text) == (200, True)
    sent_on = httpx.get(f"http://{host.address}/x", headers={"Host": OTHER}, trust_env=False)
    assert (sent_on.status_code, sent_on.headers["location"]) == (308, f"https://{NAME}/x")

    for claim in ("https", "http"):  # whatever a client says of its own way
        cookie = signed_in(rented, authority, claim)
        assert {"secure", "httponly"} <= cookie.attributes.keys()
    assert ask(rented, authority, "GET", ME, headers=cookie.header).status_code == 200
    assert ask(rented, authority, "GET", ME).status_code == 401
    claimed = {"Host": NAME, "X-Forwarded-Proto": "https"}
    plain = httpx.post(f"http://{host.address}{LOGIN}", headers=claimed, trust_env=False)
    assert (plain.status_code, set_cookies(plain)) == (308, {})

    for address in (host.address, address6(host.address)):
        assert open_ports(other, address) == [22, 80, 443]
    assert rented.plan() == []
    assert rented.run(HIGUERA, "plan").returncode == 0


def ask(
    project: Project,
    authority: Authority,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    json: object = None,
) -> httpx.Response:
    """A request by the name, over HTTPS, from somebody who trusts that authority alone."""
    context = ssl.create_default_context(cafile=authority.root)
    with httpx.Client(verify=context, trust_env=False, timeout=10) as http:
        return http.request(
            method,
            f"https://{project.host.address}{path}",
            headers={"Host": NAME, **(headers or {})},
            json=json,
            extensions={"sni_hostname": NAME},
        )


def signed_in(project: Project, authority: Authority, claim: str) -> SetCookie:
    """The cookie that a login gives."""
    file = project.folder / ".env.production"
    secrets = parse_dotenv(file.read_text(), file.name)
    given = {"email": secrets["SMOKE_EMAIL"].value, "password": secrets["SMOKE_PASSWORD"].value}
    answer = ask(project, authority, "POST", LOGIN, {"X-Forwarded-Proto": claim}, given)
    assert answer.status_code == 200, answer.text
    return set_cookies(answer)["session"]

"""TLS as its owner and its visitors see it. One VPS, one story: the tests build on each other."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from authority import NOBODY, Authority
from harness import BIN, HIGUERA, Project, until
from under_load import loaded

NAME, OTHER = "mini.test", "www.mini.test"
SSLYZE = [str(BIN / "sslyze")]


@pytest.fixture(scope="module")
def authority(mini_story: Project, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    bridge = mini_story.shell("ip -4 route show default").split()[2]
    return Authority(tmp_path_factory.mktemp("authority"), bridge)


@pytest.fixture(scope="module")
def running(authority: Authority) -> Iterator[Authority]:
    """The authority, from the test on that first asks for it."""
    with authority.running():
        yield authority


def told(project: Project, tls: str) -> None:
    """Write the environment file."""
    project.environment(
        f'host: "@sandbox/{project.vps}"\nsecrets: generate\n'
        f"domains: [{NAME}]\nredirects: {{{OTHER}: {NAME}}}\ntls: {tls}\n"
    )


def acme(project: Project, authority: Authority, server: str = "") -> None:
    told(project, f"{{mode: acme, server: '{server or authority.url}', ca: '{authority.ca}'}}")


def curl(project: Project, url: str, *words: str, trust: Path | None = None) -> str:
    """Head and body of an answer; or `curl` and its exit status."""
    address = project.host.address
    ca = ["--cacert", str(trust)] if trust else []
    done = subprocess.run(
        [
            *("curl", "--silent", "--include", "--max-time", "10", "--noproxy", "*"),
            *("--connect-to", f"::{address}:", *ca, *words, url),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"curl {done.returncode}" if done.returncode else done.stdout


def certificate(project: Project) -> dict[str, object]:
    found = json.loads(project.shell("higuera-mini status --json"))["certificate"]
    assert isinstance(found, dict)
    return found


def smoked(project: Project) -> str:
    done = project.run(HIGUERA, "smoke", "sandbox")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_authority_that_is_down_stops_no_deploy(
    mini_story: Project, authority: Authority
) -> None:
    acme(mini_story, authority)
    mini_story.edit("app/web/server.js", "Mini one", "Mini new")
    said = mini_story.deployed()  # its candidate is smoked over TLS, its public side over HTTP
    assert "did not answer. Likely it is down" in said
    assert "meanwhile plain HTTP serves" in said
    assert "Mini new" in curl(mini_story, f"http://{NAME}/")
    assert certificate(mini_story)["kind"] == "stand-in"
    assert "tls       none yet, plain HTTP serves; not got: https://" in mini_story.shell(
        "higuera-mini status"
    )
    smoked(mini_story)


def test_wrong_dns_and_a_rate_limit_are_told_apart(mini_story: Project, running: Authority) -> None:
    running.point(NOBODY)
    assert "finds no address of a name" in mini_story.deployed()
    running.point(running.address)
    assert "did not meet this host" in mini_story.deployed()
    with running.worn_out() as server:
        acme(mini_story, running, server)
        assert "has had enough for now (a rate limit)" in mini_story.deployed()
    assert "Mini new" in curl(mini_story, f"http://{NAME}/")
    done = mini_story.run(HIGUERA, "doctor", "sandbox")
    line = next(line for line in done.stdout.splitlines() if line.startswith("certificates "))
    assert "warning" in line and "rate limit" in line


def test_a_later_deploy_gets_it_and_the_next_changes_nothing(
    mini_story: Project, running: Authority
) -> None:
    running.point(mini_story.host.address)
    acme(mini_story, running)
    # HSTS is only for what the host itself would believe: here for a root that its owner put there.
    root = "/usr/local/share/ca-certificates/authority.crt"
    mini_story.shell(f"echo '{running.root.read_text()}' >{root} && update-ca-certificates >&2")
    assert "the certificate is good until" in mini_story.deployed()
    assert certificate(mini_story)["kind"] == "acme"
    assert certificate(mini_story)["problem"] == ""
    before, executions = mini_story.snapshot(), mini_story.executions()
    assert mini_story.plan() == []
    planned = mini_story.executions()
    mini_story.deployed()
    assert mini_story.snapshot() == before
    assert 0 < planned - executions <= 12
    assert 0 < mini_story.executions() - planned <= 12
    smoked(mini_story)


def test_visitors(mini_story: Project, running: Authority) -> None:
    page = curl(mini_story, f"https://{NAME}/", trust=running.root)
    assert page.startswith("HTTP/2 200") and "Mini new" in page
    assert "strict-transport-security: max-age=63072000" in page
    assert f"location: https://{NAME}/x?y" in curl(mini_story, f"http://{NAME}/x?y").lower()
    sent_on = curl(mini_story, f"https://{OTHER}/x", trust=running.root)
    assert sent_on.startswith("HTTP/2 308") and f"location: https://{NAME}/x" in sent_on
    assert curl(mini_story, "http://nobody.test/") in ("curl 52", "curl 56")
    assert curl(mini_story, "https://nobody.test/", "--insecure") == "curl 35"
    # On the host itself, as a page that is rendered there asks the API.
    inside = json.loads(mini_story.shell("curl -fsS http://127.0.0.1/api/headers"))
    assert inside["x-forwarded-proto"] == "https"


def test_what_a_client_says_of_its_own_way_is_dropped(
    mini_story: Project, running: Authority
) -> None:
    spoofed = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "http", "X-Real-IP": "1.2.3.4"}
    spoofed |= {"X-Forwarded-Host": "evil.test"}
    words = [word for name, value in spoofed.items() for word in ("-H", f"{name}: {value}")]
    answer = curl(mini_story, f"https://{NAME}/api/headers", *words, trust=running.root)
    headers = json.loads(answer.partition("\n\n")[2] or answer.splitlines()[-1])
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-host"] == NAME
    assert "1.2.3.4" not in answer and "evil" not in answer


def test_renewals_lose_no_request(mini_story: Project, running: Authority) -> None:
    """By hand and by the timer, with certificates of an hour: each run brings a new one."""
    shown = "readlink /etc/ssl/higuera/mini/current"
    workers = "pgrep -P $(cat /run/nginx.pid)"
    seen, before = {mini_story.shell(shown)}, mini_story.shell(workers)
    trust = ["--name", NAME, "--trust", str(running.root), "--turns", "20"]
    with loaded(mini_story, *trust, "--clients", "30", "--requests", "2000", tls=True) as load:
        for _ in range(2):
            mini_story.shell("systemctl start mini-certificate.service")
            seen.add(mini_story.shell(shown))
        with night(mini_story):
            until(lambda: mini_story.shell(shown) not in seen, "the timer brings a new one", 20)
        seen.add(mini_story.shell(shown))
    assert len(seen) == 4
    assert (load["failures"], load["sockets_cut"]) == (0, 0), load
    assert load["requests"] >= 2000
    assert mini_story.shell(workers) == before
    assert mini_story.shell("systemctl is-enabled mini-certificate.timer") == "enabled"


@contextmanager
def night(project: Project) -> Iterator[None]:
    """The timer is due in a second, for once."""
    due = "[Timer]\\nOnActiveSec=1\\nRandomizedDelaySec=0\\nAccuracySec=100ms\\n"
    folder = "/run/systemd/system/mini-certificate.timer.d"
    project.shell(
        f"mkdir {folder} && printf '{due}' >{folder}/now.conf && systemctl daemon-reload && "
        "systemctl restart mini-certificate.timer"
    )
    yield
    project.shell(f"rm -r {folder} && systemctl daemon-reload")


def test_a_renewal_that_fails_is_seen_long_before_the_end(
    mini_story: Project, running: Authority
) -> None:
    running.point(NOBODY)
    start = "systemctl start mini-certificate.service"
    mini_story.shell(f"! {start}")
    assert "finds no address of a name" in str(certificate(mini_story)["problem"])
    assert "not renewed: https://" in mini_story.shell("higuera-mini status")
    assert "mini-certificate.service" in mini_story.shell("systemctl --failed --plain --no-legend")
    assert "Mini new" in curl(mini_story, f"https://{NAME}/", trust=running.root)
    running.point(mini_story.host.address)
    mini_story.shell(start)
    assert certificate(mini_story)["problem"] == ""
    mini_story.shell("systemctl disable --now mini-certificate.timer")
    assert "nobody renews it: mini-certificate.timer is inactive disabled" in mini_story.shell(
        "higuera-mini status"
    )
    mini_story.shell("systemctl enable --now mini-certificate.timer")
    assert certificate(mini_story)["timer"] == "active enabled"


def test_mozilla_intermediate(mini_story: Project, running: Authority) -> None:
    asked = ["--mozilla_config", "intermediate", "--certinfo_ca_file", str(running.root)]
    target = ["--sni", NAME, f"{mini_story.host.address}:443"]
    done = subprocess.run(
        [*SSLYZE, *asked, *target], capture_output=True, text=True, check=False, timeout=240
    )
    assert "OK - Compliant" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0


def test_a_self_signed_one_is_trusted_by_who_deployed_it(mini_story: Project) -> None:
    told(mini_story, "self-signed")
    mini_story.edit("app/web/server.js", "Mini new", "Mini two")
    mini_story.deployed()  # its candidate and its public side are smoked over HTTPS
    assert curl(mini_story, f"https://{NAME}/") == "curl 60"
    page = curl(mini_story, f"https://{NAME}/", "--insecure")
    assert "Mini two" in page and "strict-transport-security" not in page
    smoked(mini_story)
    assert mini_story.plan() == []
    assert mini_story.run(HIGUERA, "rollback", "sandbox", "--yes").returncode == 0
    assert "Mini new" in curl(mini_story, f"https://{NAME}/", "--insecure")


def test_a_given_one_and_none_at_all(mini_story: Project, tmp_path: Path) -> None:
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    words += ["-nodes", "-subj", "/CN=given", "-days", "30"]
    words += ["-addext", f"subjectAltName=DNS:{NAME},DNS:{OTHER}"]
    pair = ["-keyout", f"{tmp_path}/key", "-out", f"{mini_story.folder}/inventory/given.pem"]
    subprocess.run([*words, *pair], check=True, capture_output=True)
    key = (tmp_path / "key").read_text()
    told(mini_story, "{mode: files, certificate: given.pem, key: MINI_KEY}")
    mini_story.extra["MINI_KEY"] = key
    done = mini_story.deploy("-y", "--diff", "-vv")
    assert done.returncode == 0, done.stderr
    secret = key.splitlines()[1]
    assert secret not in done.stdout + done.stderr
    assert secret not in mini_story.shell("journalctl -o cat")
    trust = mini_story.folder / "inventory" / "given.pem"
    assert curl(mini_story, f"https://{NAME}/", trust=trust).startswith("HTTP/2 200")
    assert mini_story.plan() == []
    told(mini_story, "off")
    mini_story.deployed()
    assert curl(mini_story, f"http://{NAME}/").startswith("HTTP/1.1 200")
    assert curl(mini_story, f"https://{NAME}/") == "curl 7"
    # What was shown is gone, and so is the timer of before.
    assert mini_story.shell("ls /etc/ssl/higuera/mini") == ""
    assert mini_story.shell("ls /etc/systemd/system | grep certificate || true") == ""
    assert mini_story.shell("systemctl list-timers --all | grep mini-cert || true") == ""

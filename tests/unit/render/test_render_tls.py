"""TLS in nginx's configuration: who is answered, who is sent on, and what the real nginx says."""

import json
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nginx_prefix import nginx_test
from nginx_served import Served, served
from render_stacks import STACKS, forms

from higuera.render.nginx import nginx_files, stack_conf
from higuera.render.units import tool_file
from higuera.spec.environment import Environment

NAMES = {"domains": ["a.test", "b.test"], "redirects": {"www.a.test": "a.test"}}
MODES: dict[str, Any] = {
    "acme": {**NAMES, "tls": "acme"},
    "acme, no hsts": {**NAMES, "tls": {"mode": "acme", "hsts": 0, "until": "self-signed"}},
    "self-signed": {**NAMES, "tls": "self-signed"},
    "self-signed for any name": {"tls": "self-signed"},
    "files": {**NAMES, "tls": {"mode": "files", "certificate": "c", "key": "K"}},
    "off": NAMES,
}


def environment(mode: str) -> Environment:
    return Environment.model_validate({"host": "h", **MODES[mode]})


def conf(mode: str) -> str:
    files = nginx_files(forms(), environment(mode))
    return next(file.text for file in files if file.path == stack_conf(forms()))


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("mode", MODES)
def test_real_nginx_takes_it(tmp_path: Path, name: str, mode: str) -> None:
    assert nginx_test(tmp_path, nginx_files(STACKS[name](), environment(mode))) == ""


def test_hsts_is_never_said_where_it_is_turned_off_or_there_is_no_tls() -> None:
    assert "max-age=63072000" in conf("acme")
    assert "trusted" not in conf("acme, no hsts")
    assert "Strict-Transport-Security" not in conf("off")


def test_hsts_is_said_once_whatever_the_app_sends() -> None:
    hide = "proxy_hide_header Strict-Transport-Security;"
    assert conf("acme").count(hide) == conf("acme").count("proxy_hide_header X-Powered-By;")
    assert hide not in conf("acme, no hsts")  # then it is the app's


def test_only_an_authority_has_its_questions_answered() -> None:
    assert conf("acme").count("location ^~ /.well-known/acme-challenge/") == 2
    assert "location ^~ /.well-known" not in conf("self-signed")


def test_every_server_of_443_says_the_same_of_protocols() -> None:
    servers = re.findall(r"^server \{\n(.*?)^\}", conf("acme"), re.DOTALL | re.MULTILINE)
    tls = [server for server in servers if " ssl" in server]
    assert len(tls) == 4  # the candidate's, nobody's, the redirects', the public one
    said = {tuple(re.findall(r"^    (ssl_(?!cert|reject).*);", server, re.M)) for server in tls}
    assert len(said) == 1


@pytest.fixture
def acme() -> Iterator[Served]:
    with served(conf("acme")) as found:
        yield found


TRUSTED = ("https", "trusted")
YEARS = "max-age=63072000"


def test_before_the_first_certificate_plain_http_serves(acme: Served) -> None:
    acme.show("stand-in-1")
    assert acme.ask("http://a.test/x") == "a.test http 200"
    assert acme.ask("http://www.a.test/x?y") == "308 http://a.test/x?y"
    assert acme.ask("https://b.test/") == "b.test https 200"
    # Then without a reload:
    acme.show("acme-1", *TRUSTED)
    assert acme.ask("http://a.test/x?y=%20") == "308 https://a.test/x?y=%20"
    assert acme.ask("http://www.a.test/x?y") == "308 https://a.test/x?y"
    assert acme.ask("https://a.test/") == f"a.test https 200 {YEARS}"
    assert acme.ask("https://www.a.test/x") == f"308 https://a.test/x {YEARS}"


def test_the_log_has_the_path_of_what_is_sent_on(acme: Served) -> None:
    acme.show("acme-1", *TRUSTED)
    for url in ("http://a.test/one?y", "http://www.a.test/two", "https://a.test/three"):
        acme.ask(url)
    log = acme.folder / "log/forms.log"
    paths = [json.loads(line)["uri"] for line in log.read_text().splitlines()]
    # The line of the last one may be on its way.
    assert [path for path in paths if path != "/"][:2] == ["/one", "/two"]


def test_a_self_signed_one_is_sent_on_to_without_hsts(acme: Served) -> None:
    acme.show("stand-in-1", "https")
    assert acme.ask("http://b.test/") == "308 https://b.test/"
    assert acme.ask("https://b.test/") == "b.test https 200"


def test_on_the_host_itself_plain_http_goes_on(acme: Served) -> None:
    acme.show("acme-1", *TRUSTED)
    # The scheme that a backend is told is the public side's, so its cookies stay Secure.
    assert acme.ask("http://whatever/", address="127.0.0.1") == "whatever https 200"


def test_nobody_is_answered_nothing(acme: Served) -> None:
    acme.show("acme-1", *TRUSTED)
    assert acme.ask("http://c.test/") in ("curl 52", "curl 56")  # an empty reply, or a reset
    assert acme.ask("https://c.test/") == "curl 35"  # a handshake that was refused
    assert acme.ask("https://127.0.0.2/") == "curl 35"  # asked for no name at all


def test_the_authority_is_answered_over_http_by_every_name(acme: Served) -> None:
    acme.show("acme-1", *TRUSTED)
    folder = acme.folder / "var/www/higuera/forms/.well-known/acme-challenge"
    folder.mkdir(parents=True)
    (folder / "token").write_text("key authorization")
    for name in ("a.test", "b.test", "www.a.test"):
        url = f"http://{name}/.well-known/acme-challenge/token"
        assert acme.ask(url) == "key authorization 200"
    assert acme.ask("http://a.test/.well-known/acme-challenge/none") == "404"
    assert "308" in acme.ask("http://a.test/.well-known/acme-challenge/../../x", "--path-as-is")


def test_nothing_of_the_pair_can_be_fetched(acme: Served) -> None:
    acme.show("acme-1", *TRUSTED)
    for path in ("privkey.pem", "../pairs/acme-1/privkey.pem", "..%2fpairs%2facme-1%2fprivkey.pem"):
        for prefix in ("", ".well-known/acme-challenge/", "_next/static/"):
            assert "PRIVATE" not in acme.ask(f"https://a.test/{prefix}{path}", "--path-as-is")


def test_a_request_that_is_none_leaves_no_warning(acme: Served) -> None:
    with socket.create_connection(("127.0.0.1", acme.http), timeout=10) as line:
        line.sendall(b"NONSENSE\r\n\r\n")
        assert b"400 Bad Request" in line.recv(4096)
    assert "uninitialized" not in (acme.folder / "log" / "error.log").read_text()


def test_without_domains_any_name_is_served() -> None:
    with served(conf("self-signed for any name")) as found:
        found.show("self-signed-1", "https")
        assert found.ask("http://c.test/") == "308 https://c.test/"
        assert found.ask("https://c.test/") == "c.test https 200"
        assert found.ask("https://127.0.0.2/") == "127.0.0.2 https 200"


def test_http2_and_protocols(acme: Served) -> None:
    acme.show("acme-1", *TRUSTED)
    version = "--write-out", "%{http_version}"
    assert acme.ask("https://a.test/", *version).startswith("a.test https 2")
    assert acme.ask("https://a.test/", "--tls-max", "1.1").startswith("curl ")
    assert acme.ask("https://a.test/", "--tls-max", "1.2").startswith("a.test https 200")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_taken_up_again(acme: Served, version: ssl.TLSVersion) -> None:
    acme.show("acme-1", *TRUSTED)
    context = unverified()
    context.minimum_version = context.maximum_version = version
    with connected(acme, context) as first:
        first.sendall(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert b"200 OK" in first.recv(4096)
        session = first.session
    with connected(acme, context, session) as again:
        assert again.session_reused


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def connected(
    served: Served, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> ssl.SSLSocket:
    line = socket.create_connection(("127.0.0.2", served.https), timeout=10)
    return context.wrap_socket(line, server_hostname="a.test", session=session)


def test_no_handshake_takes_one_file_of_each_pair(acme: Served) -> None:
    """With a plain symlink, which moves all the time here, 21 of these 300 fail."""
    for name in ("acme-0", "acme-1"):
        acme.show(name, *TRUSTED)
    shaken, lost, seen = list[int](), list[str](), set[bytes | None]()

    def shake() -> None:
        context = unverified()
        for turn in range(100):
            try:
                with connected(acme, context) as line:
                    seen.add(line.getpeercert(True))
            except OSError as error:
                lost.append(str(error))
            shaken.append(turn)

    threads = [threading.Thread(target=shake) for _ in range(3)]
    for thread in threads:
        thread.start()
    while len(shaken) < 300:
        acme.flip("acme-0")
        acme.flip("acme-1")
    for thread in threads:
        thread.join()
    assert lost == []
    assert len(seen) == 2


@pytest.mark.parametrize("mode", MODES)
def test_the_tool_of_each_mode_is_clean_shell(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "tool"
    path.write_text(tool_file(forms(), environment(mode)).text)
    shellcheck = f"{Path(sys.executable).parent}/shellcheck"
    words = [shellcheck, "-s", "sh", "-f", "gcc", str(path)]
    assert subprocess.run(words, capture_output=True, text=True, check=False).stdout == ""
    assert subprocess.run(["sh", "-n", path], check=False).returncode == 0

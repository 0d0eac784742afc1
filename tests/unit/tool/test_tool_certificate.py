"""`higuera-APP certificate`: which pair is shown, and what is said where none is to be had."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID
from tool_host import ToolHost, of_environment

from higuera.render.certificate import certificate_for
from higuera.spec.status import Status

DOMAINS = {"domains": ["a.example.com"], "redirects": {"www.a.example.com": "a.example.com"}}
ACME = {**DOMAINS, "tls": "acme"}
SELF_SIGNED = {**DOMAINS, "tls": "self-signed"}
# A certbot that gives a pair to its --config-dir, or says what a test lets it say.
CERTBOT = """
echo "$*" >>{here}/certbot-calls
[ ! -e {here}/refusal ] || {{ cat {here}/refusal; exit 1; }}
for word in "$@"; do case "$word" in --config-dir=*) live=${{word#*=}}/live/forms ;; esac; done
mkdir -p "$live"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -days 60 \\
    -keyout "$live/privkey.pem" -out "$live/fullchain.pem" 2>/dev/null
# Where a test made that file, it holds the roots of the host: never a path from outside.
[ ! -e {here}/roots.pem ] || cp "$live/fullchain.pem" {here}/roots.pem
"""


def made(root: Path, **keys: Any) -> ToolHost:
    host = ToolHost.make(root, **keys)
    host.stub("certbot", CERTBOT.format(here=host.stubs))
    return host


def folder(host: ToolHost) -> Path:
    return host.root / "etc/ssl/higuera/forms"


def shown(host: ToolHost) -> Path:
    """The folder of the pair that nginx would read."""
    current = (folder(host) / "current").readlink()
    assert current.parent == Path("shown")
    return folder(host) / "pairs" / current.name


def markers(host: ToolHost) -> list[str]:
    return sorted(path.name for path in (folder(host) / "current").iterdir())


def names(pair: Path) -> str:
    text = ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", f"{pair}/fullchain.pem"]
    return subprocess.run(text, capture_output=True, text=True, check=True).stdout


def status(host: ToolHost) -> dict[str, object]:
    text = host.run("status", "--json")
    Status.model_validate_json(text)
    found = json.loads(text)["certificate"]
    assert isinstance(found, dict)
    return found


def ended(key: bytes) -> bytes:
    """A certificate whose time was over yesterday."""
    private = load_pem_private_key(key, password=None)
    assert isinstance(private, EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    made = made.not_valid_before(now - timedelta(days=2)).not_valid_after(now - timedelta(days=1))
    signed = made.public_key(private.public_key()).sign(private, SHA256())
    return signed.public_bytes(Encoding.PEM)


def refuse(host: ToolHost, said: str) -> None:
    (host.stubs / "refusal").write_text(said)


def test_an_authority_gives_one_and_a_second_deploy_asks_for_none(tmp_path: Path) -> None:
    host = made(tmp_path, **ACME)
    wanted = certificate_for(of_environment(ACME))
    assert host.run("certificate", "fits", wanted) == ""
    assert "good until" in host.run("certificate", "obtain")
    pair = shown(host)
    assert (pair / "privkey.pem").stat().st_mode & 0o777 == 0o640
    assert (pair / "privkey.pem").group() == "www-data"
    assert (pair / "privkey.pem").stat().st_uid == 0
    assert markers(host) == ["for", "https"]  # of an authority that nobody knows: no HSTS
    assert host.run("certificate", "fits", wanted) == "fits"
    other = certificate_for(of_environment({**ACME, "redirects": {}}))
    assert host.run("certificate", "fits", other) == ""
    called = (host.stubs / "certbot-calls").read_text()
    assert "--domain=a.example.com --domain=www.a.example.com" in called
    assert status(host)["kind"] == "acme"


def test_hsts_is_for_what_leads_to_a_root_of_the_host(tmp_path: Path) -> None:
    host = made(tmp_path, **ACME)
    roots = host.stubs / "roots.pem"
    roots.touch()
    assert host.try_to("certificate", "obtain", SSL_CERT_FILE=str(roots)).returncode == 0
    assert markers(host) == ["for", "https", "trusted"]
    roots.unlink()
    # Never back to a stand-in, known authority or not.
    host.run("certificate", "obtain")
    assert markers(host) == ["for", "https"]
    refuse(host, "x")
    host.run("certificate", "obtain")
    assert status(host)["kind"] == "acme"


@pytest.mark.parametrize("environment", [ACME, SELF_SIGNED])
def test_a_key_that_lies_wrong_is_seen_and_mended(
    tmp_path: Path, environment: dict[str, Any]
) -> None:
    host = made(tmp_path, **environment)
    wanted = certificate_for(of_environment(environment))
    host.run("certificate", "obtain")
    # certbot keeps what it has
    host.stub("certbot", "exit 0")
    whole = (shown(host) / "privkey.pem").read_text()
    other = ["openssl", "genpkey", "-algorithm", "ed25519"]
    foreign = subprocess.run(other, capture_output=True, text=True, check=True).stdout
    for spoil in (
        lambda key: key.chmod(0o666),
        lambda key: key.unlink(),
        lambda key: key.write_text(foreign),
        lambda key: os.chown(key, 0, 0),
    ):
        assert host.run("certificate", "fits", wanted) == "fits"
        spoil(shown(host) / "privkey.pem")
        assert host.run("certificate", "fits", wanted) == ""
        host.run("certificate", "obtain")
    assert host.run("certificate", "fits", wanted) == "fits"
    key = shown(host) / "privkey.pem"
    assert (key.stat().st_mode & 0o777, key.group()) == (0o640, "www-data")
    assert (key.read_text() == whole) == (environment is ACME)


def test_a_problem_of_before_does_not_outlive_another_mode(tmp_path: Path) -> None:
    host = made(tmp_path, **SELF_SIGNED)
    problem = tmp_path / "var/lib/higuera/forms/certificate.problem"
    problem.parent.mkdir(parents=True, exist_ok=True)
    problem.write_text("of acme\n")
    host.run("certificate", "obtain")
    assert host.run("certificate", "fits", certificate_for(of_environment(SELF_SIGNED))) == "fits"
    assert not problem.exists()


def test_a_try_that_dies_leaves_its_problem(tmp_path: Path) -> None:
    host = made(tmp_path, **ACME)
    host.run("certificate", "obtain")
    host.stub("install", "exit 1")
    assert host.try_to("certificate", "renew").returncode == 1
    assert "did not end; see: journalctl -u forms-certificate" in str(status(host)["problem"])
    host.stub("install", 'exec /usr/bin/install "$@"')
    host.run("certificate", "renew")
    assert status(host)["problem"] == ""


def test_a_certbot_that_hangs_is_told(tmp_path: Path) -> None:
    host = made(tmp_path, **ACME)
    host.stub("certbot", "echo Saving debug log to x; exit 124")  # what timeout says then
    assert "certbot took longer than 180 s" in host.run("certificate", "obtain")


def test_a_stand_in_that_has_ended_is_made_anew(tmp_path: Path) -> None:
    host = made(tmp_path, **ACME)
    refuse(host, "x")
    host.run("certificate", "obtain")
    before = shown(host)
    host.run("certificate", "obtain")
    assert shown(host) == before
    (before / "fullchain.pem").write_bytes(ended((before / "privkey.pem").read_bytes()))
    host.run("certificate", "obtain")
    assert shown(host) != before


def test_a_renewal_keeps_the_pair_that_a_handshake_may_be_reading(tmp_path: Path) -> None:
    host = made(tmp_path, **ACME)
    seen = []
    for _ in range(3):
        host.run("certificate", "renew")
        seen.append(shown(host))
    assert len(set(seen)) == 3
    assert sorted((folder(host) / "pairs").iterdir()) == sorted(seen[1:])
    assert not list(host.root.glob("run/higuera.*"))


@pytest.mark.parametrize(
    ("until", "found", "serves"),
    [
        ("http", ["for"], "plain HTTP serves"),
        ("self-signed", ["for", "https"], "a self-signed certificate serves"),
    ],
)
def test_what_serves_until_there_is_one(
    tmp_path: Path, until: str, found: list[str], serves: str
) -> None:
    host = made(tmp_path, **DOMAINS, tls={"mode": "acme", "until": until})
    refuse(host, "  Domain: a.example.com\n  Type:   dns\n  Detail: NXDOMAIN looking up A\n")
    told = host.run("certificate", "obtain")
    assert markers(host) == found
    assert serves in told
    assert "finds no address of a name: a.example.com: NXDOMAIN looking up A" in told
    assert "DNS:a.example.com, DNS:www.a.example.com" in names(shown(host))
    assert status(host)["kind"] == "stand-in"
    assert "NXDOMAIN" in str(status(host)["problem"])
    assert [line["result"] for line in host.journal()] == ["ok", "failed"]
    # The timer's run fails, so that its unit is seen among the failed ones.
    assert host.try_to("certificate", "renew").returncode == 1
    (host.stubs / "refusal").unlink()
    host.run("certificate", "obtain")
    assert markers(host) == ["for", "https"]
    assert status(host)["problem"] == ""


SAID = {
    "rate": (
        "An unexpected error occurred:\nThere were too many requests of a given type :: "
        "too many certificates already issued, retry after 2026-12-01",
        "has had enough for now (a rate limit): There were too many requests",
    ),
    "down": (
        "An unexpected error occurred:\nrequests.exceptions.ConnectionError: HTTPSConnectionPool"
        "(host='x', port=14000): Max retries exceeded with url: /dir (Connection refused)",
        "did not answer. Likely it is down",
    ),
    "elsewhere": (
        "  Domain: a.example.com\n  Type:   connection\n  Detail: 192.0.2.7: Connection refused\n",
        "did not meet this host: a.example.com: 192.0.2.7: Connection refused",
    ),
    "private": ("ssl.SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED", "in tls.ca"),
    "else": ("Saving debug log to x\nsomething new\n", "certbot said: something new"),
}


@pytest.mark.parametrize("case", SAID)
def test_each_refusal_says_why_and_what_next(tmp_path: Path, case: str) -> None:
    said, told = SAID[case]
    host = made(tmp_path, **ACME)
    host.run("certificate", "obtain")
    before = shown(host)
    refuse(host, said)
    found = host.run("certificate", "obtain")
    assert told in found
    assert "the certificate of before serves" in found
    assert shown(host) == before


def test_a_self_signed_one_is_made_once(tmp_path: Path) -> None:
    host = made(tmp_path, **SELF_SIGNED)
    host.run("certificate", "obtain")
    before = shown(host)
    host.run("certificate", "renew")
    assert shown(host) == before
    assert markers(host) == ["for", "https"]
    modes = {path.name: path.stat().st_mode & 0o777 for path in before.iterdir()}
    assert modes == {"fullchain.pem": 0o644, "privkey.pem": 0o640}  # nginx's workers read both
    assert host.run("certificate", "fits", certificate_for(of_environment(SELF_SIGNED))) == "fits"


@pytest.mark.parametrize(("warn", "is_near"), [(21, True), (5, False)])
def test_the_end_is_near_below_the_days_of_warn(tmp_path: Path, warn: int, is_near: bool) -> None:
    host = made(tmp_path, **DOMAINS, tls={"mode": "acme", "warn": warn})
    host.deploy("r1", "blue")
    host.stub("certbot", CERTBOT.format(here=host.stubs).replace("-days 60", "-days 10"))
    host.run("certificate", "obtain")
    assert status(host)["days"] in (9, 10)  # whole days, of which seconds are gone
    assert status(host)["warn"] == warn
    (line,) = [line for line in host.run("status").splitlines() if line.startswith("tls ")]
    assert line.endswith("; its end is near") == is_near


def test_a_timer_that_is_stopped_or_masked_is_told(tmp_path: Path) -> None:
    host = made(tmp_path, **SELF_SIGNED)
    host.deploy("r1", "blue")
    host.run("certificate", "obtain")
    assert status(host)["timer"] == "active enabled"
    assert "renews" not in host.run("status")
    host.hook('case "$*" in is-active*timer) echo inactive; exit 3 ;; esac')
    assert status(host)["timer"] == "inactive enabled"
    inactive = "is-active*timer) echo inactive; exit 3 ;;"
    host.hook(f'case "$*" in {inactive} is-enabled*) echo masked; exit 1 ;; esac')
    assert status(host)["timer"] == "inactive masked"
    (line,) = [line for line in host.run("status").splitlines() if line.startswith("tls ")]
    told = "nobody renews it: forms-certificate.timer is inactive masked (systemctl enable --now"
    assert told in line


def test_without_domains_it_is_for_the_addresses(tmp_path: Path) -> None:
    host = made(tmp_path, tls="self-signed")
    host.stub("hostname", "echo 192.0.2.7 2001:db8::7")
    host.run("certificate", "obtain")
    assert "IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7" in names(shown(host))


def test_a_given_pair_is_shown_and_leaves_nothing_behind(tmp_path: Path) -> None:
    host = made(tmp_path, **DOMAINS, tls={"mode": "files", "certificate": "a.pem", "key": "KEY"})
    incoming = folder(host) / "incoming"
    incoming.mkdir(parents=True)
    key = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x"]
    files = ["-keyout", f"{incoming}/privkey.pem", "-out", f"{incoming}/fullchain.pem"]
    subprocess.run(key + files, check=True, capture_output=True)
    host.run("certificate", "install", "files 0123")
    assert not incoming.exists()
    assert host.run("certificate", "fits", "files 0123") == "fits"
    assert markers(host) == ["for", "https"]
    assert (status(host)["kind"], status(host)["timer"]) == ("files", "")  # nothing renews it
    host.calls()
    host.run("certificate", "renew")  # by hand: a new one comes with a deploy
    assert host.calls() == []


def test_a_stack_without_tls_ends_the_timer_of_before(tmp_path: Path) -> None:
    host = made(tmp_path)
    units = host.root / "etc/systemd/system"
    units.mkdir(parents=True)
    (units / "forms-certificate.timer").write_text("")
    shown_before = folder(host) / "shown/files-0123"
    shown_before.mkdir(parents=True)
    (folder(host) / "current").symlink_to("shown/files-0123")
    account = host.root / "var/lib/higuera/forms/acme"
    account.mkdir(parents=True)
    host.run("certificate", "renew")
    assert not account.exists()  # an authority's copy of the key
    assert list(units.iterdir()) == []
    assert list(folder(host).iterdir()) == []
    assert "systemctl --quiet disable --now forms-certificate.timer" in host.calls()
    assert json.loads(host.run("status", "--json"))["certificate"] is None
    host.calls()
    host.run("certificate", "renew")  # with no timer there
    assert host.calls() == []

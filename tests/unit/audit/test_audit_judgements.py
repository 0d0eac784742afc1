"""What each auditor prints, and the score that comes out; nothing that it cannot say is a pass."""

import json
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from higuera.audit import gixy, lynis, ports, sshd, tls, units
from higuera.audit.report import Finding, exit_status, judged, not_applicable, not_run
from higuera.errors import ProgramError

ROOT = Path(__file__).parents[3]


def lynis_report(index: int, *warnings: str) -> str:
    lines = [f"warning[]={warning}|-|-|" for warning in warnings]
    return "\n".join(["lynis_version=3.0.8", *lines, f"hardening_index={index}", ""])


@pytest.mark.parametrize(
    ("report", "status", "found"),
    [
        (lynis_report(80), "met", "index 80, 0 warnings, 0 suggestions"),
        (lynis_report(79), "below", "index 79, 0 warnings, 0 suggestions"),
        (lynis_report(95, "PKGS-7392|Found"), "below", "index 95, 1 warnings, 0 suggestions"),
    ],
)
def test_lynis(report: str, status: str, found: str) -> None:
    finding = lynis.judge(report)
    assert (finding.status, finding.found) == (status, found)


def test_lynis_tells_what_does_not_count() -> None:
    keys = "excepted=skip-test=KRNL-6000:a\nexcepted=skip-test=KRNL-6000:b\n"
    told = lynis.judge(f"{keys}excepted=skip-test=USB-3000\n{lynis_report(80)}").found
    assert "; 2 values of the kernel are not this container's to set" in told
    assert told.endswith("; there is no USB, so USBGuard is not asked for")
    assert "USB" not in lynis.judge(keys + lynis_report(80)).found


def test_lynis_tells_its_warnings_first() -> None:
    report = "suggestion[]=A-1|Do it|-|-|\nwarning[]=B-2|Bad|-|-|\nhardening_index=81\n"
    assert lynis.judge(report).details == ["warning B-2: Bad", "suggestion A-1: Do it"]


def ssh_answer(*notes: dict[str, list[str]]) -> str:
    kex = [{"algorithm": f"kex{number}", "notes": note} for number, note in enumerate(notes)]
    return json.dumps({"banner": {}, "kex": kex, "enc": [], "key": [], "mac": [], "cves": []})


@pytest.mark.parametrize(
    ("answer", "status", "value"),
    [
        (ssh_answer({"info": ["old"]}), "met", 0),
        (ssh_answer({"warn": ["sha1"]}), "met", 0),
        (ssh_answer({"fail": ["nist"], "warn": ["sha1"]}, {}), "below", 1),
    ],
)
def test_ssh_audit(answer: str, status: str, value: float) -> None:
    finding = sshd.judge(answer)
    assert (finding.status, finding.value) == (status, value)


UNITS = {"nginx": ["nginx.service"], "web": ["a-web-blue.service", "a-web-green.service"]}


def exposures(**units: float) -> str:
    return json.dumps(
        [{"unit": f"{name.replace('_', '-')}.service", "exposure": str(value), "predicate": "OK"}
         for name, value in units.items()]
    )  # fmt: skip


def test_units_in_every_colour_that_is_loaded() -> None:
    found = units.judge(exposures(nginx=3.0, a_web_green=1.5, ssh=9.6), UNITS)
    assert [(each.name, each.status) for each in found] == [
        ("unit nginx", "met"),
        ("unit a-web-green", "met"),
    ]
    both = units.judge(exposures(nginx=3.1, a_web_blue=1.6, a_web_green=1.4), UNITS)
    assert [each.status for each in both] == ["below", "below", "met"]


def test_a_unit_that_is_not_there_is_no_pass() -> None:
    found = units.judge(exposures(nginx=1.0), UNITS)
    assert [each.status for each in found] == ["met", "not run"]


def dump(*, fault: str = "") -> str:
    """As `nginx -T` prints it."""
    return (
        "# configuration file /etc/nginx/nginx.conf:\nevents {}\nhttp {\n"
        "    server_tokens off;\n    include higuera/*.conf;\n}\n\n"
        "# configuration file /etc/nginx/higuera/a.conf:\n"
        f"server {{\n    listen 80;\n    {fault}\n}}\n"
    )


class Nginx:
    """A host that answers one question."""

    def __init__(self, text: str) -> None:
        self.text = text

    def ask(self, script: str) -> str:
        assert "nginx -T" in script
        return self.text


def gixy_says(text: str) -> Finding:
    (finding,) = gixy.audit(Nginx(text))  # type: ignore[arg-type]
    return finding


def test_gixy_really_reads_what_nginx_printed() -> None:
    clean = gixy_says(dump())
    assert (clean.status, clean.value, clean.details) == ("met", 0, [])
    faulty = gixy_says(dump(fault="location / { return 302 https://$host$uri; }"))
    assert (faulty.status, faulty.value) == ("below", 1)
    assert faulty.details[0].startswith("high http_splitting (/etc/nginx/higuera/a.conf:3")
    assert gixy.CANARY not in "".join(faulty.details)


@pytest.mark.parametrize(
    "text", ["", "events {}\n", dump().replace("listen 80;", "listen 80; { {")]
)
def test_what_gixy_cannot_read_is_no_pass(text: str) -> None:
    with pytest.raises(ProgramError, match=r"no http block|could not read"):
        gixy_says(text)


def test_gixy_exceptions_are_told() -> None:
    entry = {"severity": "MEDIUM", "summary": "s", "file": "f", "line": 1, "config": ""}
    finding = gixy.judge(json.dumps([{**entry, "plugin": "try_files_is_evil_too"}]))
    assert (finding.status, finding.found) == ("met", "0 at medium or above, 1 excepted")
    assert "the release before" in finding.details[0]
    low = {**entry, "plugin": "other", "severity": "LOW"}
    assert gixy.judge(json.dumps([low])).value == 0


COMPLIANCE = "\n COMPLIANCE AGAINST TLS CONFIGURATION\n -----\n\n"


def test_tls() -> None:
    assert tls.judge(f"…{COMPLIANCE}    1.2.3.4:443: OK - Compliant.\n").status == "met"
    failing = (
        f"…{COMPLIANCE}    1.2.3.4:443: FAILED - Not compliant.\n"
        "        * tls_versions: TLS 1.0 is there.\n        * ciphers: RC4 is there.\n"
    )
    finding = tls.judge(failing, domain="a.example")
    assert (finding.name, finding.status, finding.value) == ("tls a.example", "below", 2)
    assert finding.details == ["tls_versions: TLS 1.0 is there.", "ciphers: RC4 is there."]


SS = """\
udp UNCONN 0 0 0.0.0.0:68 0.0.0.0:* users:(("dhclient",pid=5,fd=6))
tcp LISTEN 0 128 0.0.0.0:2222 0.0.0.0:* users:(("sshd",pid=6,fd=3))
tcp LISTEN 0 511 *:80 *:* users:(("nginx",pid=9,fd=5),("nginx",pid=8,fd=5))
tcp LISTEN 0 511 [::]:443 [::]:* users:(("nginx",pid=8,fd=6))
tcp LISTEN 0 244 127.0.0.1:5432 0.0.0.0:* users:(("postgres",pid=10,fd=6))
tcp LISTEN 0 244 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=10,fd=6))
tcp LISTEN 0 244 [::1]:5432 [::]:* users:(("postgres",pid=10,fd=5))
"""


def test_ports() -> None:
    finding = ports.judge(SS, 2222)
    assert (finding.status, finding.value) == ("met", 0)
    assert finding.found == "0 beside them; tcp 80, 443, 2222"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tcp LISTEN 0 1 0.0.0.0:5432 0.0.0.0:* users:((\"postgres\",pid=1,fd=1))", "tcp 5432"),
        ("tcp LISTEN 0 1 [::]:3001 [::]:* users:((\"node\",pid=1,fd=1))", "tcp 3001"),
        ("tcp LISTEN 0 1 10.0.0.4:4369 0.0.0.0:*", "unknown listens on tcp 4369"),
        ("tcp LISTEN 0 1 *:80 *:* users:((\"node\",pid=1,fd=1))", "node listens on tcp 80"),
        ("tcp LISTEN 0 1 *:443 *:* users:((\"systemd\",pid=1,fd=1))", "systemd listens on tcp 443"),
        ("udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:* users:((\"named\",pid=5,fd=6))", "udp 53"),
    ],
)  # fmt: skip
def test_ports_of_others(line: str, said: str) -> None:
    finding = ports.judge(f"{SS}{line}\n", 2222)
    assert (finding.status, finding.value) == ("below", 1)
    assert said in finding.details[0]


def test_a_socket_that_waits_for_sshd_is_expected() -> None:
    line = 'tcp LISTEN 0 1 *:22 *:* users:(("systemd",pid=1,fd=1))'
    assert ports.judge(f"{SS}{line}\n", 22).status == "met"
    assert ports.judge(f"{SS}{line}\n", 2222).status == "below"


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "{}", "null", '[{"unit": 1}]'])
def test_what_says_nothing_is_no_pass(text: str) -> None:
    for judge in (lynis.judge, sshd.judge, tls.judge, partial(ports.judge, ssh=22)):
        with pytest.raises(ProgramError):
            judge(text)
    with suppress(ProgramError):
        assert {each.status for each in units.judge(text, UNITS)} == {"not run"}


@pytest.mark.parametrize("text", ["", "nonsense", "null", "[1]", '[{"unit": 1}]'])
def test_gixy_that_says_nothing_is_no_pass(text: str) -> None:
    with pytest.raises(ProgramError, match="no JSON"):
        gixy.judge(text)


MET = judged("a", "t", 0, "", [], met=True)
BELOW = judged("a", "t", 9, "", [], met=False)


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        ([MET, not_applicable("b", "t", "no TLS")], 0),
        ([MET, BELOW], 2),
        ([MET, not_run("b", "t", "why")], 1),
        ([BELOW, not_run("b", "t", "why")], 1),
    ],
)
def test_exit_status(findings: list[Finding], status: int) -> None:
    assert exit_status(findings) == status

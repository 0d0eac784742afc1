"""Each check on a day when all is well, and with one thing broken: status and words."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doctor_facts import DAY, NOW, STATUS, converged, deployment_in, on_host

from higuera.doctor.checks import CHECKS, examine
from higuera.doctor.connection import Connection
from higuera.doctor.facts import Facts
from higuera.doctor.here import Source, Toolchain
from higuera.doctor.judge_certificates import judge_days
from higuera.doctor.judge_way import offset_of
from higuera.doctor.network import Certificate, Name
from higuera.doctor.report import Finding, failed
from higuera.spec.environment import Host
from higuera.spec.tls import Tls

Break = Callable[[Facts], Facts]
SECRETS = [
    "secret SESSION_SECRET: is set nowhere; set it in .env",
    "secret DATABASE_URL: is empty; set it in .env",
]


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return converged(deployment_in(tmp_path_factory.mktemp("project")))


def here(**changes: Any) -> Break:
    return lambda facts: replace(facts, here=replace(facts.here, **changes))


def host(*lines: str, without: str = "nothing at all", **changes: Any) -> Break:
    return lambda facts: on_host(facts, *lines, without=without, **changes)


def status(old: str, new: str) -> Break:
    assert old in STATUS
    return host(f"status {STATUS.replace(old, new)}", without="status")


def given(**changes: Any) -> Break:
    return lambda facts: replace(facts, **changes)


def project(**changes: Any) -> Break:
    return lambda facts: replace(facts, project=replace(facts.project, **changes))


def network(**changes: Any) -> Break:
    def broken(facts: Facts) -> Facts:
        assert facts.network is not None
        return replace(facts, network=replace(facts.network, **changes))

    return broken


def environment(**changes: Any) -> Break:
    def broken(facts: Facts) -> Facts:
        known = facts.known
        there = known.environment.model_copy(update=changes)
        return replace(facts, deployment=replace(known, environment=there))

    return broken


def both(*breaks: Break) -> Break:
    def broken(facts: Facts) -> Facts:
        for one in breaks:
            facts = one(facts)
        return facts

    return broken


def clock(offset: float) -> Break:
    lines = (f"clock {NOW + offset}", f"clock {NOW + offset + 0.5}")
    return given(connection=Connection(None, lines, started=NOW, ended=NOW + 0.5))


def domain(name: Name) -> Break:
    return network(domains={"forms.example.com": name})


CERTIFICATE = f"certificate {int(NOW + 3.5 * DAY)} /etc/ssl/forms.pem"
EXPIRED = f"certificate {int(NOW - 3.5 * DAY)} /etc/ssl/forms.pem"
APT = "aptlock /var/lib/dpkg/lock-frontend 812 {age} /usr/bin/python3 unattended-upgrade"
GIVEN = Tls(mode="files", certificate="a.pem", key="TLS_KEY")
ELSEWHERE = frozenset({"198.51.100.9"})

# Check, what is broken, status, words that have to be told, in what was found or in the advice.
CASES: list[tuple[str, Break, str, list[str]]] = [
    ("python", here(python=(3, 9, 2)), "failed", ["3.9.2", "3.11"]),
    ("pyinfra", here(pyinfra="3.11.0"), "failed", ["3.11.0", "3.10.*"]),
    ("pyinfra", here(pyinfra="3.1.0"), "failed", ["3.1.0"]),
    ("pyinfra", here(pyinfra=""), "failed", ["missing"]),
    ("zstd", here(zstandard=""), "failed", ["pip install zstandard"]),
    ("git", here(programs=frozenset()), "warning", ["apt-get install git"]),
    ("cache", here(cache_free=100_000), "failed", ["97 MiB", "XDG_CACHE_HOME"]),
    ("cache", here(cache_free=1_000_000), "warning", ["976 MiB"]),
    ("project", here(files=frozenset({"config.py"})), "failed", ["deploy.py not in"]),
    ("inventory", given(deployment=None, inventory_problem="a: b"), "failed", ["a: b"]),
    ("templates", project(template_problem="a.j2:2: b"), "failed", ["a.j2:2: b", "--offline"]),
    (
        "secrets",
        project(secret_problems=tuple(SECRETS)),
        "failed",
        ["SESSION_SECRET: is set", "in .env"],
    ),
    ("secrets", project(secrets=0), "ok", ["made up"]),
    ("tls files", project(pair_problem="a.pem: ended"), "failed", ["a.pem: ended", "bring"]),
    ("tls files", environment(tls=GIVEN), "ok", ["a.pem would serve forms.example.com"]),
    ("build", project(build_problem="VITE_A (x) holds\nb"), "failed", ["VITE_A (x) holds; b"]),
    ("smoke", project(smoke_problem="login.py: cannot"), "failed", ["login.py: cannot"]),
    ("source", given(source=Source(Path("/x"), False)), "failed", ["../app"]),
    ("source", given(source=Source(Path("/x"), True, "a", -1)), "failed", ["migrate.files"]),
    ("source", given(source=Source(Path("/x"), True, "nogit")), "warning", ["git init"]),
    ("source", given(source=Source(Path("/x"), True, "a-dirty")), "warning", ["a-dirty"]),
    ("node", given(toolchain=Toolchain("1", "x", False)), "ok", ["to be fetched"]),
    ("node", given(toolchain=Toolchain("1", "x", False, "E404")), "failed", ["E404", "npm ping"]),
    ("node", given(toolchain=None), "not checked", ["no Node"]),
    ("squawk", here(programs=frozenset({"git"})), "warning", ["squawk-cli"]),
    ("squawk", given(source=Source(Path("/x"), True)), "not checked", ["no files"]),
    ("ssh", given(connection=Connection(failed("it is down", "call"))), "failed", ["down", "call"]),
    ("ssh", given(connection=None, why_no_host="stopped"), "not checked", ["stopped"]),
    ("dns", domain(Name(problem="Name not known")), "warning", ["does not resolve", "192.0.2.7"]),
    ("dns", domain(Name(ELSEWHERE)), "warning", ["leads to 198.51.100.9", "192.0.2.7"]),
    ("dns", domain(Name(ELSEWHERE | {"192.0.2.7"})), "warning", ["also to 198.51.100.9"]),
    ("dns", domain(Name(frozenset({"192.0.2.7", "2001:db8::7"}))), "ok", ["host's address"]),
    ("dns", network(domains={}), "not checked", ["sandbox"]),
    ("dns", both(network(domains={}), environment(domains=[])), "not checked", ["no domains"]),
    ("port 80", network(ports={80: "refused", 443: "refused"}), "warning", ["refuses", "nginx"]),
    ("port 80", network(ports={80: "no answer within 3 s"}), "failed", ["firewall", "open 80"]),
    (
        "port 80",
        both(network(ports={80: "refused"}), host(without="status")),
        "ok",
        ["nothing listens"],
    ),
    ("port 80", network(by_way_of="bastion"), "not checked", ["bastion"]),
    ("port 443", network(ports={443: "refused"}), "ok", ["nothing listens"]),
    ("port 443", network(ports={443: "no answer within 3 s"}), "warning", ["firewall"]),
    ("port 443", given(network=None, why_no_host="stopped"), "not checked", ["stopped"]),
    ("certificates", host(CERTIFICATE, without="certificate"), "warning", ["3 days", "certbot"]),
    ("certificates", host(EXPIRED, without="certificate"), "failed", ["forms.pem has expired"]),
    (
        "certificates",
        host("certificate unreadable /x", without="certificate"),
        "warning",
        ["/x cannot be read"],
    ),
    ("certificates", host(without="certificate"), "not checked", ["none yet"]),
    (
        "certificates",
        network(certificates={"a.test": Certificate(is_expired=True, problem="expired")}),
        "failed",
        ["a.test has expired"],
    ),
    (
        "certificates",
        network(certificates={"a.test": Certificate(problem="self-signed")}),
        "warning",
        ["not trusted (self-signed)"],
    ),
    (
        "certificates",
        network(certificates={"a.test": Certificate(NOW + 80.5 * DAY)}),
        "ok",
        ["a.test: 80 days"],
    ),
    (
        "certificates",
        host(status={"certificate": {"kind": "acme", "ends": "2027", "problem": "no address"}}),
        "warning",
        ["acme, until 2027; not renewed: no address", "systemctl start forms-certificate"],
    ),
    (
        "certificates",
        host(status={"certificate": {"kind": "stand-in", "problem": "no address"}}),
        "warning",
        ["there is none yet; not got: no address", "systemctl start forms-certificate"],
    ),
    (
        "certificates",
        host(EXPIRED, status={"certificate": {"kind": "acme", "problem": "no address"}}),
        "failed",
        ["forms.pem has expired", "not renewed: no address"],
    ),
    (
        "certificates",
        host(status={"certificate": {"kind": "acme", "ends": "2027", "timer": "inactive masked"}}),
        "warning",
        ["until 2027; nobody renews it: forms-certificate.timer is inactive masked", "--now"],
    ),
    (
        "certificates",
        host(status={"certificate": {"kind": "acme", "timer": "active enabled", "problem": ""}}),
        "ok",
        ["60 days"],
    ),
    (
        "certificates",
        host(status={"certificate": {"kind": "stand-in", "ends": "2027", "problem": ""}}),
        "warning",
        ["there is none yet", "higuera deploy"],
    ),
    ("clock", clock(5), "warning", ["5.0 s ahead", "set-ntp"]),
    ("clock", clock(-5), "warning", ["5.0 s behind"]),
    ("clock", clock(1), "ok", ["1.0 s ahead"]),
    ("clock", clock(-3600), "failed", ["3600.0 s behind", "certificates and sessions"]),
    ("clock", given(connection=Connection(None, ("clock ",))), "not checked", ["time"]),
    ("system", host("system debian 13", without="system "), "failed", ["debian 13", "Debian 12"]),
    ("system", host("machine riscv64", without="machine"), "failed", ["riscv64"]),
    ("systemd", host(without="systemd"), "failed", ["container"]),
    ("sudo", host("root no", without="root"), "failed", ["password from ana", "NOPASSWD"]),
    ("disk", host("disk 1000000", without="disk"), "failed", ["976 MiB", "needs 1464", "df -h"]),
    (
        "disk",
        host("space /tmp 20000 0", without="space /tmp"),
        "failed",
        ["too little on /tmp", "/tmp 0"],
    ),
    ("disk", host("space /var 90000000 2000000", without="space /var"), "warning", ["/var 1953"]),
    ("inodes", host("inodes /var 9000 3", without="inodes /var"), "failed", ["on /var", "df -i"]),
    ("inodes", host("inodes /tmp 9000 3", without="inodes /tmp"), "failed", ["on /tmp"]),
    ("inodes", host("inodes /tmp 9000 8000", without="inodes /tmp"), "warning", ["/tmp 8000"]),
    ("inodes", host("inodes / 900000 30000", without="inodes / "), "warning", ["/ 30000"]),
    ("inodes", host(inodes={"/": (0, 0)}), "ok", ["do not count"]),
    (
        "memory",
        host("memory MemAvailable 99000", without="memory MemA"),
        "warning",
        ["96 MiB available of 1953", "swap"],
    ),
    ("apt lock", host(APT.format(age=30)), "warning", ["unattended-upgrade", "812", "30 s"]),
    (
        "apt lock",
        host(APT.format(age=30), without="package zstd"),
        "warning",
        ["812", "wait for its end"],
    ),
    (
        "apt lock",
        host(APT.format(age=900), without="package zstd"),
        "failed",
        ["15 min", "zstd", "120 s"],
    ),
    ("apt lock", host(APT.format(age=900)), "warning", ["no package now"]),
    ("apt lock", host(without="rights"), "not checked", ["sudo wants a password"]),
    ("dpkg", host("unfinished nginx"), "warning", ["nginx", "dpkg --configure -a"]),
    ("dpkg", host("unfinished dpkg", without="package curl"), "failed", ["dpkg --configure -a"]),
    ("upgrades", host("aptrun apt-daily.service"), "warning", ["apt-daily.service is at work"]),
    ("reboot", host("reboot linux-image libc6 "), "warning", ["linux-image libc6", "reboot at"]),
    ("reboot", host("reboot "), "warning", ["unnamed"]),
    ("reboot", host("shutdown 300"), "failed", ["in 5 minutes", "shutdown -c"]),
    (
        "ports",
        host("listens 3000 900 grafana.service grafana"),
        "failed",
        ["3000 for web (blue) is held by grafana (process 900 of grafana.service)"],
    ),
    ("ports", host("listens 80 7 - apache2", without="listens 80 "), "failed", ["apache2"]),
    ("ports", host("listens 9999 7 - other"), "ok", ["3000"]),
    (
        "ports",
        host("listens 3101 7 forms-backend-green.service node"),
        "ok",
        ["3101"],
    ),
    (
        "nginx",
        host("nginx inactive masked", without="nginx"),
        "failed",
        ["masked", "a deploy fails"],
    ),
    ("nginx", host("nginx inactive enabled", without="nginx"), "warning", ["does not run"]),
    ("nginx", host("nginx active disabled", without="nginx"), "warning", ["after a reboot"]),
    ("nginx", host(without="tool"), "not checked", ["never deployed"]),
    ("versions", host(without="runtime"), "ok", ["node-22.23.3 comes", "PostgreSQL 15.18"]),
    ("versions", host(without="package nginx"), "ok", ["to be installed: nginx"]),
    ("tool", project(tool=""), "not checked", ["cannot be rendered"]),
    ("tool", host("tool 0000", without="tool"), "warning", ["the next deploy replaces it"]),
    ("tool", host(without="tool"), "not checked", ["never deployed"]),
    (
        "lock",
        status('"lock": null', '"lock": {"actor": "bob@ci", "since": "2026", "what": "deploy"}'),
        "failed",
        ["bob@ci since 2026 for: deploy", "higuera lock status"],
    ),
    ("lock", host(without="tool"), "not checked", ["never deployed"]),
    ("lock", host(without="status"), "not checked", ["higuera-forms status"]),
    (
        "cutover",
        status('"armed": null', '"armed": {"back_to": "0040"}'),
        "warning",
        ["goes back to plan 0040"],
    ),
    ("cutover", status('"notice": ""', '"notice": "taken back"'), "warning", ["taken back"]),
    ("migration", host("migrates forms-migration@x.service"), "warning", ["is under way"]),
    ("units", host("failedunit forms-web-blue.service"), "warning", ["forms-web-blue.service"]),
    ("units", status('"healthy"', '"unhealthy"'), "warning", ["web is unhealthy", "higuera logs"]),
    ("incident", status('"incident": ""', '"incident": "/v/I.md"'), "ok", ["/v/I.md"]),
    (
        "database",
        host("database psql: error: refused", without="database"),
        "failed",
        ["DATABASE_URL", "psql: error: refused"],
    ),
    ("database", host(without="database"), "failed", ["not within 8 s"]),
    ("database", host("database usage: x", without="database"), "not checked", ["older"]),
    ("database", host(without="database role"), "failed", ["whole answer"]),
    (
        "database",
        host("database creates false", without="database creates"),
        "failed",
        ["forms on forms: may create nothing", "grant"],
    ),
    (
        "database",
        host("database readonly true", without="database readonly"),
        "failed",
        ["read-only"],
    ),
    ("database", host("dumps 10", without="dumps"), "warning", ["0 MiB", "pending migration"]),
    ("database", host("pgclient 13", without="pgclient"), "warning", ["postgresql-client-15"]),
]


def finding(facts: Facts, name: str) -> Finding:
    return next(check for check in examine(facts).checks if check.name == name)


def test_all_is_well(well: Facts) -> None:
    report = examine(well)
    assert {check.name: check.found for check in report.checks if check.status != "ok"} == {}
    assert [check.advice for check in report.checks if check.advice] == []
    assert report.deployable
    assert (report.app, report.environment, report.host) == (
        "forms",
        "production",
        "vps.example.com",
    )


@pytest.mark.parametrize(("name", "broken", "expected", "words"), CASES)
def test_one_thing_broken(
    well: Facts, name: str, broken: Break, expected: str, words: list[str]
) -> None:
    facts = broken(well)
    found = finding(facts, name)
    assert found.status == expected, found
    for word in words:
        assert word in f"{found.found} {found.advice}"
    if expected in ("warning", "failed"):
        assert found.advice, "somebody has to know what to do"
    if expected == "failed":
        assert not examine(facts).deployable


@pytest.mark.parametrize("check", [check.name for check in CHECKS])
def test_every_check_is_seen_to_say_more_than_ok(check: str) -> None:
    cases = {status for name, _, status, _ in CASES if name == check}
    assert cases - {"ok"} or check in ("versions", "incident")


def test_warnings_alone_are_deployable(well: Facts) -> None:
    report = examine(here(programs=frozenset())(well))
    assert "warning" in {check.status for check in report.checks}
    assert report.deployable


def test_nothing_is_said_of_a_host_that_was_not_reached(well: Facts) -> None:
    problem = Connection(failed("192.0.2.7: it does not answer", "is it up?"))
    facts = replace(well, connection=problem, host=None, machine=None)
    facts = network(ports={80: "no answer", 443: "no answer"})(facts)
    report = examine(facts)
    rest = report.checks[[check.name for check in report.checks].index("clock") :]
    assert {(check.status, check.found) for check in rest} == {("not checked", "ssh failed")}
    assert finding(facts, "port 80").status == "not checked"
    assert not report.deployable


def test_without_an_inventory_this_machine_is_still_told() -> None:
    report = examine(Facts(inventory_problem="stack.yml: no"))
    assert not report.deployable
    assert finding(Facts(inventory_problem="x"), "ssh").found == "the inventory does not load"
    assert finding(Facts(inventory_problem="x"), "git").status == "warning"


def test_a_sandbox_that_is_off_stops_no_deploy(well: Facts) -> None:
    off = replace(
        well, connection=None, host=None, machine=None, network=None, why_no_host="it is stopped"
    )
    report = examine(environment(host=Host(address="@sandbox/demo"))(off))
    assert report.deployable
    assert {check.found for check in report.checks if check.status == "not checked"} >= {
        "it is stopped"
    }


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0.2, 0.8, 0.0),
        (0.0, 1.0, 0.0),
        (10.2, 10.8, 9.8),
        (-9.8, -9.2, -9.8),
        (1.4, 1.9, 0.9),
    ],
)
def test_the_least_offset_that_explains_the_clocks(
    first: float, last: float, expected: float
) -> None:
    """The host told its time twice within a second that began at 0 by this machine's clock."""
    assert offset_of(first, last, 0.0, 1.0) == pytest.approx(expected)


def test_several_certificates_count_by_the_worst() -> None:
    assert judge_days({"a": 60, "b": 5}).status == "warning"
    assert judge_days({"a": 60, "b": -1}).status == "failed"
    assert judge_days({"a": 21}).status == "ok"
    assert judge_days({"a": 20}).status == "warning"

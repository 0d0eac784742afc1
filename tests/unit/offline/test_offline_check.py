"""The offline checks: real nginx, systemd, sh, nft and squawk; each breakage has file and line."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from offline_project import MIGRATIONS, ROOT, OfflineProject, as_nobody

from higuera.offline import programs
from higuera.offline.check import check_offline
from higuera.offline.firewall import DENIED, NO_RIGHTS, check_firewall
from higuera.offline.nginx import check_nginx
from higuera.offline.nginx_copy import Copy
from higuera.offline.rendered import rendered
from higuera.offline.report import Finding
from higuera.offline.units import check_units
from higuera.render.host import FIREWALL
from higuera.spec.load import load_deployment

STACK_CONF = "/etc/nginx/higuera/forms.conf"
CHECKS = ["inventory", "templates", "nginx", "units", "shell", "firewall", "migrations"]


@pytest.fixture
def project(tmp_path: Path) -> OfflineProject:
    return OfflineProject(tmp_path)


@pytest.mark.parametrize("folder", ["", "tests/golden/forms"])
def test_the_example_passes(folder: str) -> None:
    with chdir(ROOT / folder):
        report = check_offline(Path("inventory"))
    if folder:  # the golden copy lies elsewhere than the app that its stack file names
        (missing,) = report.checks[0].findings
        assert str(missing).endswith("source: there is no folder ../examples/forms there")
        report.checks[0].outcome = "ok"
        report.checks = report.checks[:6]
    assert [check.name for check in report.checks] == CHECKS[: len(report.checks)]
    assert {check.outcome for check in report.checks} == {"ok"}, report
    assert report.ok


def test_every_environment_or_the_named_one(project: OfflineProject) -> None:
    project.write("inventory/staging.yml", "host: a\nstack: {settings: {firewall: false}}\n")
    found = [(check.environment, check.name) for check in project.check().checks]
    without = [name for name in CHECKS if name != "firewall"]
    production = [("production", name) for name in CHECKS]
    assert found == production + [("staging", name) for name in without]
    assert [check.environment for check in project.check("staging").checks] == ["staging"] * 6
    (check,) = project.check("gone").checks
    assert str(check.findings[0]) == (
        "inventory: no environment gone (there are: production, staging)"
    )


def test_no_environment_is_no_pass(tmp_path: Path) -> None:
    with chdir(tmp_path):
        assert check_offline(Path("inventory")).status == 1


TEMPLATES = {
    "nginx directive": (
        "nginx/stack.conf.j2",
        "    keepalive_time 500ms;",
        "    keepalife_time 500ms;",
        'unknown directive "keepalife_time" (in /etc/nginx/higuera/forms.conf:',
    ),
    "nginx value": ("nginx/nginx.conf.j2", "sendfile on;", "sendfile yes;", 'invalid value "yes"'),
    "nginx address": (
        "nginx/stack.conf.j2",
        "[::1]:80",
        "[::1]:80x",
        'invalid port in "[::1]:80x"',
    ),
    "nginx port": (
        "nginx/stack.conf.j2",
        "listen [::1]:80 default",
        "listen [::1]:99999 default",
        "invalid port",
    ),
    "nginx server": (
        "nginx/stack.conf.j2",
        "listen [::1]:80 default_server",
        "listen 127.0.0.1:80 default_server",
        "a duplicate listen 127.0.0.1:80 (in /etc/nginx/higuera/forms.conf:",
    ),
    "unit key": (
        "systemd/hardening.j2",
        "ProtectHome=yes",
        "ProtectHomes=yes",
        "Unknown key 'ProtectHomes' in section [Service], ignoring. (in /etc/systemd/system/forms-",
    ),
    "unit value": (
        "systemd/service.j2",
        "RestartSec=500ms",
        "RestartSec=soon",
        "Failed to parse sec value, ignoring: soon (in /etc/systemd/system/"
        "forms-backend-blue.service:20 and 3 more)",
    ),
    "unit section": (
        "systemd/boot.j2",
        "[Install]",
        "[Instal]",
        "Unknown section 'Instal'. Ignoring. (in /etc/systemd/system/forms-boot.service:",
    ),
    "unit of others": (
        "systemd/nginx.j2",
        "ProtectHome=yes",
        "ProtectHomes=yes",
        "Unknown key 'ProtectHomes' in section [Service], ignoring. (in /etc/systemd/system/nginx",
    ),
    "unit of ours": (
        "systemd/socket.j2",
        "Service={{ unit }}-proxy",
        "Service={{ unit }}-prox",
        "service forms-backend-blue-prox.service not loaded, socket cannot be started.",
    ),
    "shell": ("bin/traffic.sh.j2", "{% set", "fi\n{% set", 'Syntax error: "fi" unexpected'),
    "firewall": ("host/nftables.conf.j2", "policy drop", "polici drop", "syntax error, unex"),
    "jinja": ("systemd/boot.j2", "{{ stack.app }}:", "{{ stack.app }:", "unexpected '}'"),
    "name": ("systemd/boot.j2", "{{ stack.app }}:", "{{ stak.app }}:", "'stak' is undefined"),
    "attribute": (
        "nginx/stack.conf.j2",
        "{{ stack.nginx.status_port }}",
        "{{ stack.nginx.port }}",
        "has no attribute 'port'",
    ),
    "include": (
        "systemd/proxy.j2",
        '{% include "systemd/hardening.j2" %}',
        '{% include "systemd/hard.j2" %}',
        "there is no template systemd/hard.j2",
    ),
    "type": ("systemd/boot.j2", "{{ stack.app }}:", "{{ stack.app + 1 }}:", "can only concat"),
}


@pytest.mark.parametrize("case", TEMPLATES)
def test_a_broken_template_has_file_and_line(project: OfflineProject, case: str) -> None:
    name, old, new, said = TEMPLATES[case]
    if case == "shell":
        old = (ROOT / "templates" / name).read_text().splitlines()[5]
        new = f"fi\n{old}"
    line = project.override(name, old, new)
    found = project.findings()
    assert found, "nothing was found"
    assert {(finding.file, finding.line) for finding in found} == {(f"templates/{name}", line)}
    assert said in found[0].text


def test_a_unit_without_a_command(project: OfflineProject) -> None:
    line = project.override("systemd/boot.j2", "ExecStart={{ paths.tool }} boot\n", "")
    (found,) = project.findings()
    assert (found.file, found.line) == ("templates/systemd/boot.j2", line - 2)
    assert found.text.startswith("Service has no ExecStart=")


@pytest.mark.parametrize(
    ("file", "old", "new", "more", "said"),
    [
        ("stack.yml", "    port: 3000", "    prot: 3000", 0, "services.web.prot: unknown key (did"),
        ("production.yml", "domains:", "domain:", 0, "domain: unknown key (did you mean domains?)"),
        (
            "stack.yml",
            "start: node apps/web/server.js",
            "start: node 'apps/web/server.js",
            0,
            "services.web.start: Syntax error: Unterminated quoted string",
        ),
        (
            "production.yml",
            "  settings: {keep",
            "  services: {web: {build: 'if'}}\n  settings: {keep",
            0,
            "services.web.build: Syntax error: end of file unexpected",
        ),
        ("stack.yml", "../app", "../gone", 0, "source: there is no folder ../gone there"),
    ],
)
def test_a_broken_inventory_has_file_and_line(
    project: OfflineProject, file: str, old: str, new: str, more: int, said: str
) -> None:
    line = project.edit(f"inventory/{file}", old, new)
    found = [each for each in project.findings() if each.file == f"inventory/{file}"]
    assert (found[0].line, said in found[0].text) == (line + more, True), found


def test_a_root_that_is_not_there_stops_no_other_check(project: OfflineProject) -> None:
    """Nor another environment; it is told with file and line, as a broken template is."""
    line = project.edit("inventory/production.yml", "tls: acme", "tls: {mode: acme, ca: gone.pem}")
    project.write("inventory/staging.yml", "host: a\n")
    report = project.check()
    failed = [check for check in report.checks if check.outcome == "failed"]
    assert [(check.environment, check.name) for check in failed] == [("production", "templates")]
    (found,) = failed[0].findings
    assert (found.file, found.line) == ("inventory/production.yml", line)
    assert found.text.startswith("tls.ca: gone.pem: No such file")
    assert {check.environment for check in report.checks} == {"production", "staging"}


def test_a_bad_migration_has_file_and_line(project: OfflineProject) -> None:
    header = "-- owner: ana\n-- purpose: why\n-- way back: none is needed\n"
    project.write(f"app/{MIGRATIONS}/0002_bad.sql", f"{header}selec 1;\n")
    project.write(f"app/{MIGRATIONS}/0003_drop.sql", f"{header}\nalter table forms drop a;\n")
    found = {(each.file, each.line): each.text for each in project.findings()}
    assert found[f"app/{MIGRATIONS}/0002_bad.sql", 4].startswith("error: PostgreSQL's parser: syn")
    assert "ban-drop-column" in found[f"app/{MIGRATIONS}/0003_drop.sql", 5]


def test_all_findings_are_told_at_once(project: OfflineProject) -> None:
    lines = [
        project.override("nginx/stack.conf.j2", "    keepalive_time ", "    keepalife_time "),
        project.override("systemd/socket.j2", "Backlog=4096", "Backlogs=4096"),
        project.override("systemd/boot.j2", "{{ stack.app }}:", "{{ stack.app }:"),
        project.edit("inventory/stack.yml", "start: node server.js", "start: node 'server.js"),
    ]
    found = project.findings()
    assert {finding.line for finding in found} == set(lines)
    assert len(found) == 4, "the shared files, of which the boot unit is one, are left to be mended"


def test_a_template_that_nothing_renders_is_checked_too(project: OfflineProject) -> None:
    project.write("templates/systemd/more.j2", "a\n{% if %}\n")
    (found,) = project.findings()
    assert (found.file, found.line) == ("templates/systemd/more.j2", 2)


@pytest.mark.parametrize(
    ("program", "check"),
    [
        ("nginx", "nginx"),
        ("systemd-analyze", "units"),
        ("sh", "shell"),
        ("nft", "firewall"),
        ("squawk", "migrations"),
    ],
)
def test_a_missing_program_is_no_pass(
    project: OfflineProject, monkeypatch: pytest.MonkeyPatch, program: str, check: str
) -> None:
    """All of PATH is there but the one."""
    place = project.folder / "bin"
    place.mkdir()
    for folder in ("/usr/sbin", "/usr/bin", str(Path(sys.executable).parent)):
        for path in Path(folder).iterdir():
            if path.name != program and not (place / path.name).is_symlink():
                (place / path.name).symlink_to(path)
    monkeypatch.setattr(programs, "SBIN", str(place))
    monkeypatch.setattr(sys, "executable", str(place / "python"))
    monkeypatch.setenv("PATH", str(place))
    report = project.check()
    failed = {check.name: check.findings for check in report.checks if check.outcome == "failed"}
    assert list(failed) == [check]
    assert program in failed[check][0].text
    assert report.status == 1


def test_a_kernel_that_nft_may_not_ask_is_no_pass(
    project: OfflineProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that gives a plain user no namespace."""
    place = project.folder / "bin"
    place.mkdir()
    for program in ("nft", "unshare"):
        (place / program).write_text(f"#!/bin/sh\necho '{program}: {DENIED}' >&2\nexit 1\n")
        (place / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    report = project.check()
    (failed,) = (check for check in report.checks if check.outcome != "ok")
    assert (failed.name, failed.outcome, report.status) == ("firewall", "failed", 1)
    assert [str(each) for each in failed.findings] == [NO_RIGHTS]


def test_certificates_are_stood_in(project: OfflineProject) -> None:
    tls = "    listen 443 ssl http2;\n    listen [::]:443 ssl http2 ipv6only=on reuseport;\n"
    paths = "/etc/letsencrypt/live/{{ domains[0] }}"
    tls += f'    ssl_certificate {paths}/fullchain.pem;\n    ssl_certificate_key "{paths}/k.pem";\n'
    project.edit("inventory/production.yml", "tls: acme", "tls: off")
    port = "    listen [::1]:80 default_server;\n"
    project.override("nginx/stack.conf.j2", port, port + tls)
    assert project.findings() == []
    line = project.override("nginx/stack.conf.j2", "listen 443 ssl", "ssl_protocol x;listen 443")
    (found,) = project.findings()
    assert (found.line, 'unknown directive "ssl_protocol"' in found.text) == (line, True)


def test_programs_see_no_secret(project: OfflineProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_SECRET", "canary-5d1e")
    assert "canary-5d1e" not in programs.run(["/usr/bin/env"]).out
    monkeypatch.setenv("DATABASE_URL3", "canary-5d1e is no URL")
    assert "canary-5d1e" not in project.check().model_dump_json()
    assert project.check().ok


def test_nothing_is_left_behind(project: OfflineProject, monkeypatch: pytest.MonkeyPatch) -> None:
    place = project.folder / "tmp"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    before = sorted(project.folder.rglob("*"))
    assert project.check().ok
    assert sorted(project.folder.rglob("*")) == before
    assert "DATABASE_URL3" not in os.environ


def test_findings_read_like_a_compilers() -> None:
    assert str(Finding(file="a", line=1, text="b")) == "a:1: b"
    assert str(Finding(file="a", text="b")) == "a: b"
    assert str(Finding(text="b")) == "b"


@contextmanager
def taken(port: int) -> Iterator[None]:
    """By this process, or by whoever has it already."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", port)))
        yield


def test_a_plain_user_may_check_where_the_ports_are_taken(project: OfflineProject) -> None:
    with chdir(project.folder):
        deployment = load_deployment(Path("inventory"), "production")
    port, files = deployment.stack.nginx.candidate_port, rendered(deployment)
    with taken(port), as_nobody():
        assert check_nginx(files) == []
        assert check_units(files, "forms") == []
        assert check_firewall(next(file for file in files if file.path == FIREWALL)) == []
        broken = [replace(file, text=file.text.replace("listen ", "lisen ")) for file in files]
        (found,) = check_nginx(broken)
        assert (found.file, 'unknown directive "lisen"' in found.text) == (STACK_CONF, True)


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("listen 80;", "listen S0;"),
        ("listen 80; listen *:80; listen [::1]:80;", "listen S0; listen S0; listen S1;"),
        ("listen unix:/run/a.sock;", "listen S0;"),
        ("listen 70000;", "listen 70000;"),
        ("listen\n  8080 # listen 80;\n  ssl;", "listen\n  S0 # listen 80;\n  ssl;"),
        ("# pid /a;\npid '/run/a.pid';", "# pid /a;\npid P/written/run/a.pid;"),
        ("access_log off;", "access_log off;"),
        ("access_log /a/$host.log;", "access_log /a/$host.log;"),
        ("return 200 'listen 80; pid /x;';", "return 200 'listen 80; pid /x;';"),
        ("include /etc/nginx/a/*.conf; include b;", "include P/etc/nginx/a/*.conf; include b;"),
        (
            "ssl_certificate /c; ssl_certificate $c;",
            "ssl_certificate P/certificate.pem; ssl_certificate $c;",
        ),
        ('map $a $b { "~^/(?<c>x{2})$" "{"; listen y z; }', None),
    ],
)
def test_what_moves_below_the_prefix(tmp_path: Path, text: str, moved: str | None) -> None:
    expected = text.replace(" y ", " S0 ") if moved is None else moved
    expected = expected.replace("P/", f"{tmp_path}/")
    for number in (0, 1):
        expected = expected.replace(f"S{number}", f"unix:{tmp_path}/{number}.sock")
    assert Copy(tmp_path).moved(text) == expected

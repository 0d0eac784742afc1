"""A fault of the YAML has the line of its key, or of the nearest one around it."""

from pathlib import Path

import pytest
from spec_files import Project, new_project

from higuera.errors import SpecError

STACK = """\
app: forms
source: ../app
runtimes: {node: "22.23.3"}
services:
  web:
    runtime: node
    build: "true"
    artifact: dist
    start: node server.js
    port: 3000
    health: /
  api: &api
    runtime: node
    build: "true"
    artifact: dist
    start: node server.js
    port: 3001
    health: /
routes:
  /: web
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    made = new_project(tmp_path, monkeypatch)
    made.write("stack", STACK)
    made.load()
    return made


def fault(project: Project) -> list[str]:
    with pytest.raises(SpecError) as raised:
        project.load()
    return str(raised.value).splitlines()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("port: 3000", "prot: 3000", "stack.yml:10: services.web.prot: unknown key (did"),
        ("3000\n    health: /", "3000\n    health: x", 'stack.yml:11: services.web.health: "x" do'),
        ("    start: node server.js\n    port: 3000\n", "", "stack.yml:5: services.web.start: is"),
        ("app: forms\n", "", "stack.yml: app: is required"),
        ("  /: web", "  /: wbe", "stack.yml:20: routes./: no service wbe (there are: web, api)"),
        ("port: 3001", "port: 3000", "stack.yml:17: services.api.port (blue): port 3000 is taken"),
        ("port: 3001", 'secrets: ["A", "b-"]', "stack.yml:17: services.api.secrets.1: should be"),
        ("../app", "../gone", "stack.yml:2: source: there is no folder ../gone there"),
    ],
)
def test_line_of_the_stack_file(project: Project, old: str, new: str, said: str) -> None:
    assert STACK.count(old) == 1
    project.write("stack", STACK.replace(old, new))
    assert any(line.startswith(f"inventory/{said}") for line in fault(project)), fault(project)


def test_line_through_an_alias(project: Project) -> None:
    text = STACK.replace("port: 3001", "prot: 1")
    project.write("stack", text.replace("routes:", "  more: *api\nroutes:"))
    said = "unknown key (did you mean port?)"
    assert f"inventory/stack.yml:17: services.more.prot: {said}" in fault(project)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("host: a\ndomain: [b.c]\n", "2: domain: unknown key (did you mean domains?)"),
        ("host:\n  address: a\n  port: x\n", '3: host.port: should be an integer, got "x"'),
        ("host: a\nstack:\n  services:\n    web: {prot: 1}\n", "4: stack.services.web.prot: unk"),
        ("host: a\nstack: {routes: {/x/: no}}\n", "2: stack.routes./x/: should be text"),
        ("host: a\nstack: {routes: {/x/: gone}}\n", "2: stack.routes./x/: no service gone"),
        ("host: a\n\nstack: {source: ../gone}\n", "3: stack.source: there is no folder"),
    ],
)
def test_line_of_the_environment_file(project: Project, text: str, said: str) -> None:
    project.write("production", text)
    assert fault(project)[0].startswith(f"inventory/production.yml:{said}"), fault(project)

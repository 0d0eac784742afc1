"""From the files to a deployment: every fault is a sentence with file, key path and a way out."""

import datetime
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spec_files import ENVIRONMENT, GONE, SERVICE, STACK, Project, changed, new_project

from higuera.errors import SpecError
from higuera.spec.load import pick_environment


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return new_project(tmp_path, monkeypatch)


def fault(project: Project) -> str:
    """What is said, without the lines, which other tests hold."""
    with pytest.raises(SpecError) as raised:
        project.load()
    return re.sub(r"(?m)(^inventory/[a-z]+\.yml):[0-9]+: ", r"\1: ", str(raised.value))


def test_valid_project_loads(project: Project) -> None:
    deployment = project.load()
    assert deployment.name == "production"
    assert deployment.environment.host.address == "vps.example.com"
    assert deployment.source == (project.folder / "app").resolve()
    assert deployment.project == project.folder.resolve()
    assert deployment.stack.services["backend"].port_of("green") == 3101


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("apps", "apps: unknown key (did you mean app?)"),
        ("servces", "servces: unknown key (did you mean services?)"),
        ("runtimes.nod", "runtimes.nod: unknown key (did you mean node?)"),
        ("services.web.prot", "services.web.prot: unknown key (did you mean port?)"),
        ("services.web.secret", "services.web.secret: unknown key (did you mean secrets?)"),
        ("database.ulr", "database.ulr: unknown key (did you mean url?)"),
        (
            "database.migrate.comand",
            "database.migrate.comand: unknown key (did you mean command?)",
        ),
        ("nginx.body", "nginx.body: unknown key (did you mean body_limit?)"),
        (
            "settings.keep_release",
            "settings.keep_release: unknown key (did you mean keep_releases?)",
        ),
        ("runtimes.zzz", "runtimes.zzz: unknown key (known here: node)"),
    ],
)
def test_unknown_key_at_every_level(project: Project, path: str, sentence: str) -> None:
    project.change(path, {})
    assert f"inventory/stack.yml: {sentence}" in fault(project).splitlines()
    project.write("stack", STACK)
    project.override(path, {})
    assert f"inventory/production.yml: stack.{sentence}" in fault(project).splitlines()


def test_unknown_key_that_looks_like_a_mark_of_pydantic(project: Project) -> None:
    project.change("runtimes.[key]", "x")
    assert fault(project) == "inventory/stack.yml: runtimes.[key]: unknown key (known here: node)"
    project.write("stack", STACK)
    project.write("production", {**ENVIRONMENT, "[key]": None})
    assert fault(project).startswith("inventory/production.yml: [key]: unknown key")


@pytest.mark.parametrize("name", ["build", "secrets", "health", "port", "env"])
def test_service_named_like_a_key_still_gets_a_suggestion(project: Project, name: str) -> None:
    project.change(f"services.{name}", {**SERVICE, "port": 3400, "prot": 1})
    assert fault(project) == (
        f"inventory/stack.yml: services.{name}.prot: unknown key (did you mean port?)"
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"hots": "a.example.com"}, "host: is required"),
        ({"hots": "a.example.com"}, "hots: unknown key (did you mean host?)"),
        ({"host": {"adress": "a"}}, "host.adress: unknown key (did you mean address?)"),
        ({"host": {"address": "a", "port": "22"}}, 'host.port: should be an integer, got "22"'),
        ({"host": 5}, "host: should hold keys and values, got 5"),
        ({"host": "a b"}, 'host.address: "a b" does not fit the pattern'),
        ({"host": "a", "domains": "a.example"}, 'domains: should be a list, got "a.example"'),
        ({"host": "a", "domains": ["a_b.c"]}, 'domains.0: "a_b.c" does not fit the pattern'),
        (
            {"host": "a", "secrets": "make"},
            "secrets: should be 'given' or 'generate', got \"make\"",
        ),
        ({"host": "a", "stack": "forms"}, 'stack: should hold keys and values, got "forms"'),
    ],
)
def test_environment_file(project: Project, data: dict[str, Any], sentence: str) -> None:
    project.write("production", data)
    lines = fault(project).splitlines()
    assert any(line.startswith(f"inventory/production.yml: {sentence}") for line in lines), lines


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("services.web.port", "3001", 'should be an integer, got "3001"'),
        ("services.web.port", 3001.5, "should be an integer, got 3001.5"),
        ("services.web.port", True, "should be an integer, got true"),
        ("services.web.start", GONE, "is required"),
        ("services.web.start", None, "should be text, got nothing"),
        ("services.web.port", 80, "input should be greater than or equal to 1024, got 80"),
        ("services.web.port", 2**70, "input should be less than or equal to 65000"),
        ("services.web.runtime", "nodejs", "should be 'node', got \"nodejs\""),
        ("services.web.build", ["a"], "should be text, got a list"),
        ("services.web.build", "", "string should have at least 1 character"),
        ("services.web.build", "a\nb", "does not fit the pattern"),
        ("services.web.artifact", "../dist", "../dist: should not lead out of its folder"),
        ("services.web.artifact", "a/../../dist", "a/../../dist: should not lead out of"),
        ("services.web.artifact", "/dist", '"/dist" does not fit the pattern'),
        ("services.web.secrets", "A", 'should be a list, got "A"'),
        ("services.web.secrets", {"A": "b"}, "should be a list, got keys and values"),
        ("services.web.relaxed", ["PrivateTmp", "Seccomp"], "'SystemCallErrorNumber', got \"Se"),
        (
            "services.web.relaxed",
            ["restrictnamespaces"],
            "relaxed.0: should be 'NoNewPrivileges', ",
        ),
        ("services.web.env", {"A": 1}, "should be text, got 1"),
        ("services.web.env", {"A": True}, "should be text, got true"),
        ("services.web.health", "health", '"health" does not fit the pattern'),
        ("services.web.health", "/a b", '"/a b" does not fit the pattern'),
        ("services", {}, "dictionary should have at least 1 item"),
        ("services", [], "should hold keys and values, got a list"),
        ("services.web", "x", 'should hold keys and values, got "x"'),
        ("services.Web", SERVICE, '"Web" does not fit the pattern'),
        ("runtimes.node", "22", '"22" does not fit the pattern'),
        ("runtimes.node", "٢٢.١.٠", '"٢٢.١.٠" does not fit the pattern'),
        ("runtimes.node", 22.1, "should be text, got 22.1"),
        ("app", "Forms", '"Forms" does not fit the pattern'),
        ("app", "a" * 21, "string should have at most 20 characters"),
        ("settings.firewall", "yes", 'should be true or false, got "yes"'),
        ("nginx.body_limit", "1 MB", '"1 MB" does not fit the pattern'),
        ("database.provision", "remote", "should be 'local' or 'external', got \"remote\""),
        ("app", datetime.date(2026, 1, 2), "should be text, got 2026-01-02"),
    ],
)
def test_wrong_value(project: Project, path: str, value: Any, sentence: str) -> None:
    project.change(path, value)
    assert f"inventory/stack.yml: {path}" in fault(project)
    assert sentence in fault(project)
    if value is not GONE:
        project.write("stack", STACK)
        project.override(path, value)
        if path != "services":  # an empty mapping changes nothing when it is merged
            assert f"inventory/production.yml: stack.{path}" in fault(project)
            assert sentence in fault(project)


@pytest.mark.parametrize("number", ["0x" + "f" * 9000, "-0x" + "f" * 9000])
def test_number_that_python_does_not_write(project: Project, number: str) -> None:
    project.write("stack", yaml.safe_dump(STACK).replace("port: 3001", f"port: {number}"))
    assert "services.backend.port: " in fault(project)


def test_all_faults_are_told_at_once(project: Project) -> None:
    stack = changed(STACK, "services.web.port", "x")
    project.write("stack", changed(stack, "services.backend.healt", "x"))
    assert len(fault(project).splitlines()) == 2


def test_override_replaces_lists_and_merges_mappings(project: Project) -> None:
    project.override("services.backend", {"port": 4001, "secrets": ["ONLY"]})
    backend = project.load().stack.services["backend"]
    assert (backend.port, backend.secrets, backend.start) == (4001, ["ONLY"], SERVICE["start"])
    assert project.load().stack.services["web"].port == 3000


def test_blame_is_the_file_that_says_it(project: Project) -> None:
    stack = changed(STACK, "services.web.port", "x")
    project.write("stack", stack)
    project.override("services.backend.port", "y")
    assert fault(project).splitlines() == [
        'inventory/production.yml: stack.services.backend.port: should be an integer, got "y"',
        'inventory/stack.yml: services.web.port: should be an integer, got "x"',
    ]


def test_blame_for_what_is_missing_in_a_service_that_only_the_override_has(
    project: Project,
) -> None:
    incomplete = {key: value for key, value in SERVICE.items() if key != "port"}
    project.override("services.worker", incomplete)
    assert fault(project) == (
        "inventory/production.yml: stack.services.worker: "
        "port is required (or is it a kind: worker?)"
    )


@pytest.mark.parametrize("source", ["../nowhere", "a" * 5000, "a\0b", "loop/x"])
def test_source_that_is_no_folder(project: Project, source: str) -> None:
    (project.inventory / "loop").symlink_to("loop")
    project.change("source", source)
    assert fault(project).startswith("inventory/stack.yml: source: there is no folder")
    project.write("stack", STACK)
    project.override("source", source)
    assert fault(project).startswith("inventory/production.yml: stack.source: there is no folder")


def test_aliases_that_hold_themselves(project: Project) -> None:
    project.write("stack", yaml.safe_dump(STACK) + "extra: &x {a: *x}\n")
    project.write("production", "host: a\nstack:\n  extra: &x {a: *x}\n")
    assert fault(project) == "inventory/production.yml: stack: an alias holds itself"


# Which environment


def pick(project: Project, *names: str, requested: str | None = None) -> str:
    (project.inventory / "production.yml").unlink()
    for name in names:
        project.write(name, ENVIRONMENT)
    return pick_environment(project.inventory, requested)


@pytest.mark.parametrize(
    ("names", "picked"),
    [
        (["sandbox"], "sandbox"),
        (["sandbox", "production"], "production"),
        (["staging"], "staging"),
    ],
)
def test_only_one_beside_the_sandbox(project: Project, names: list[str], picked: str) -> None:
    assert pick(project, *names) == picked


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (["a", "b"], "a, b; or name it: higuera plan a"),
        (["sandbox", "b", "a"], "a, b, sandbox; or name it: higuera plan a"),
        ([], "none"),
    ],
)
def test_several_are_listed(project: Project, names: list[str], listed: str) -> None:
    with pytest.raises(SpecError) as raised:
        pick(project, *names)
    assert str(raised.value) == (
        f"inventory: which environment? Set HIGUERA_ENV to one of: {listed}"
    )


def test_requested_goes_first(project: Project) -> None:
    assert pick(project, "sandbox", "a", "b", requested="sandbox") == "sandbox"


@pytest.mark.parametrize("requested", ["nonsense", "stack", "../inventory/a", "a.yml"])
def test_requested_that_is_not_there(project: Project, requested: str) -> None:
    with pytest.raises(SpecError) as raised:
        pick(project, "a", requested=requested)
    assert str(raised.value) == f"inventory: no environment {requested} (there are: a)"


def test_variable_picks_and_the_argument_goes_before_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("staging", ENVIRONMENT)
    monkeypatch.setenv("HIGUERA_ENV", "staging")
    assert project.load().name == "staging"
    assert project.load("production").name == "production"


def test_no_inventory(project: Project) -> None:
    with pytest.raises(SpecError, match=r"gone: there is no such folder; it should hold stack.yml"):
        pick_environment(project.folder / "gone", None)


def test_no_stack_file(project: Project) -> None:
    (project.inventory / "stack.yml").unlink()
    assert fault(project) == "inventory/stack.yml: there is no such file"


# Whatever the files hold, it loads or it is a SpecError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.dates()
    | st.binary(max_size=4)
    | st.sampled_from(["/", "a", "../x", "node", "3001", "\x85", "\0"])
)
KNOWN = st.sampled_from(["web", "backend", "port", "env", "login", "a-b", "[key]", "0", ""])
ANYTHING = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT | KNOWN, inner, max_size=3),
    max_leaves=8,
)


def paths(tree: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every key path of nested mappings."""
    if not isinstance(tree, dict):
        return []
    here = [(*above, key) for key in tree]
    return here + [path for key in tree for path in paths(tree[key], (*above, key))]


def replaced(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    key, *below = path
    inner = tree.get(key)
    if not below or not isinstance(inner, dict):
        return {**tree, key: value}
    return {**tree, key: replaced(inner, tuple(below), value)}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
@given(
    path=st.sampled_from(paths(STACK)) | st.lists(TEXT | KNOWN, min_size=1, max_size=4).map(tuple),
    value=ANYTHING,
    over=st.dictionaries(st.sampled_from([*STACK, "zzz"]), ANYTHING, max_size=2),
    environment=ANYTHING,
)
def test_any_nested_data_loads_or_is_a_spec_error(
    project: Project, path: tuple[str, ...], value: Any, over: Any, environment: Any
) -> None:
    given_files = [
        (replaced(STACK, path, value), {**ENVIRONMENT}),
        (STACK, {**ENVIRONMENT, "stack": replaced({}, path, value)}),
        (replaced(STACK, path, value), {**ENVIRONMENT, "stack": over}),
        (STACK, environment),
        (value, ENVIRONMENT),
    ]
    for stack, where in given_files:
        project.write("stack", yaml.safe_dump(stack))
        project.write("production", yaml.safe_dump(where))
        try:
            project.load()
        except SpecError as error:
            assert str(error).startswith("inventory/")
            str(error).encode()  # can be printed

"""Secrets come in an order, missing ones are named, and no value is ever in a text."""

import traceback
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spec_files import ENVIRONMENT, STACK, Project, changed, new_project

from higuera.errors import SecretError, SpecError
from higuera.spec.load import Deployment
from higuera.spec.lookup import Sources
from higuera.spec.secrets import Secrets, load_secrets
from higuera.spec.stack import Stack

NAMES = ["DATABASE_URL", "SESSION_SECRET", "SMOKE_EMAIL", "SMOKE_PASSWORD"]
CANARY = "canary-8f3b"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return new_project(tmp_path, monkeypatch)


def load(file: Path, environ: dict[str, str], names: list[str] = NAMES) -> Secrets:
    return load_secrets(names, Sources(environ, file), None)


def fault(file: Path, environ: dict[str, str], names: list[str] = NAMES) -> str:
    with pytest.raises(SecretError) as raised:
        load(file, environ, names)
    return str(raised.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env.production"


def test_process_environment_goes_before_the_file(file: Path) -> None:
    file.write_text("A=file\nB=file\n")
    secrets = load(file, {"A": "process", "C": "process"}, ["A", "B"])
    assert (secrets.reveal("A"), secrets.reveal("B")) == ("process", "file")
    assert list(secrets) == ["A", "B"], "what nobody declares is not taken"


def test_deployment_reads_the_process_and_the_file_of_its_environment(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.folder / ".env.production").write_text("\n".join(f"{n}=file" for n in NAMES))
    (project.folder / ".env.staging").write_text("\n".join(f"{n}=staging" for n in NAMES))
    monkeypatch.setenv("SESSION_SECRET", "process")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    secrets = project.load().secrets
    assert secrets.reveal("SESSION_SECRET") == "process"
    assert secrets.reveal("DATABASE_URL") == "file"


def test_every_missing_and_empty_one_is_named(file: Path) -> None:
    file.write_text("SMOKE_EMAIL\nSMOKE_PASSWORD=''\n")
    assert fault(file, {"SESSION_SECRET": ""}).splitlines() == [
        f"secret {problem}; set it in the process environment "
        "or in .env.production beside the inventory folder"
        for problem in (
            "DATABASE_URL: is set nowhere",
            "SESSION_SECRET: is empty",
            "SMOKE_EMAIL: is empty",
            "SMOKE_PASSWORD: is empty",
        )
    ]


def test_file_is_taken_literally(file: Path) -> None:
    file.write_text("A='$HOME ${B} #x \\' \"'\nB=\"x\\ny\"\n")
    secrets = load(file, {"HOME": "/root"}, ["A", "B"])
    assert secrets.reveal("A") == "$HOME ${B} #x ' \""
    assert secrets.reveal("B") == "x\ny"


def test_file_that_is_no_text(file: Path) -> None:
    file.write_bytes(b"A=\xff" + CANARY.encode())
    assert fault(file, {}) == ".env.production: cannot be read: UnicodeDecodeError"


def test_undeclared_secret_cannot_be_revealed(file: Path) -> None:
    with pytest.raises(SecretError, match=r"^B: no service or job declares this secret$"):
        load(file, {"A": "a", "B": "b"}, ["A"]).reveal("B")


# The canary


def everything_said(deployment: Deployment) -> str:
    secrets = deployment.secrets
    texts = [str(secrets), repr(secrets), f"{secrets}", f"{secrets!r}", repr([secrets])]
    texts += [str(deployment), repr(deployment)]
    with pytest.raises(SecretError) as raised:
        secrets.reveal("OTHER")
    texts += traceback.format_exception(raised.value)
    return "\n".join(texts)


def test_canary_is_in_no_text(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES[:2]:
        monkeypatch.setenv(name, f"{CANARY}-{name}")
    lines = [f"{name}='{CANARY}-{name}'" for name in NAMES[2:]]
    (project.folder / ".env.production").write_text("\n".join(lines))
    deployment = project.load()
    assert deployment.secrets.reveal("DATABASE_URL").startswith(CANARY)
    said = everything_said(deployment)
    assert "DATABASE_URL" in said
    assert CANARY not in said


def test_canary_is_in_no_error(file: Path) -> None:
    file.write_text(f"SMOKE_EMAIL='{CANARY}'\nbroken line {CANARY}\nB='{CANARY}\n")
    with pytest.raises(SecretError) as raised:
        load(file, {"SESSION_SECRET": CANARY, "DATABASE_URL": ""})
    assert CANARY not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("database.url", f"postgresql://forms:{CANARY}@db/forms"),
        ("services.web.secrets", [f"{CANARY}!"]),
        ("services.web.secrets", {"SESSION_SECRET": CANARY}),
        ("database.seed.secrets", [f"SESSION_SECRET={CANARY}"]),
        ("smoke.login.password", f"{CANARY}!"),
        ("smoke.login.email", f"{CANARY}@example.com"),
        ("smoke.login.password", [CANARY]),
    ],
)
def test_value_written_where_its_name_belongs_is_not_shown(
    project: Project, path: str, value: Any
) -> None:
    project.change(path, value)
    with pytest.raises(SpecError) as raised:
        project.load()
    assert CANARY not in "".join(traceback.format_exception(raised.value))
    assert path.split(".")[-1] in str(raised.value)


@given(st.dictionaries(st.sampled_from(NAMES), st.text(min_size=1), min_size=1))
def test_no_wild_value_is_in_a_text(values: dict[str, str]) -> None:
    secrets = Secrets({name: f"{CANARY}{value}" for name, value in values.items()})
    for text in (str(secrets), repr(secrets)):
        assert text == f"Secrets({', '.join(values)})"
    assert {name: secrets.reveal(name) for name in secrets} == {
        name: f"{CANARY}{value}" for name, value in values.items()
    }


# Generated ones


@pytest.fixture
def throwaway(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    project.write("production", {**ENVIRONMENT, "secrets": "generate"})
    return project


def kept(project: Project) -> Path:
    return project.folder / ".env.production"


def test_generate_writes_once_and_reuses(throwaway: Project) -> None:
    first = throwaway.load().secrets
    text = kept(throwaway).read_text()
    again = throwaway.load().secrets
    assert {name: first.reveal(name) for name in NAMES} == {
        name: again.reveal(name) for name in NAMES
    }
    assert kept(throwaway).read_text() == text
    assert len(text.splitlines()) == len(NAMES)
    assert kept(throwaway).stat().st_mode & 0o777 == 0o600


def test_generated_values_are_long_and_differ(throwaway: Project) -> None:
    first = throwaway.load().secrets
    kept(throwaway).unlink()
    second = throwaway.load().secrets
    assert first.reveal("SESSION_SECRET") != second.reveal("SESSION_SECRET")
    assert first.reveal("DATABASE_URL") != second.reveal("DATABASE_URL")
    assert len(first.reveal("SESSION_SECRET")) >= 32
    assert first.reveal("SMOKE_EMAIL") == "smoke@forms.test"


def test_generate_makes_up_only_what_is_missing(
    throwaway: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(throwaway).write_text("SESSION_SECRET=mine")  # no newline at the end of the file
    monkeypatch.setenv("SMOKE_EMAIL", "me@example.com")
    secrets = throwaway.load().secrets
    assert secrets.reveal("SESSION_SECRET") == "mine"
    assert throwaway.load().secrets.reveal("SESSION_SECRET") == "mine"
    assert secrets.reveal("SMOKE_EMAIL") == "me@example.com"
    assert "SMOKE_EMAIL" not in kept(throwaway).read_text()
    assert throwaway.load().secrets.reveal("DATABASE_URL") == secrets.reveal("DATABASE_URL")


def test_generate_does_not_make_up_what_is_empty(
    throwaway: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SESSION_SECRET", "")
    with pytest.raises(SecretError, match=r"^secret SESSION_SECRET: is empty"):
        assert throwaway.load().secrets


def test_given_never_makes_anything_up(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SecretError, match="is set nowhere"):
        assert project.load().secrets
    assert not kept(project).exists()


def test_generated_url_of_an_app_with_hyphens(file: Path) -> None:
    stack = Stack.model_validate(changed(STACK, "app", "my-forms2"))
    secrets = load_secrets(["DATABASE_URL"], Sources({}, file), stack)
    url = secrets.reveal("DATABASE_URL")
    assert url.startswith("postgresql://my-forms2:")
    assert url.endswith("@127.0.0.1:5432/my-forms2")

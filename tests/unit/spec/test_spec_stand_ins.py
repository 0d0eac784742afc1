"""Stand-ins fit where secrets go, and show which secret it is."""

from pathlib import Path

import pytest
from spec_files import Project, new_project

from higuera.spec.database import check_urls, parse_postgres_url
from higuera.spec.stand_ins import stand_ins


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return new_project(tmp_path, monkeypatch)


def test_every_declared_secret_has_one(project: Project) -> None:
    stack = project.load().stack
    made = stand_ins(stack)
    assert list(made) == stack.secret_names()
    assert made.reveal("SESSION_SECRET") == "<SESSION_SECRET>"


def test_urls_can_be_parsed_and_lead_nowhere(project: Project) -> None:
    project.change("database.direct", "_D")
    text = (project.inventory / "stack.yml").read_text()
    project.write("stack", text.replace("direct: _D", "direct: _D\n  scratch: S"))
    stack = project.load().stack
    made = stand_ins(stack)
    assert stack.database is not None
    check_urls(stack.database, made.reveal)
    for name, host in (("DATABASE_URL", "database_url"), ("_D", "d"), ("S", "s")):
        url = parse_postgres_url(name, made.reveal(name))
        assert (url.password, url.host) == (f"<{name}>", f"{host}.invalid")


def test_no_database_no_urls(project: Project) -> None:
    stack = project.load().stack.model_copy(update={"database": None})
    assert all(stand_ins(stack).reveal(name) == f"<{name}>" for name in stand_ins(stack))

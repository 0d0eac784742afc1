"""What is generated is what is kept; `scripts/golden` renews it, git shows the change."""

import json

import pytest
from offline_project import ROOT

from higuera.offline.rendered import rendered
from higuera.offline.schema import schemas
from higuera.offline.tree import INDEX, listing
from higuera.spec.load import Deployment, load_deployment

GOLDEN = ROOT / "tests/golden"
CASES = {"forms": "production", "queue": "staging"}
RENEW = "run scripts/golden and read the change with git diff"


def case(name: str) -> Deployment:
    return load_deployment(GOLDEN / name / "inventory", CASES[name], with_source=False)


def test_every_case_is_held() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted(CASES)


@pytest.mark.parametrize("name", CASES)
def test_golden_copy(name: str) -> None:
    files = rendered(case(name))
    kept = GOLDEN / name / "rendered"
    there = {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()}
    assert there == {INDEX, *(file.path.lstrip("/") for file in files)}, RENEW
    assert json.loads((kept / INDEX).read_text()) == listing(files), RENEW
    for file in files:
        assert (kept / file.path.lstrip("/")).read_text() == file.text, f"{file.path}: {RENEW}"


def test_the_cases_differ_in_what_they_hold() -> None:
    forms, queue = ([file.path for file in rendered(case(name))] for name in CASES)
    assert "/etc/nftables.conf" in forms and "/etc/nftables.conf" not in queue
    assert "/etc/systemd/system/queue-mailer-blue.socket" not in queue
    assert "/etc/systemd/system/queue-backend-blue.socket" in queue
    for paths in (forms, queue):
        assert len(paths) == len(set(paths))


def test_schemas_are_those_of_the_models() -> None:
    folder = ROOT / "docs/schema"
    assert {name: (folder / name).read_text() for name in schemas()} == schemas(), RENEW
    stack = json.loads(schemas()["stack.schema.json"])
    told = stack["$defs"]["Service"]["properties"]["stop_limit"]["description"]
    assert told.startswith("Seconds from SIGTERM to SIGKILL")
    assert stack["additionalProperties"] is False


@pytest.mark.parametrize("name", CASES)
def test_no_file_is_empty_of_its_stand_ins(name: str) -> None:
    deployment = case(name)
    secret = "".join(file.text for file in rendered(deployment) if file.secret)
    used = {secret for service in deployment.stack.services.values() for secret in service.secrets}
    assert used
    assert all(f"<{secret_name}>" in secret for secret_name in used)


def test_no_environment_is_asked_for_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [file.text for file in rendered(case("forms"))]
    for name in case("forms").stack.secret_names():
        monkeypatch.setenv(name, f"canary-77a1-{name}")
    assert [file.text for file in rendered(case("forms"))] == expected
    assert "canary" not in "".join(expected)

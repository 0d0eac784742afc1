"""A line of the journal is JSON whatever it holds, and says who and when."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from higuera.operations import journal
from higuera.spec.actor import actor

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_RUN_ID", "GITHUB_ACTOR", "CI_JOB_ID"):
        monkeypatch.delenv(name, raising=False)


def test_now() -> None:
    assert re.fullmatch(STAMP, journal.now())


def test_actor_is_user_and_machine() -> None:
    assert re.fullmatch(r"\S+@\S+", actor())


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"GITHUB_RUN_ID": "17", "GITHUB_ACTOR": "ana"}, "ci-ana-17"),
        ({"CI_JOB_ID": "18"}, "ci-job-18"),
    ],
)
def test_actor_is_the_ci_job(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert actor() == name


@given(step=st.text(), detail=st.text(), release=st.text())
def test_one_line_of_json(step: str, detail: str, release: str) -> None:
    text = journal.line(step, "failed", "2026-11-23T10:15:00Z", release, detail)
    assert text.isprintable()
    found = json.loads(text)
    given_values = {"step": step, "detail": detail, "release": release}
    assert {key: found.get(key, "") for key in given_values} == given_values
    assert found["result"] == "failed"
    assert re.fullmatch(STAMP, found["end"])


def test_what_is_empty_is_left_out() -> None:
    found = json.loads(journal.line("upload", "ok", "2026-11-23T10:15:00Z", ""))
    assert set(found) == {"step", "result", "start", "end", "actor"}


def test_append_makes_the_folder_and_adds_a_line(tmp_path: Path) -> None:
    line = journal.line("a 'b'", "ok", journal.now(), "r1") + "\n"
    command = journal.append("forms", line)
    moved = command.get_raw_value().replace("/var/lib", shlex.quote(str(tmp_path)))
    for _ in range(2):
        stdin = str(command.connector_arguments["_stdin"])
        subprocess.run(["sh", "-c", moved], input=stdin, text=True, check=True)
    assert (tmp_path / "higuera/forms/journal.jsonl").read_text() == line * 2

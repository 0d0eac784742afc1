"""Operations as data: facts in, commands out, a file a case."""

import pytest
from operation_harness import Case, cases, complaints

from higuera.operations import (
    accounts,
    certificate,
    database,
    login,
    nginx,
    packages,
    runtimes,
    settings,
    ssh,
)

OPERATIONS = {
    f"{module.__name__.rpartition('.')[2]}/{name}"
    for module in (accounts, certificate, database, login, nginx, packages, runtimes, settings, ssh)
    for name, value in vars(module).items()
    if hasattr(value, "_inner") and value.__module__ == module.__name__
}


@pytest.mark.parametrize("case", cases(), ids=str)
def test_case(case: Case) -> None:
    outcome, wanted = case.run(), case.data
    assert (outcome.error or "").startswith(wanted.get("error", ""))
    assert (outcome.error is None) == ("error" not in wanted)
    assert outcome.commands == wanted.get("commands", [])
    assert outcome.noop == wanted.get("noop")
    assert outcome.log == wanted.get("log", [])
    assert outcome.plan == wanted.get("plan", outcome.plan)
    for fact, arguments in wanted.get("asked", {}).items():
        assert outcome.asked[fact] == arguments


@pytest.mark.parametrize("case", cases(), ids=str)
def test_case_says_one_thing(case: Case) -> None:
    assert len({"noop", "error", "commands"} & set(case.data)) == 1


@pytest.mark.parametrize("case", [c for c in cases() if "commands" in c.data], ids=str)
def test_commands_are_clean_shell(case: Case) -> None:
    for script in case.run().scripts:
        assert complaints(script) == ""


def test_every_operation_has_a_change_and_a_noop() -> None:
    found = {operation: set[str]() for operation in OPERATIONS}
    for case in cases():
        found["/".join(case.id.split("-")[:2])] |= set(case.data)
    assert {name: {"commands", "noop"} - keys for name, keys in found.items()} == {
        name: set() for name in OPERATIONS
    }

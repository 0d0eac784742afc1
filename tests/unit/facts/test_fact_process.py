"""From what a host printed to a state: recorded output, no output, half of it, and nonsense."""

from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml
from fact_catalogue import FACTS, HERE
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pyinfra.api import FactBase

CASES = sorted(HERE.glob("*/*.yml"))
# Two facts print a name a line, where any line is a name.
TAGGED = [c for c in CASES if c.parent.name not in ("InstalledPackages", "Runtimes")]
TAGS = ["account", "folder", "server", "role", "database", "stat", "sum", "unit", "text", "probe"]
TAGS += ["system", "machine", "user", "root", "systemd", "disk", "sshd"]
TAGS += ["plan", "live", "slot", "manifest", "catalog", "recorded", "backup", "why"]
TAGS += ["journal", "asked", "target", "kind", "sends", "chain"]


def output_of(case: Path) -> list[str]:
    text: str = yaml.safe_load(case.read_text())["output"]
    return text.splitlines()


def typed(fact: type[FactBase[Any]], value: Any) -> Any:
    """Plain data as the state that a fact returns."""
    return TypeAdapter(get_type_hints(fact.process)["return"]).validate_python(value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.stem}")
def test_output_becomes_a_state(case: Path) -> None:
    fact = FACTS[case.parent.name]
    wanted = typed(fact, yaml.safe_load(case.read_text())["state"])
    assert fact().process(output_of(case)) == wanted


def test_every_fact_has_recorded_output_and_half_output() -> None:
    kinds = {name: {case.stem for case in CASES if case.parent.name == name} for name in FACTS}
    assert {name: {"recorded", "half"} - found for name, found in kinds.items()} == {
        name: set() for name in FACTS
    }


@pytest.mark.parametrize("fact", FACTS.values())
def test_no_output_is_the_default(fact: type[FactBase[Any]]) -> None:
    # pyinfra answers with default() and does not call process(); both have to agree.
    nothing = fact().process([])
    if fact.default() is None:
        assert (nothing.system, nothing.may_be_root, nothing.free_kib) == ("unknown", False, 0)
    else:
        assert nothing == fact.default()


line = st.one_of(
    st.text(),
    st.builds("{} {}".format, st.sampled_from(TAGS), st.text()),
    st.builds(
        lambda tag, words: " ".join([tag, *words]),
        st.sampled_from(TAGS),
        st.lists(st.sampled_from(["", "a", "/a", "b c", "4096", "=", "e30=", "²", "-1", "None"])),
    ),
)


@pytest.mark.parametrize("fact", FACTS.values())
@settings(max_examples=50)
@given(lines=st.lists(line))
def test_nonsense_is_passed_over(fact: type[FactBase[Any]], lines: list[str]) -> None:
    assert fact().process(lines) is not None


@pytest.mark.parametrize("case", [case for case in CASES if case.stem == "recorded"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_torn_output_never_invents_anything(case: Path, data: st.DataObject) -> None:
    whole = output_of(case)
    kept = data.draw(st.lists(st.sampled_from(whole), unique=True))
    torn = [line[: data.draw(st.integers(0, len(line)))] for line in kept]
    FACTS[case.parent.name]().process(torn)


@pytest.mark.parametrize("case", [case for case in TAGGED if case.stem == "recorded"])
def test_noise_between_the_lines_changes_nothing(case: Path) -> None:
    fact = FACTS[case.parent.name]
    whole = output_of(case)
    noisy = [part for line in whole for part in ("-- banner --", line)]
    assert fact().process(noisy) == fact().process(whole)

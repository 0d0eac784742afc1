"""What stops a deploy before it starts: each rule, by the words of its error."""

from dataclasses import replace
from typing import Any

import pytest

from higuera.facts.machine import MachineState
from higuera.facts.preflight import NEEDED_KIB, problems

FIT = MachineState(
    system="debian",
    version="12",
    machine="x86_64",
    user="ana",
    is_root=False,
    may_be_root=True,
    has_systemd=True,
    free_kib=NEEDED_KIB,
    ssh_ports=(22,),
)


def test_a_fit_machine() -> None:
    assert problems(FIT) == []
    assert problems(replace(FIT, shutdown_in=901)) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": "13"}, "runs debian 13; Higuera deploys to Debian 12"),
        ({"system": "ubuntu"}, "runs ubuntu 12"),
        ({"has_systemd": False}, "does not run systemd"),
        ({"may_be_root": False}, "sudo wants a password from ana"),
        ({"free_kib": NEEDED_KIB - 1}, "has 1464 MiB of disk free and needs 1464"),
        ({"shutdown_in": 899}, "reboots or shuts down in 14 minutes"),
        ({"shutdown_in": -3}, "reboots or shuts down in 0 minutes"),
    ],
)
def test_each_rule(changes: dict[str, Any], words: str) -> None:
    (problem,) = problems(replace(FIT, **changes))
    assert words in problem


def test_all_at_once_the_plainest_first() -> None:
    broken = replace(FIT, version="11", has_systemd=False, may_be_root=False, free_kib=0)
    told = problems(broken)
    assert len(told) == 4 and "debian 11" in told[0]

"""Getting past Docker, where it runs on this machine.

Docker sets the policy of the FORWARD chain to drop, which another table's accept does not
override, and leaves the chain DOCKER-USER to others. Its rules are made with iptables, which is
therefore installed wherever that chain exists.
"""

import shutil
import subprocess

from higuera.sandbox.shell import run, tool_environment

CHAIN = "DOCKER-USER"


def rules(bridge: str) -> list[list[str]]:
    """Return the rules that let VPSes out, and the answers in."""
    answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"]
    return [["-i", bridge, "-j", "ACCEPT"], ["-o", bridge, *answers, "-j", "ACCEPT"]]


def admit(bridge: str) -> None:
    """Let the bridge's traffic through Docker's chain, if there is one."""
    if _succeeds("-n", "-L", CHAIN):
        for rule in rules(bridge):
            if not _succeeds("-C", CHAIN, *rule):
                run(["iptables", "-w", "-I", CHAIN, *rule], "let VPSes past Docker's firewall")


def dismiss(bridge: str) -> None:
    """Take the bridge's rules out of Docker's chain again."""
    for rule in rules(bridge):
        if _succeeds("-C", CHAIN, *rule):
            run(["iptables", "-w", "-D", CHAIN, *rule], "clean up Docker's firewall")


def _succeeds(*words: str) -> bool:
    """Tell whether iptables is there and says yes."""
    if shutil.which("iptables", path=tool_environment()["PATH"]) is None:
        return False
    return (
        subprocess.run(
            ["iptables", "-w", *words], env=tool_environment(), capture_output=True, check=False
        ).returncode
        == 0
    )

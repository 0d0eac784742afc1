"""What listens on the host for others than itself."""

import ipaddress
import re

from higuera.audit.report import Finding, judged
from higuera.audit.subject import Subject
from higuera.errors import ProgramError

NAME = "ports"
TARGET = "sshd, and nginx on 80 and 443"
COMMAND = "ss -Hltunp"
WEB = (80, 443)
# Answers to a host's own questions for its address (DHCP) come without a connection.
UDP = (68, 546)
PROGRAM = re.compile(r'users:\(\("([^"]*)"')


def audit(subject: Subject) -> list[Finding]:
    """Ask the host, which sees what a firewall hides as well. Raises ProgramError."""
    return [judge(subject.ask(COMMAND), subject.port)]


def judge(output: str, ssh: int) -> Finding:
    """From lines such as `tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",…`."""
    open_to_others = []
    lines = [line.split(maxsplit=6) for line in output.splitlines() if line.strip()]
    if not any(len(line) > 5 for line in lines):
        raise ProgramError("ss named nobody who listens, not even sshd")
    for kind, _, _, _, local, *rest in lines:
        address, _, port = local.rpartition(":")
        if _is_own(address):
            continue
        program = PROGRAM.search(rest[-1]) if rest else None
        open_to_others.append((kind, int(port), program[1] if program else "unknown"))
    unwanted = [each for each in dict.fromkeys(open_to_others) if not _is_expected(*each, ssh)]
    wanted = sorted({port for kind, port, program in open_to_others if kind == "tcp"})
    return judged(
        NAME,
        TARGET,
        float(len(unwanted)),
        f"{len(unwanted)} beside them; tcp {', '.join(map(str, wanted)) or 'none'}",
        [f"{program} listens on {kind} {port} for everybody" for kind, port, program in unwanted],
        met=not unwanted,
    )


def _is_own(address: str) -> bool:
    """Loopback, as in `127.0.0.1`, `[::1]` and `127.0.0.53%lo`."""
    plain = address.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(plain).is_loopback
    except ValueError:  # `*`: all of them
        return False


def _is_expected(kind: str, port: int, program: str, ssh: int) -> bool:
    if kind == "udp":
        return port in UDP
    if port in WEB:
        return program == "nginx"
    return program == "sshd" or (port == ssh and program == "systemd")  # ssh.socket

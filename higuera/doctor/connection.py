"""The one round trip over ssh, and what ssh means when it could not be made."""

import os
import re
import subprocess
import time
from dataclasses import dataclass

from higuera.doctor.report import Verdict, failed

# ssh itself failed, and not what it ran (ssh(1)).
SSH_FAILED = 255
TIME_LIMIT = 60  # seconds for all of it
# An unknown host key is accepted for this look alone, as the deploy would accept it for good.
LOOK = ["StrictHostKeyChecking=accept-new", "LogLevel=DEBUG1"]
LOOK += ["UserKnownHostsFile=/dev/null", "GlobalKnownHostsFile=/dev/null"]

DOWN = "is it up, and is host.address right? A firewall of the provider may also drop ssh"
NO_SSHD = "start sshd there (the provider's console), or correct host.port in the environment file"
RESOLVE = "correct host.address in the environment file"
KEY = "add your public key to its authorized_keys, or correct host.user or host.key"
CHANGED = (
    "if the VPS was made anew, forget the old key (ssh-keygen -R {address}) and compare the new "
    "one with the provider's console; if not, somebody may stand in between"
)
REFUSED = "too many attempts (fail2ban, MaxStartups)? Wait, or look at sshd's log there"
# What ssh says (OpenSSH 9.2), what that is, and what to do. The first that is found counts.
MEANINGS = (
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", "its host key has changed", CHANGED),
    (
        "UNPROTECTED PRIVATE KEY FILE",
        "others can read the private key, so ssh does not use it",
        "chmod 600 the file",
    ),
    ("Could not resolve hostname", "its name does not resolve", RESOLVE),
    ("Connection refused", "it refuses the connection: nothing listens on that port", NO_SSHD),
    (
        "timed out|No route to host|Network is unreachable|Host is down",
        "it does not answer",
        DOWN,
    ),
    ("Permission denied|Too many authentication failures", "it does not accept the key", KEY),
    (
        "kex_exchange_identification|banner|Connection reset|Connection closed",
        "it ends the connection before a login",
        REFUSED,
    ),
)


@dataclass(frozen=True)
class Connection:
    """How the round trip went."""

    problem: Verdict | None = None
    lines: tuple[str, ...] = ()
    is_known: bool = True
    """Whether the host key was known here."""
    fingerprint: str = ""
    started: float = 0.0
    """Seconds since 1970 by this machine's clock; likewise `ended`."""
    ended: float = 0.0


def connect(command: list[str], address: str) -> Connection:
    """Run an ssh command line, and once more where only the host key is unknown."""
    made = _run(command, address)
    if isinstance(made, Connection):
        return made
    looking = [word for option in LOOK for word in ("-o", option)]
    again = _run([command[0], *looking, *command[1:]], address, is_known=False)
    return again if isinstance(again, Connection) else Connection(_meaning("", address))


def _run(command: list[str], address: str, is_known: bool = True) -> Connection | None:
    """None where ssh stopped at a host key that it does not know."""
    started = time.time()
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except FileNotFoundError:
        return Connection(
            failed("there is no ssh on this machine", "apt-get install openssh-client")
        )
    except subprocess.TimeoutExpired:
        return Connection(
            failed(
                f"{address}: lets in, and does not answer within {TIME_LIMIT} s",
                "is it out of memory or of disk? See the provider's console",
            )
        )
    ended = time.time()
    told = done.stderr.decode(errors="replace")
    lines = tuple(done.stdout.decode(errors="replace").splitlines())
    if done.returncode == SSH_FAILED and not lines:
        if is_unknown_key(told) and is_known:
            return None
        return Connection(_meaning(told, address))
    if not any(line.startswith("clock ") for line in lines):
        return Connection(
            failed(
                f"{address}: lets in, and runs no command ({_last(told or ' '.join(lines))})",
                "has the account a login shell? See /etc/passwd and authorized_keys there",
            )
        )
    return Connection(None, lines, is_known, _fingerprint(told), started, ended)


def is_unknown_key(told: str) -> bool:
    """Whether ssh stopped since it never saw this host."""
    return "Host key verification failed" in told and "HAS CHANGED" not in told


def _meaning(told: str, address: str) -> Verdict:
    told = "\n".join(line for line in told.splitlines() if not line.startswith("debug"))
    for pattern, what, advice in MEANINGS:
        if re.search(pattern, told):
            shown = _fingerprint(told)
            found = f"{address}: {what}{f' ({shown})' if shown else ''}: {_last(told)}"
            return failed(found, advice.format(address=address))
    return failed(f"{address}: ssh cannot connect: {_last(told)}", DOWN)


def _fingerprint(told: str) -> str:
    """The SHA-256 of the host's key, where ssh tells it."""
    shown = re.search(r"(?:Server host key: \S+ |sent by the remote host is\s+)(SHA256:\S+)", told)
    return shown[1].rstrip(".") if shown else ""


def _last(told: str) -> str:
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"

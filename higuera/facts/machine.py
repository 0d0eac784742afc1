"""What machine this is, and whether it can be deployed to at all."""

import re
from dataclasses import dataclass

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import rows, script, tagged

COMMAND = r"""
ID='' VERSION_ID=''
[ -r /etc/os-release ] && . /etc/os-release # `.` of a missing file ends a POSIX shell
echo "system ${ID:-unknown} ${VERSION_ID:-unknown}"
echo "machine $(uname -m)"
echo "user $(id -un) $(id -u)"
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi 2>/dev/null; }
if as_root true; then echo "root yes"; else echo "root no"; fi
[ -d /run/systemd/system ] && echo "systemd yes"
for folder in / /srv /opt /var/lib; do # the least of them, wherever they are mounted
    df -Pk "$folder" | awk 'NR == 2 { print "disk", $4 }'
done
# Where sshd listens it says itself, to root; ssh.socket listens for it.
as_root sshd -T | awk '$1 == "listenaddress" { sub(/.*:/, "", $2); print "sshd", $2 }'
systemctl --quiet is-active ssh.socket 2>/dev/null &&
    systemctl show --property=Listen --value ssh.socket |
    sed -n 's/.*:\([0-9]*\) (Stream)$/sshd \1/p'
soon=/run/systemd/shutdown/scheduled
[ -r "$soon" ] && awk -F= -v now="$(date +%s)" '
    $1 == "USEC" { print "shutdown", int($2 / 1000000) - now }' "$soon"
[ -n "${SSH_CONNECTION:-}" ] && echo "sshd ${SSH_CONNECTION##* }"
"""


INTEGER = re.compile(r"-?[0-9]{1,9}$")


@dataclass(frozen=True)
class MachineState:
    """The answers that a preflight needs."""

    system: str
    version: str
    machine: str
    user: str
    is_root: bool
    may_be_root: bool
    has_systemd: bool
    free_kib: int
    ssh_ports: tuple[int, ...]
    shutdown_in: int | None = None
    """Seconds until it reboots or shuts down, where that is scheduled."""


class Machine(FactBase[MachineState | None]):
    """The machine as its login user sees it; never uses sudo itself, so it never asks for one."""

    def command(self) -> StringCommand:
        """The script that asks."""
        return script(COMMAND)

    def process(self, output: list[str]) -> MachineState:
        """From its lines to a state."""
        found = tagged(output)
        system, version = (rows(found, "system", 2) or [["unknown", "unknown"]])[0]
        user, uid = (rows(found, "user", 2) or [["unknown", "-1"]])[0]
        free = [line for line in found["disk"] if line.isdecimal()]
        ports = {int(line) for line in found["sshd"] if line.isdecimal() and int(line) < 65536}
        return MachineState(
            system=system,
            version=version,
            machine=(found["machine"] or [""])[0] or "unknown",
            user=user,
            is_root=uid == "0",
            may_be_root="yes" in found["root"],
            has_systemd="yes" in found["systemd"],
            free_kib=min(map(int, free), default=0),
            ssh_ports=tuple(sorted(ports)),
            shutdown_in=min(
                (int(at) for at in found["shutdown"] if INTEGER.match(at)), default=None
            ),
        )

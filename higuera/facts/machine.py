"""What machine this is, and whether it can be deployed to at all."""

from dataclasses import dataclass

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import script, tagged

COMMAND = r"""
. /etc/os-release
echo "system ${ID:-unknown} ${VERSION_ID:-unknown}"
echo "machine $(uname -m)"
echo "user $(id -un) $(id -u) $(id -gn)"
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; then echo "root yes"; else echo "root no"; fi
[ -d /run/systemd/system ] && echo "systemd yes"
df -Pk / | awk 'NR == 2 { print "disk", $4 }'
for file in /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf; do
    [ -r "$file" ] && awk 'tolower($1) == "port" { print "sshd", $2 }' "$file"
done
[ -n "${SSH_CONNECTION:-}" ] && echo "sshd ${SSH_CONNECTION##* }"
"""


@dataclass(frozen=True)
class MachineState:
    """The answers that a preflight needs."""

    system: str
    version: str
    machine: str
    user: str
    group: str
    is_root: bool
    may_be_root: bool
    has_systemd: bool
    free_kib: int
    ssh_ports: tuple[int, ...]


class Machine(FactBase[MachineState | None]):
    """The machine as its login user sees it; never uses sudo itself, so it never asks for one."""

    def command(self) -> StringCommand:
        """The script that asks."""
        return script(COMMAND)

    def process(self, output: list[str]) -> MachineState:
        """From its lines to a state."""
        found = tagged(output)
        system, version = (found["system"] or [["unknown", "unknown"]])[0]
        user, uid, group = (found["user"] or [["unknown", "-1", "unknown"]])[0]
        ports = {int(line[0]) for line in found["sshd"] if line and line[0].isdigit()}
        return MachineState(
            system=system,
            version=version,
            machine=found["machine"][0][0] if found["machine"] else "unknown",
            user=user,
            group=group,
            is_root=uid == "0",
            may_be_root=["yes"] in found["root"],
            has_systemd=["yes"] in found["systemd"],
            free_kib=int(found["disk"][0][0]) if found["disk"] else 0,
            ssh_ports=tuple(sorted(ports)),
        )

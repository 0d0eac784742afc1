"""One deploy at a time: a lock on the host that a live process there holds.

The process is a shell at the far end of an SSH channel. It lets go when the channel closes, and
when the controller has been silent for too long: a killed controller, a closed laptop and a pulled
cable all free the lock by themselves, and none leaves a file to clean up.
"""

import json
import time
from shlex import quote

import gevent
from paramiko import Channel
from pyinfra import logger
from pyinfra.api import Host, StringCommand
from pyinfra.connectors.util import make_unix_command_for_host

from higuera.errors import HostError
from higuera.spec.actor import deploy_id
from higuera.spec.line import GONE

BEAT = 3  # seconds between the controller's signs of life
SILENCE = 15  # seconds without one after which the host takes the controller for gone
FOUND = "found: "  # before each line of what the host has to tell
PATIENCE = 15  # seconds that the host gets to end what it holds
HELD = 75  # EX_TEMPFAIL (sysexits.h): try again later

SCRIPT = """
set -eu
file={file}
mkdir -p /run/higuera {state}
[ -e "$file" ] || : >"$file"
exec 9<>"$file"
flock --timeout 1 9 || {{ cat "$file.owner" 2>/dev/null || true; exit {held}; }}
deploying={state}/deploying
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
clear_up() {{
    if [ -x {tool} ]; then
        {tool} abandoned
    elif [ -e "$deploying" ]; then # the first deploy has not brought the tool yet
        sed "s/@END@/$(date -u +%Y-%m-%dT%H:%M:%SZ)/" "$deploying" >>{state}/journal.jsonl
        rm -f "$deploying"
    fi
}}
printf '%s\\n' {owner} | sed "s/@PID@/$$/; s/@NOW@/$now/" >"$file.owner"
{{
    clear_up || true
    [ ! -x {tool} ] || {{ {tool} settle || true; {tool} notice; }}
}} 2>&1 | sed 's/^/{found}/'
printf '%s\\n' {abandoned} | sed "s/@NOW@/$now/" >"$deploying" || {{
    rm -f "$deploying" "$file.owner"
    echo "nothing was begun; is the disk full? See there: df -h "{state}"; what frees room: "\
"journalctl --vacuum-size=200M; apt-get clean" >&2
    exit 1
}}
echo "held $(date +%s)"
finished=no
while beat=$(timeout {silence} dd bs=1 count=1 2>/dev/null 9>&-) && [ -n "$beat" ]; do
    [ "$beat" != q ] || {{ finished=yes; break; }}
done
rm -f "$file.owner"
[ $finished = no ] || {{ rm -f "$deploying"; exit 0; }}
clear_up >/dev/null 2>&1 # the one who could read what it prints is gone
"""


class Lock:
    """The lock of one app on one host, as long as this object has it open."""

    def __init__(self, channel: Channel, host_clock: int) -> None:
        self.taken = host_clock
        """When it was taken by the host's clock, in seconds since 1970."""
        self.ahead = host_clock - time.time()
        """Seconds by which the host's clock is ahead of this one."""
        self._channel = channel
        self._beating = gevent.spawn(self._beat)

    def _beat(self) -> None:
        while True:
            gevent.sleep(BEAT)
            try:
                self._channel.sendall(b".")
            except GONE:
                return  # the host lets go by itself; the next command of the deploy fails

    @property
    def is_lost(self) -> bool:
        """Whether the host has let go: somebody released it by force, or the line was silent."""
        return self._channel.closed or self._channel.exit_status_ready()

    def release(self) -> None:
        """Let go, as a deploy does that came to its end, good or bad."""
        self._let_go(b"q")

    def abandon(self) -> None:
        """Leave in the middle of a deploy: the host takes back what is open, and journals it."""
        self._let_go(b"")

    def _let_go(self, goodbye: bytes) -> None:
        self._beating.kill(block=False)
        try:
            self._channel.sendall(goodbye)
            self._channel.shutdown_write()
            self._channel.status_event.wait(PATIENCE)
        except GONE:
            pass  # then the host has noticed by itself
        finally:
            self._channel.close()


def script(app: str, owner: dict[str, str], silence: int = SILENCE) -> str:
    """What the host runs for as long as the lock is held.

    It prints `held` and the host's clock, and reads a byte a sign of life, `q` at the end. A second
    to wait for another taker, since who asks whether the lock is held has it for a moment.

    + silence: seconds without a byte after which it lets go
    """
    abandoned = {
        "step": "deploy",
        "result": "abandoned",
        "start": owner.get("since", "@NOW@"),
        "end": "@END@",
        "actor": owner["actor"],
        "release": owner.get("release", ""),
        "deploy": deploy_id(),
    }
    return SCRIPT.format(
        file=quote(f"/run/higuera/{app}.lock"),
        found=FOUND,
        tool=quote(f"/usr/local/sbin/higuera-{app}"),
        state=quote(f"/var/lib/higuera/{app}"),
        owner=quote(json.dumps({"since": "@NOW@", **owner, "pid": "@PID@"})),
        abandoned=quote(json.dumps(abandoned)),
        held=HELD,
        silence=silence,
    )


def take(host: Host, app: str, owner: dict[str, str], sudo: bool) -> Lock:
    """Take the lock. Raises HostError that says who holds it, since when and for what."""
    command = make_unix_command_for_host(
        host.state, host, StringCommand(script(app, owner)), _sudo=sudo
    ).get_raw_value()
    transport = host.connector.client.get_transport()  # type: ignore[attr-defined]
    channel = transport.open_session()
    channel.exec_command(command)
    lines = channel.makefile("r")
    answer = lines.readline().strip()
    while answer.startswith(FOUND):  # say, a cutover that nobody confirmed was taken back
        host.log(answer.removeprefix(FOUND), log_func=logger.warning)
        answer = lines.readline().strip()
    if answer.startswith("held "):
        return Lock(channel, int(answer.split()[1]))
    problem = channel.makefile_stderr("rb").read().decode(errors="replace").strip()
    if channel.recv_exit_status() == HELD:
        raise HostError(held_by(app, answer))
    raise HostError(f"the lock of {app} could not be taken: {problem or answer}")


def held_by(app: str, owner: str) -> str:
    """The sentence that says who holds a lock."""
    try:
        found = json.loads(owner)
        who = f"{found['actor']} since {found['since']} for: {found['what']}"
    except (ValueError, KeyError, TypeError):
        who = "somebody who just took it"
    return f"{app} is locked by {who}; wait, or see: higuera lock status"

"""sshd: changed with the way back armed, and kept once a new login was proven."""

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from shlex import quote

from pyinfra import host
from pyinfra.api import FunctionCommand, Host, StringCommand, operation

from higuera.errors import HigueraError, HostError
from higuera.facts.files import Files
from higuera.facts.script import words
from higuera.operations.diff import readable, show_diff, warn
from higuera.operations.files import write
from higuera.operations.notes import affects
from higuera.operations.remote import run_remote
from higuera.operations.step import step
from higuera.render.files import File
from higuera.render.ssh import BOOT, SSHD, TOOL

# Where the tool takes the new configuration from; sshd does not look there.
WANTED = "/etc/higuera/sshd.conf"
HOLDS = "holds"
UNIT = BOOT.rpartition("/")[2]


@operation()
def proven(
    files: list[File], user: str, deadline: int
) -> Generator[StringCommand | FunctionCommand, None, None]:
    """Make sshd read our settings first, and keep them only if `user` can still log in.

    + files: the configuration, the on-host tool, the unit that looks after a reboot
    + user: who has to get in, and to become root, by a new connection
    + deadline: seconds for that proof; without it the host goes back by itself

    **Example:**

    .. code:: python

        ssh.proven(name="SSH", files=ssh_files(Ssh(), closes_root=True), user="deploy", deadline=60)
    """
    users = words(dict.fromkeys([user, "root"]))
    there = host.get_fact(
        Files,
        paths=[file.path for file in files],
        units=[UNIT],
        contents=readable(host, files),
        probe=f"[ ! -x {TOOL} ] || {TOOL} check {users}",
    )
    stale = there.stale(files)
    show_diff(host, stale, there)
    conf = next(file for file in files if file.path == SSHD)
    is_due = conf in stale or there.answer != HOLDS
    lines = [] if there.units.get(UNIT, "").endswith("enabled") else [f"systemctl -q enable {UNIT}"]
    if BOOT in [file.path for file in stale]:
        lines.insert(0, "systemctl daemon-reload")
    if not is_due:
        affects(host, "sshd", "stays", "it is as the stack file has it")
    else:
        why = "its configuration changes" if conf in stale else "it is not as the stack file has it"
        affects(host, "sshd", "reloads", f"{why}; kept once a new login was proven")
    if not is_due and not stale and not lines:
        host.noop("sshd holds")
        return
    if is_due and conf not in stale:
        warn(host, f"sshd is not as the stack file has it: {there.answer or 'it cannot be asked'}")
    others = [file for file in stale if file != conf]
    if not is_due:
        yield write(others, after="\n".join(lines))
        return
    lines.append(f"{TOOL} try {deadline} {WANTED} {users}")
    yield write([*others, replace(conf, path=WANTED)], after="\n".join(lines))
    yield step(partial(_prove, user, conf.sha256))


def _prove(user: str, sha256: str, host: Host) -> None:
    """Log in anew, then keep the change; where that fails, take it back at once."""
    try:
        host.connector.prove_login(user)  # type: ignore[attr-defined]
    except HigueraError as error:
        taken_back = " ".join(run_remote(host, f"{TOOL} revert"))
        raise HostError(f"{error}\n{taken_back}\nsee settings.ssh in the stack file") from None
    run_remote(host, f"{TOOL} confirm {sha256}")
    host.log(f"a new login as {quote(user)} was proven; the change of sshd stays")

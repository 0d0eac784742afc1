"""A script on the host from within a step, its failure as a HostError."""

from shlex import quote

from pyinfra.api import Host, StringCommand

from higuera.errors import HostError
from higuera.spec.actor import actor


def run_remote(host: Host, script: str, stdin: str | None = None, show: bool = False) -> list[str]:
    """Run a script with the rights of the operation; returns its output lines.

    `show` prints them as they come, for what takes long. Raises HostError with what it printed.
    """
    arguments = {
        key: value
        for key, value in (host.current_op_global_arguments or {}).items()
        if key.startswith(("_sudo", "_su_", "_doas"))
    }
    ok, output = host.run_shell_command(
        StringCommand(f"HIGUERA_ACTOR={quote(actor())}; export HIGUERA_ACTOR\n{script}"),
        print_output=show,
        _stdin=stdin,
        **arguments,
    )
    if not ok:
        raise HostError("\n".join(line.line for line in output.combined_lines) or "no output")
    return [line for line in output.stdout_lines if line]

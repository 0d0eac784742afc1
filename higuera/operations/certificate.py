"""The certificate: given, made on the host, or asked for. No deploy fails for want of one."""

from collections.abc import Generator
from shlex import quote

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, Host, StringCommand, operation

from higuera.facts.files import Files
from higuera.operations.files import write
from higuera.operations.notes import affects, prepares
from higuera.operations.remote import run_remote
from higuera.operations.step import step
from higuera.plan.model import Effect
from higuera.render.files import File

PROBLEM = "problem: "


@operation()
def shown(
    tool: str, wanted: str, timer: str | None, pair: list[File]
) -> Generator[StringCommand | FunctionCommand, None, None]:
    """Show the certificate that the environment names, and see to it that it is renewed.

    What an authority does not give is told; the next deploy and the timer ask again.

    + tool: the on-host tool, which makes it, asks for it and shows it
    + wanted: what it has to have been made for
    + timer: what renews it
    + pair: a given certificate and its key, where the tool looks for them

    **Example:**

    .. code:: python

        certificate.shown(
            name="Certificate", tool=tool, wanted="self-signed a.test", timer=None, pair=[]
        )
    """
    fits = f"{quote(tool)} certificate fits {quote(wanted)} 2>/dev/null"
    there = host.get_fact(Files, paths=[], units=[timer] if timer else [], probe=fits)
    is_renewed = timer is None or there.units.get(timer) == "active enabled"
    if timer is not None:
        renewal: tuple[Effect, str] = ("stays", "its timer is on")
        if not is_renewed:
            renewal = "starts", "its timer is not on, or not after a reboot"
        affects(host, "certificate renewal", *renewal)
    if there.answer == "fits" and is_renewed:
        host.noop("it is shown")
        return
    if there.answer != "fits":
        prepares(host, "certificate", "install" if pair else "get", [wanted])
    if timer is not None and not is_renewed:
        yield StringCommand(f"systemctl --quiet enable --now {quote(timer)}")
    if pair:
        yield write(pair, after=f"{quote(tool)} certificate install {quote(wanted)}")
    elif there.answer != "fits":
        yield step(lambda host: _obtain(host, tool))


def _obtain(host: Host, tool: str) -> None:
    for line in run_remote(host, f"{quote(tool)} certificate obtain"):
        if line.startswith(PROBLEM):
            told = f"tls: {line.removeprefix(PROBLEM)}"
            host.log_styled(told, fg="yellow", log_func=logger.warning)
        else:
            host.log(f"tls: {line}")

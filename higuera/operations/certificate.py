"""The certificate: given, made on the host, or asked for. No deploy fails for want of one."""

import hashlib
from collections.abc import Generator
from shlex import quote

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, Host, StringCommand, operation

from higuera.facts.files import Files
from higuera.operations.files import write
from higuera.operations.remote import run_remote
from higuera.operations.run import Run
from higuera.operations.step import step
from higuera.render.certificate import certificate_for, timer_of
from higuera.render.files import File

PROBLEM = "problem: "


@operation()
def shown(run: Run) -> Generator[StringCommand | FunctionCommand, None, None]:
    """Show the certificate that the environment names, and see to it that it is renewed.

    What an authority does not give is told; the next deploy and a timer ask again.

    + run: this deploy
    """
    stack, environment = run.deployment.stack, run.deployment.environment
    pair = given_pair(run)
    wanted = certificate_for(environment, digest_of(pair) if pair else "")
    timer = timer_of(stack, environment)
    fits = f"{quote(run.tool)} certificate fits {quote(wanted)} 2>/dev/null"
    there = host.get_fact(Files, paths=[], units=[timer] if timer else [], probe=fits)
    is_renewed = timer is None or there.units.get(timer) == "active enabled"
    if there.answer == "fits" and is_renewed:
        host.noop("it is shown")
        return
    if not is_renewed:
        yield StringCommand(f"systemctl --quiet enable --now {quote(str(timer))}")
    if pair:
        yield write(pair, after=f"{quote(run.tool)} certificate install {quote(wanted)}")
    elif there.answer != "fits":
        yield step(lambda host: _obtain(host, run.tool))


def given_pair(run: Run) -> list[File]:
    """The files of `tls: files`, where the on-host tool looks for them."""
    deployment = run.deployment
    chain, key = deployment.certificate, deployment.environment.tls.key
    if chain is None or key is None:
        return []
    folder = f"{deployment.stack.paths.tls}/incoming"
    return [
        File(f"{folder}/fullchain.pem", chain),
        File(f"{folder}/privkey.pem", deployment.secrets.reveal(key), mode="0600", secret=True),
    ]


def digest_of(pair: list[File]) -> str:
    """Of the certificate alone: its key follows from it."""
    return hashlib.sha256(pair[0].text.encode()).hexdigest()[:16]


def _obtain(host: Host, tool: str) -> None:
    for line in run_remote(host, f"{quote(tool)} certificate obtain"):
        if line.startswith(PROBLEM):
            told = f"tls: {line.removeprefix(PROBLEM)}"
            host.log_styled(told, fg="yellow", log_func=logger.warning)
        else:
            host.log(f"tls: {line}")

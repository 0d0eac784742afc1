"""Releases: built here, brought to the host, started beside the live one, put live."""

from collections.abc import Generator, Sequence
from shlex import quote

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, Host, StringCommand, operation

from higuera.build.leaks import refuse_public_secrets
from higuera.build.service import build_service
from higuera.facts.script import words
from higuera.operations.diff import rights, show_diff, warn
from higuera.operations.files import write
from higuera.operations.flip import flip, undoing
from higuera.operations.look import loose_files
from higuera.operations.remote import run_remote
from higuera.operations.run import Run
from higuera.operations.step import step
from higuera.operations.upload import mib, unpack, upload
from higuera.render.files import File


@operation()
def built(run: Run) -> Generator[FunctionCommand, None, None]:
    """Build on the controller what the live release was not built from.

    + run: this deploy
    """
    changed = run.to_build()
    stack, source, secrets = run.deployment.stack, run.deployment.source, run.deployment.secrets
    if not changed:
        host.noop("the live release was built from the same")
        return

    def build(host: Host) -> None:
        for service in changed:
            fingerprint = run.fingerprints[service]
            artifact = build_service(stack, source, run.files, service, fingerprint, host.log)
            refuse_public_secrets(stack, service, artifact.path, secrets)
            run.artifacts[service] = artifact
            host.log(f"{service}: {mib(artifact.size)}")

    yield step(build)


@operation()
def uploaded(run: Run) -> Generator[FunctionCommand | StringCommand, None, None]:
    """Make the release's folder on the host: new parts from tarballs, the others linked.

    + run: this deploy
    """
    cutover = run.cutover()
    if not cutover.is_due:
        if run.to_build():  # other sources, same code: remember that
            yield write([run.manifest_file(run.live_release)])
            return
        host.noop("the release is on the host")
        return

    def bring(host: Host) -> None:
        for left in filter(run.code_of, run.state().rolled_back):
            told = f"this is the code of release {left.id}, which somebody rolled back from"
            host.log_styled(told, fg="yellow", log_func=logger.warning)
        parts, litter = [], [new]
        for service in run.deployment.stack.services:
            if service in run.new_code():
                artifact = run.artifacts[service]
                there = upload(host, run.user, artifact.path, service, artifact.sha256)
                litter.append(there)
                parts.append(unpack(there, artifact.sha256, f"{new}/{service}"))
                parts.append(f"echo {artifact.content} >{quote(f'{new}/{service}.content')}")
            else:
                live = f"{paths.release(run.live_release)}/{service}"
                origin, part = quote(live), quote(f"{new}/{service}")
                parts.append(f"cp -al -- {origin} {part}")
                parts.append(f"[ ! -e {origin}.content ] || cp -- {origin}.content {part}.content")
            health = run.deployment.stack.services[service].health
            if health is not None:
                parts.append(f"echo {quote(health)} >{quote(f'{new}/{service}.health')}")
        # A full disk would stay full if what came this far were left there.
        lines = ["set -eu", f"trap {quote(f'rm -rf -- {words(litter)}')} EXIT"]
        lines += [f"rm -rf {quote(new)}", f"mkdir -m 0755 {quote(new)}", *parts]
        lines += [f"cat >{quote(f'{new}/manifest.json')}"]
        lines += [f"mv -T {quote(new)} {quote(paths.release(run.release))}"]
        run_remote(host, "\n".join(lines), stdin=run.manifest_text(run.release))

    paths = run.deployment.stack.paths
    new = f"{paths.releases}/.new-{run.release}"
    yield step(bring)


@operation()
def tool_written(run: Run) -> Generator[StringCommand, None, None]:
    """Write what belongs to no single slot: the on-host tool, the jobs, the way to the database.

    + run: this deploy
    """
    after = f"systemctl --quiet enable {quote(run.deployment.stack.app)}-boot.service"
    if not run.deployment.environment.tls.is_on:
        after += f"\n{run.tool} certificate renew"  # nginx has let go of what was shown
    yield from _written(run, run.shared_files, after=after)


@operation()
def units_written(run: Run) -> Generator[StringCommand, None, None]:
    """Write the units and secrets of the slots that will start.

    The others' are left alone: what runs keeps what it was started with. All get back their mode
    and owner, so that nobody reads or changes what serves, or the way back.

    + run: this deploy
    """
    moves = run.cutover().moves
    slots = (run.wanted[move.service].files[move.colour] for move in moves)
    wanted, state = [file for files in slots for file in files], run.state()
    loose = [file for file in loose_files(run, state) if file not in wanted]
    for file in loose:
        warn(host, rights(file, state.host))
    yield from _written(run, wanted, closed=[*map(_closed, loose)])


def _closed(file: File) -> str:
    return f"chown {quote(file.owner)} {quote(file.path)} && chmod {file.mode} {quote(file.path)}"


def _written(
    run: Run, files: list[File], after: str = "", closed: Sequence[str] = ()
) -> Generator[StringCommand, None, None]:
    stale = run.state().host.stale(files)
    show_diff(host, stale, run.state().host)
    if not stale and not closed:
        host.noop("they are as they should be")
        return
    then = ["systemctl daemon-reload", after] if stale else []
    yield write(stale, after="\n".join([*closed, *filter(None, then)]))


@operation()
def job_done(run: Run, job: str) -> Generator[FunctionCommand, None, None]:
    """Run a job of the candidate release on the host, and show what it printed.

    + run: this deploy
    + job: its key in the database section
    """
    if not run.cutover().is_due:
        host.noop("no new release")
        return

    def work(host: Host) -> None:
        for line in run_remote(host, f"{run.tool} job {quote(job)} {quote(run.release)}"):
            host.log(line)

    yield step(work)


def _slots(run: Run) -> list[str]:
    """The candidates' slots, as words for the tool."""
    return [f"{quote(move.service)} {move.colour}" for move in run.cutover().moves]


def _stop_all(run: Run) -> str:
    return "; ".join(f"{run.tool} stop {slot}" for slot in _slots(run))


@operation()
def candidates_healthy(run: Run) -> Generator[StringCommand, None, None]:
    """Start the candidates in their idle slots and wait until each is healthy.

    If one does not get there, all of them are stopped; the live release was never touched.

    + run: this deploy
    """
    moves = run.cutover().moves
    if not moves:
        host.noop("no new release")
        return
    slots, stop_all = _slots(run), _stop_all(run)
    lines = ["set -u"]
    for verb in ("prepare", "start"):
        tail = f" {quote(run.release)}" if verb == "prepare" else ""
        lines += [f"{run.tool} {verb} {slot}{tail} || {{ {stop_all}; exit 1; }}" for slot in slots]
    yield StringCommand("\n".join(lines))


@operation()
def candidates_proven(run: Run) -> Generator[FunctionCommand, None, None]:
    """Smoke-test the candidates through the real nginx, before they take any traffic.

    + run: this deploy
    """
    if not run.cutover().is_due:
        host.noop("no new release")
        return

    def try_out(host: Host) -> None:
        pairs = [f"{name}={colour}" for name, colour in run.cutover().colours.items()]
        alone = run.swapping()
        try:
            (run.plan,) = run_remote(host, f"{run.tool} plan {words([run.release, *pairs])}")
            if alone:
                host.log(
                    f"{', '.join(alone)}: never beside what serves, so proven after the cutover"
                )
                return
            run_remote(host, f"{run.tool} candidate {quote(run.plan)}")
            run.proofs.candidate(host)
            run_remote(host, f"{run.tool} holds {quote(run.plan)}")
        except BaseException as error:
            with undoing(error):
                run_remote(host, _stop_all(run))
            raise

    yield step(try_out)


@operation()
def live(run: Run) -> Generator[FunctionCommand, None, None]:
    """Move all traffic to the candidates in one rename; back at once if the public side fails.

    What is live already and never proved itself is proven now.

    + run: this deploy
    """

    def prove(host: Host) -> None:
        run_remote(host, f"{run.tool} check")
        run.proofs.public(host)
        run_remote(host, f"{run.tool} confirm {quote(run.state().plan or '')}")
        host.log(f"release {run.live_release} was live and is proven now")

    def cut_over(host: Host) -> None:
        seconds = run.deployment.stack.settings.confirm_deadline
        flip(host, run.tool, run.plan, seconds, run.proofs.public)
        run.moved = [move.service for move in run.cutover().moves]
        host.log(f"release {run.release} is live (plan {run.plan})")

    if not run.cutover().is_due:
        if run.state().is_unproven:
            yield step(prove)
        else:
            host.noop("this release is live")
        return

    yield step(cut_over)


@operation()
def retired(run: Run) -> Generator[StringCommand, None, None]:
    """Let the old colours finish and stop them, unless the stack keeps them warm.

    + run: this deploy
    """
    if run.deployment.stack.settings.warm:
        host.noop("what served before stays warm, so that a rollback needs no start")
        return
    if not run.cutover().is_due:
        host.noop("no new release")
        return
    yield StringCommand(f"{run.tool} retire")


@operation()
def pruned(run: Run) -> Generator[StringCommand, None, None]:
    """Remove releases that nothing needs any more, after a cutover.

    + run: this deploy
    """
    if not run.cutover().is_due:
        host.noop("no new release")
        return
    yield StringCommand(f"{run.tool} prune {run.deployment.stack.settings.keep_releases}")

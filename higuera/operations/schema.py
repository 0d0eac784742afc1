"""The schema of the target: asked, rehearsed, migrated, proven, before any traffic moves."""

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import FunctionCommand, Host, operation

from higuera.errors import DatabaseError, HostError, SmokeError
from higuera.operations.files import write
from higuera.operations.flip import undoing
from higuera.operations.gate import Gate, check_target, drift_text
from higuera.operations.remote import run_remote
from higuera.operations.step import step
from higuera.render.files import File

Steps = Generator[FunctionCommand, None, None]
# How often a ledger may change under our eyes before we stop looking.
ATTEMPTS = 3
# As the on-host tool says of a service that does not come up.
NOT_HEALTHY = "did not become healthy"


@operation()
def known(gate: Gate) -> Steps:
    """Ask the target, before anything is built: can it be reached, is its ledger as it should be?

    + gate: of this deploy
    """
    if not gate.run.cutover().is_due:
        host.noop("no new release")
        return

    def ask(host: Host) -> None:
        pending = check_target(gate, host)
        server = gate.known().catalog.server
        if pending is None:
            host.log(f"PostgreSQL {server}; no ledger is named, so the migrations run anyway")
        else:
            host.log(f"PostgreSQL {server}; {_pending_text(pending)}")
        if drifted := gate.drifted_before():
            host.log(f"{drifted} objects are not as the live release has them: higuera drift")

    yield step(ask)


def _pending_text(pending: list[str]) -> str:
    return f"{len(pending)} pending: {', '.join(pending)}" if pending else "no migration is pending"


@operation()
def rehearsed(gate: Gate, no_way_back: bool) -> Steps:
    """Make the schema on an empty database, and try the live release on it.

    + gate: of this deploy
    + no_way_back: go on where the live release cannot live there
    """
    if not gate.run.cutover().is_due:
        host.noop("no new release")
        return

    def rehearse(host: Host) -> None:
        gate.rehearse(host)
        assert gate.expected is not None
        host.log(f"what its migrations make: {gate.expected.source}")
        try:
            _way_back(gate, host, no_way_back)
        except BaseException as error:
            with undoing(error):
                gate.clear_up(host)
            raise
        gate.clear_up(host)

    yield step(rehearse)


def _way_back(gate: Gate, host: Host, no_way_back: bool) -> None:
    """Can the live release live on what comes? Raises DatabaseError where it cannot."""
    run = gate.run
    assert gate.expected is not None
    if run.state().manifest is None:
        return
    if (
        gate.recorded is not None
        and not gate.expected.is_partial
        and gate.recorded.fingerprint == gate.expected.catalog.fingerprint
    ):
        return  # it does already
    verdict = gate.fit()
    for reason in verdict.shown() if verdict else ():
        host.log(reason)
    problem = _tried(gate, host)
    if problem is None and verdict is not None and verdict.verdict == "does not fit":
        problem = "a schema without what it was built for"
        if gate.is_rehearsed and run.deployment.stack.tried_services():
            host.log("its smoke checks pass there all the same: nothing that they use is gone")
            return
    if problem is None:
        return
    told = f"release {run.live_release}, which serves, cannot live on the new schema:\n{problem}"
    if not no_way_back:
        raise DatabaseError(
            f"{told}\nthis release could not be rolled back, and the live one would fail as soon "
            f"as the target is migrated; the target was not touched. Split the migration (expand "
            f"now, contract later), or go on: higuera deploy --no-way-back "
            f"(HIGUERA_NO_WAY_BACK=1 pyinfra inventory deploy.py)"
        )
    gate.no_way_back = True
    host.log(f"{told}\nthere is no way back from here, as was asked for")


def _tried(gate: Gate, host: Host) -> str | None:
    """Run the live release's smoke checks on the rehearsal's database; what fails there."""
    run = gate.run
    stack = run.deployment.stack
    alone = [name for name in stack.on_database() if name not in stack.tried_services()]
    web = [name for name in alone if not stack.services[name].is_worker]
    if not gate.is_rehearsed or web or not stack.tried_services():
        why = _why_untried(gate, web)
        host.log(f"release {run.live_release} was not tried on the new schema: {why}")
        return None
    try:
        plan = run_remote(host, f"{run.tool} trial")[-1]
        run_remote(host, f"{run.tool} candidate {plan}")
        run.proofs.trial(host)
    except SmokeError as error:
        return str(error)
    except HostError as error:
        lines = str(error).splitlines()
        if not any(line.startswith("job ") or NOT_HEALTHY in line for line in lines):
            raise DatabaseError(
                f"{error}\nrelease {run.live_release} could not be tried on the new schema; the "
                f"target was not touched"
            ) from None
        return "\n".join(line.removeprefix("job ") for line in lines)
    host.log(f"release {run.live_release} passes its smoke checks on the new schema: a way back")
    return None


def _why_untried(gate: Gate, web: list[str]) -> str:
    if web:
        return f"{', '.join(web)} never runs twice"
    if not gate.is_rehearsed:
        return "there is no database to try it on"
    return "no service of the web uses the database"


@operation()
def migrated(gate: Gate) -> Steps:
    """Dump the target and apply what is pending; believe the ledger, not the runner.

    + gate: of this deploy
    """
    if not gate.run.cutover().is_due:
        host.noop("no new release")
        return

    def migrate(host: Host) -> None:
        for _ in range(ATTEMPTS):
            pending = gate.pending()
            if pending == []:
                host.log("no migration is pending: no dump, no run")
                return
            host.log(
                f"a dump first, then {_pending_text(pending) if pending else 'all that is new'}"
            )
            if gate.apply(host):
                _warn(gate, host)
                _believe(gate, host)
                return
            check_target(gate, host)
        raise DatabaseError("the ledger changes all the time: who else migrates this database?")

    yield step(migrate)


def _warn(gate: Gate, host: Host) -> None:
    """What whoever goes on without a way back has to know, should the rest fail."""
    if gate.no_way_back:
        host.log(
            f"the target is migrated, and release {gate.run.live_release}, which serves until the "
            f"cutover, cannot live on it; should this deploy fail: higuera db restore {gate.backup}"
        )


def _believe(gate: Gate, host: Host) -> None:
    """The runner said success; what does the ledger say?"""
    gate.ask(host)
    gate.is_fresh = True
    try:
        left = gate.pending()
    except DatabaseError as error:
        raise DatabaseError(f"the migrations reported success, but:\n{error}") from None
    if left:
        raise DatabaseError(
            f"the migrations reported success, but the ledger does not have: {', '.join(left)}"
        )


@operation()
def proven(gate: Gate) -> Steps:
    """Compare the target's catalog with what the migrations make; any drift stops the deploy.

    + gate: of this deploy
    """
    run = gate.run
    if not run.cutover().is_due:
        host.noop("no new release")
        return

    def prove(host: Host) -> None:
        assert gate.expected is not None
        if not gate.is_fresh:  # a build may lie between
            gate.ask(host)
        settled = gate.parity()
        for difference, entry in settled.accepted:
            host.log(f"accepted until {entry.until} ({entry.owner}): {difference.object}")
        for entry in settled.expired:
            host.log(f"no longer accepted since {entry.until} ({entry.owner}): {entry.object}")
        for entry in settled.unused:
            host.log(f"database.accept names {entry.object}, which does not differ: remove it")
        if settled.drift:
            raise DatabaseError(drift_text(settled.drift, gate.expected.source))
        host.log(f"the target's schema is what this release expects ({gate.expected.source})")
        _record(gate, host)

    yield step(prove)


def _record(gate: Gate, host: Host) -> None:
    """Keep with the release what it was proven on, and with the live one whether it fits that."""
    run = gate.run
    assert gate.expected is not None
    paths = run.deployment.stack.paths
    run.schema = gate.settled_schema()
    kept = [File(paths.catalog(run.release), gate.expected.catalog.to_json() + "\n")]
    if run.state().manifest is not None:
        text = "\n".join(gate.fit_left()) + "\n"
        kept.append(File(f"{paths.release(run.live_release)}/fit", text))
    command = write([*kept, run.manifest_file(run.release)])
    bundle = str(command.connector_arguments["_stdin"])
    run_remote(host, command.get_raw_value(), stdin=bundle)

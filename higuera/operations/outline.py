"""From what was read of a host to a plan: which release, builds, services; is there a way back?"""

from collections.abc import Iterator
from datetime import UTC, datetime

from higuera.build.service import remembered
from higuera.build.source import commits_between
from higuera.operations.look import Look, basis
from higuera.operations.notes import Notes
from higuera.operations.outline_database import target_now
from higuera.operations.outline_files import file_changes
from higuera.operations.run import Run
from higuera.plan.model import Build, Commit, NewRelease, Plan, Service, Target, Verdict, WayBack
from higuera.spec.release import Part

COMMITS = 50  # are listed at most


def outline(
    run: Run, seen: Look, steps: list[str], no_way_back: bool, warnings: list[str], notes: Notes
) -> Plan:
    """The plan of a deploy whose operations `steps` would change something.

    + warnings, notes: what was said while it was prepared
    """
    deployment = run.deployment
    refusals = [*notes.refusals]
    target = target_now(run.gate, seen, refusals) if run.gate else None
    if target is not None and target.drift:
        refusals.append(
            "the target's schema is not what it was last proven to be: the next release would be "
            "stopped before traffic moves"
        )
    verdict: Verdict = "refused" if refusals else "changes" if steps else "nothing"
    return Plan(
        made=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        app=deployment.stack.app,
        environment=deployment.name,
        address=deployment.environment.host.address,
        verdict=verdict,
        refusals=refusals,
        warnings=warnings,
        steps=steps,
        release=_release(run),
        builds=list(_builds(run)),
        uploads=notes.uploads,
        preparations=notes.preparations,
        target=target,
        files=list(file_changes(run, seen)),
        services=list(_services(run)),
        programs=list(notes.programs.values()),
        way_back=_way_back(run, target, no_way_back),
        no_way_back=no_way_back,
        last_seconds=seen.outlook.last_seconds,
        basis=basis(run, seen),
    )


def _release(run: Run) -> NewRelease:
    manifest = run.state().manifest
    live = manifest.commit if manifest else None
    is_same = live == run.commit and live != "nogit"
    between = [] if is_same else commits_between(run.deployment.source, live, COMMITS + 1)
    return NewRelease(
        live=manifest.id if manifest else None,
        live_commit=manifest.commit if manifest else None,
        commit=run.commit,
        commits=None
        if between is None
        else [Commit(id=commit, subject=subject) for commit, subject in between[:COMMITS]],
        has_more=between is not None and len(between) > COMMITS,
    )


def _builds(run: Run) -> Iterator[Build]:
    stack, source = run.deployment.stack, run.deployment.source
    manifest = run.state().manifest
    for service in run.to_build():
        known = remembered(stack, source, service, run.fingerprints[service])
        part = manifest.services.get(service) if manifest else None
        yield Build(
            service=service,
            why="its sources changed" if part else "was never deployed",
            size=known.size if known else None,
            is_built=known is not None,
            live_size=_size(run, service, part) if part else None,
        )


def _size(run: Run, service: str, part: Part) -> int | None:
    """Of what is live; a release of before may have been built on this machine."""
    if part.size is not None:
        return part.size
    stack, source = run.deployment.stack, run.deployment.source
    built = remembered(stack, source, service, part.fingerprint)
    return built.size if built else None


def _services(run: Run) -> Iterator[Service]:
    cutover = run.cutover()
    why = {move.service: move.reason for move in cutover.moves}
    for name, service in run.deployment.stack.services.items():
        if name in why:
            yield Service(name=name, does="swaps" if service.swaps else "starts", why=why[name])
        else:
            yield Service(name=name, does="stays", why="nothing of it changes")
    for name in cutover.leaving:
        yield Service(name=name, does="stops", why="the stack has it no more")


def _way_back(run: Run, target: Target | None, no_way_back: bool) -> WayBack:
    manifest = run.state().manifest
    if manifest is None:
        return WayBack(state="none", why="nothing is live yet, so there is nothing to go back to")
    if not run.cutover().is_due:
        return WayBack(state="open", why="nothing moves: it stays as it is")
    if target is None or target.pending == []:
        return WayBack(state="open", why=f"release {manifest.id} stays; the schema is not touched")
    if target.pending is None:
        return WayBack(state="unknown", why="what is pending on the target cannot be told")
    hard = [migration for migration in target.pending if migration.kind != "expand"]
    if not hard:
        why = f"release {manifest.id} stays, and the migrations only add"
        return WayBack(state="open", why=f"{why}; the deploy tries it on the new schema first")
    listed = ", ".join(f"{found.name} ({found.kind or 'not read'})" for found in hard)
    if no_way_back:
        return WayBack(state="closed", why=f"asked for with --no-way-back: {listed}")
    return WayBack(
        state="unknown",
        why=f"{listed}: the deploy tries release {manifest.id} on the new schema, and stops before "
        f"the target is touched where it cannot live there",
    )

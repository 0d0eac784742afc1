"""A plan in the words of a platform owner. Pure."""

from collections.abc import Iterator
from itertools import groupby

from higuera.plan.model import Build, FileChange, Migration, Plan, Target

MIB = 1024 * 1024
DOES = {
    "stays": "is left alone",
    "starts": "starts afresh beside what serves",
    "swaps": "stops, and starts afresh",
    "stops": "is stopped",
}
SCHEMA = {"equal": "as it should be", "drift": "drifted", "unknown": "not known"}


def format_lines(plan: Plan) -> list[str]:
    """All of it: what comes and what becomes of the host, then the way back."""
    return [
        *_head(plan),
        *_release(plan),
        *_builds(plan),
        *_uploads(plan),
        *_preparations(plan),
        *(_migrations(plan.target) if plan.target else []),
        *(_target(plan.target) if plan.target else []),
        *_files(plan.files),
        *_services(plan),
        *_programs(plan),
        f"way back: {plan.way_back.state}: {plan.way_back.why}",
        f"last deploy: {took(plan.last_seconds)}",
        *_end(plan),
    ]


def headline(plan: Plan) -> str:
    """The verdict in one line."""
    where = f"{plan.app} in {plan.environment} ({plan.address})"
    return {
        "nothing": f"nothing to do: {where} is as it should be",
        "changes": f"a deploy would change {where}",
        "refused": f"a deploy to {where} would be refused",
    }[plan.verdict]


def took(seconds: float | None) -> str:
    """A duration, or that none is known."""
    if seconds is None:
        return "none is on record"
    minutes, rest = divmod(round(seconds), 60)
    return f"took {minutes} min {rest} s" if minutes else f"took {rest} s"


def _head(plan: Plan) -> list[str]:
    return [f"plan for {plan.app} in {plan.environment} at {plan.address}, made {plan.made}", ""]


def _release(plan: Plan) -> Iterator[str]:
    release = plan.release
    if release.live is None:
        yield f"release: the first one, of {release.commit}"
        return
    if not any(service.restarts for service in plan.services):
        yield f"release: {release.live} stays (source: {release.commit})"
        return
    yield f"release: {release.commit} would replace {release.live}"
    if release.commits is None:
        yield f"  git cannot tell what lies between {release.live_commit} and this"
    for commit in release.commits or []:
        yield f"  {commit.id} {commit.subject}"
    if release.has_more:
        yield "  … and older ones"


def _builds(plan: Plan) -> Iterator[str]:
    if not plan.builds:
        yield "builds: none"
    for build in plan.builds:
        how = "built before on this machine" if build.is_built else "to be built"
        yield f"build and upload: {build.service} ({build.why}): {how}, {_size(build)}"


def _size(build: Build) -> str:
    if build.size is None and build.live_size is not None:
        return f"about {mib(build.live_size)} (as the live release's)"
    return mib(build.size)


def mib(size: int | None) -> str:
    """A size, or that it is not known."""
    return f"{size / MIB:.1f} MiB" if size is not None else "size not known yet"


def _uploads(plan: Plan) -> Iterator[str]:
    for upload in plan.uploads:
        how = "is on this machine" if upload.is_here else "is downloaded to this machine first"
        yield f"upload: {upload.name} (not on the host yet): {how}, {mib(upload.size)}"


def _preparations(plan: Plan) -> Iterator[str]:
    for (kind, does), group in groupby(plan.preparations, lambda each: (each.kind, each.does)):
        yield f"{kind}s to {does}: {', '.join(each.name for each in group)}"


def _migrations(target: Target) -> Iterator[str]:
    if target.pending is None:
        yield "migrations: what is pending cannot be told"
    elif not target.pending:
        yield "migrations: none is pending"
    for migration in target.pending or []:
        yield from _migration(migration)


def _migration(migration: Migration) -> Iterator[str]:
    owner = f", {migration.owner}'s" if migration.owner else ""
    yield f"migration: {migration.name} ({migration.kind or 'could not be read'}{owner})"
    if migration.way_back:
        yield f"  way back: {migration.way_back}"
    for remark in migration.remarks:
        text = " ".join(remark.text.split())
        yield f"  {migration.file}:{remark.line}: {remark.source}: {text}"


def _target(target: Target) -> Iterator[str]:
    yield f"target database: {SCHEMA[target.state]}: {target.why}"
    for found in target.drift:
        yield from (f"  {line}" for line in found.text.splitlines())


def _files(files: list[FileChange]) -> Iterator[str]:
    if not files:
        yield "files on the host: none changes"
    for file in files:
        what = "new" if file.is_new else "changes"
        secret = ", not shown" if file.kind == "secret" else ""
        yield f"{file.kind}: {file.path} ({what}{secret})"
        yield from (f"  {line}" for line in file.diff)
        if file.left_out:
            yield f"  … {file.left_out} more lines (see them with: higuera render)"


def _services(plan: Plan) -> Iterator[str]:
    for service in plan.services:
        yield f"service: {service.name} {DOES[service.does]} ({service.why})"


def _programs(plan: Plan) -> Iterator[str]:
    for program in plan.programs:
        if program.does != "stays":
            yield f"host: {program.name} {program.does} ({program.why})"
    if alone := [program.name for program in plan.programs if program.does == "stays"]:
        yield f"host: left alone: {', '.join(alone)}"


def _end(plan: Plan) -> Iterator[str]:
    if plan.steps:
        yield f"steps that change something: {', '.join(plan.steps)}"
    yield ""
    for warning in plan.warnings:
        yield from (f"warning: {line}" for line in warning.splitlines())
    for refusal in plan.refusals:
        yield from (f"refused: {line}" for line in refusal.splitlines())
    yield headline(plan)

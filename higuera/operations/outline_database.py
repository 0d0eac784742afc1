"""What a plan says of the target: parity now, and the migrations that would run."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from higuera.database.catalog import PART_ONLY
from higuera.database.parity import compare, describe, settle
from higuera.database.target import of_schema, refuse
from higuera.errors import HigueraError
from higuera.operations.gate import Gate
from higuera.operations.look import Look
from higuera.plan.model import Migration, Object, Remark, Target, TargetState

if TYPE_CHECKING:
    from higuera.database.governance.check import Checked


def target_now(gate: Gate, seen: Look, refusals: list[str]) -> Target:
    """The target and what would run on it; adds to `refusals` what would stop a deploy."""
    gate.target, gate.recorded = seen.outlook.target, None
    database = gate.run.deployment.stack.database
    if gate.target is None:
        # One of the host's own is started by the deploy.
        is_elsewhere = database is not None and database.provision == "external"
        if seen.outlook.is_silent and is_elsewhere and gate.run.cutover().is_due:
            refusals.append(seen.outlook.why)
        return Target(
            state="unknown", why=seen.outlook.why, drift=[], pending=_all_pending(gate, refusals)
        )
    try:
        pending = gate.pending()
        refuse(gate.target, dumps=pending != [])
    except HigueraError as error:
        refusals.append(str(error))
        pending = None
    state, why, drift = _parity(gate, seen)
    listed = None if pending is None else _migrations(gate, pending, refusals)
    return Target(state=state, why=why, drift=drift, pending=listed)


def _all_pending(gate: Gate, refusals: list[str]) -> list[Migration] | None:
    """Where nothing is live all of them; else that cannot be told."""
    if gate.run.state().manifest is not None:
        return None
    return _migrations(gate, [migration.name for migration in gate.migrations], refusals)


def _parity(gate: Gate, seen: Look) -> tuple[TargetState, str, list[Object]]:
    proven = seen.outlook.proven
    database = gate.run.deployment.stack.database
    assert database is not None
    if proven is None:
        return "unknown", "it was never proven equal to what a release's migrations make", []
    found = compare(proven, gate.known().catalog)
    drift = settle(found, of_schema(database), datetime.now(UTC).date()).drift
    objects = [
        Object(
            object=each.object,
            change=each.change,
            mend=each.mend,
            text="\n".join(describe([each])),
        )
        for each in drift
    ]
    part = f" {PART_ONLY}" if proven.is_partial else ""
    return ("drift" if drift else "equal"), f"what it was last proven equal to{part}", objects


def _migrations(gate: Gate, names: list[str], refusals: list[str]) -> list[Migration]:
    """Them as they are checked; a fault of syntax is sure to end the deploy that runs it."""
    if not names:
        return []
    # PostgreSQL's parser, which a plan without migrations does without
    from higuera.database.governance.check import check
    from higuera.database.governance.pending import Pending
    from higuera.database.governance.programs import run_program

    source = gate.run.deployment.source
    paths = {migration.name: migration.path for migration in gate.migrations}
    chosen = [paths[name] for name in names if name in paths]
    report = check(
        source, chosen, Pending("pending", frozenset(chosen)), gate.migrate.lint, run_program
    )
    if gate.migrate.ledger != "sql":  # whose runner may make something else of a file, as psql does
        faults = [found.syntax for found in report.files if found.syntax is not None]
        refusals += [f"{fault.file}:{fault.line}: {fault.text}" for fault in faults]
    return [
        _migration(name, paths.get(name), found, source)
        for name, found in zip(names, report.files, strict=True)
    ]


def _migration(name: str, path: Path | None, found: "Checked", source: Path) -> Migration:
    return Migration(
        name=name,
        file=path.relative_to(source).as_posix() if path else "",
        kind=found.kind,
        owner=found.papers.owner,
        way_back=found.papers.way_back,
        remarks=[
            Remark(line=each.line, weight=each.weight, source=each.source, text=each.text)
            for each in found.remarks
        ],
    )

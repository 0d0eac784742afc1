"""The same as `higuera migrations check`, as findings."""

from higuera.database.governance.check import check, settings_of
from higuera.database.governance.files import files_of
from higuera.database.governance.pending import choose
from higuera.database.governance.programs import run_program
from higuera.offline.report import Finding
from higuera.spec.load import Deployment
from higuera.spec.yaml import shown


def check_migrations(deployment: Deployment) -> list[Finding]:
    """What its headers, its classes and squawk say. Raises HigueraError."""
    folder, lint = settings_of(deployment)
    files = files_of(folder)
    pending = choose(folder, files, None, False, run_program)
    report = check(deployment.source, files, pending, lint, run_program)
    return [
        Finding(
            file=shown(deployment.source / remark.file),
            line=remark.line,
            text=f"{remark.source}: {remark.text}",
        )
        for remark in report.remarks
        if remark.weight != "note"
    ]

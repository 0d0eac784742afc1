"""ssh-audit: which algorithms sshd offers."""

import json
from typing import Any

from higuera.audit.programs import last_line, run
from higuera.audit.report import Finding, judged
from higuera.audit.subject import Subject
from higuera.errors import ProgramError

NAME = "ssh-audit"
TARGET = "0 fail"
KINDS = ("kex", "key", "enc", "mac")
# Its exit status where it could not say anything (1: no connection, -1: it broke); 2 and 3 are
# warnings and failures.
BROKEN = (1, 255, -1)


def audit(subject: Subject) -> list[Finding]:
    """Ask it of the address that ssh goes to. Raises ProgramError."""
    subject.from_outside()
    # Without its flood of connections: that is a test of the network, and gets its sender banned.
    arguments = ["--json", "--skip-rate-test", "--port", str(subject.port), subject.address]
    status, out, err = run(NAME, "ssh_audit", arguments)
    if status in BROKEN:
        raise ProgramError(last_line(err, out))
    return [judge(out)]


def judge(output: str) -> Finding:
    """From its JSON. Raises ProgramError."""
    try:
        found = json.loads(output)
        fails = _noted(found, "fail")
        warnings = _noted(found, "warn")
    except (ValueError, AttributeError, TypeError, KeyError):
        raise ProgramError(f"its answer is no JSON: {last_line(output)}") from None
    if not any(found.get(kind) for kind in KINDS):
        raise ProgramError("it saw no algorithm at all")
    return judged(
        NAME,
        TARGET,
        float(len(fails)),
        f"{len(fails)} fail, {len(warnings)} warn",
        [f"fail {text}" for text in fails] + [f"warn {text}" for text in warnings],
        met=not fails,
    )


def _noted(found: dict[str, Any], level: str) -> list[str]:
    return [
        f"{kind} {entry['algorithm']}: {'; '.join(notes)}"
        for kind in KINDS
        for entry in found.get(kind, [])
        if (notes := entry.get("notes", {}).get(level))
    ]

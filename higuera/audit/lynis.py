"""Lynis: the hardening index of the whole host."""

from higuera.audit.report import Finding, judged
from higuera.audit.subject import Subject
from higuera.errors import ProgramError

NAME = "lynis"
INDEX = 80
TARGET = f"index ≥ {INDEX}, 0 warnings"


def audit(subject: Subject) -> list[Finding]:
    """Run it on the host. Raises ProgramError."""
    return [judge(subject.ask_file("lynis.sh"))]


def judge(report: str) -> Finding:
    """From the lines of its report, such as `warning[]=PKGS-7392|Found …|-|-|`."""
    pairs = [line.partition("=") for line in report.splitlines()]
    index = next((value for key, _, value in pairs if key == "hardening_index"), "")
    if not index.isdecimal():
        raise ProgramError("its report has no hardening index")
    warnings = [_told(value) for key, _, value in pairs if key == "warning[]"]
    suggestions = [_told(value) for key, _, value in pairs if key == "suggestion[]"]
    excepted = [value for key, _, value in pairs if key == "excepted"]
    fixed = sum(value.startswith("skip-test=KRNL-6000") for value in excepted)
    found = f"index {index}, {len(warnings)} warnings, {len(suggestions)} suggestions"
    if fixed:
        found += f"; {fixed} values of the kernel are not this container's to set, and not counted"
    if "skip-test=USB-3000" in excepted:
        found += "; there is no USB, so USBGuard is not asked for"
    return judged(
        NAME,
        TARGET,
        float(index),
        found,
        [f"warning {text}" for text in warnings] + [f"suggestion {text}" for text in suggestions],
        met=int(index) >= INDEX and not warnings,
    )


def _told(value: str) -> str:
    test, _, rest = value.partition("|")
    return f"{test}: {rest.partition('|')[0]}"

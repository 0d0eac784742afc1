"""What the offline checks found, for a person, a pull request and a program. Pure."""

from collections import Counter
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field

Outcome = Literal["ok", "failed", "left out"]


class Finding(BaseModel):
    """Something to mend."""

    model_config = ConfigDict(frozen=True)

    file: str | None = None
    """Of the project or of Higuera; relative to where the command ran, where it lies below."""
    line: int | None = None
    text: str

    def __str__(self) -> str:
        """`FILE:LINE: text`, as compilers and editors have it."""
        line = f":{self.line}" if self.line is not None else ""
        return f"{self.file}{line}: {self.text}" if self.file else self.text


class Check(BaseModel):
    """One check of one environment. One that could not run has failed."""

    name: str
    environment: str
    outcome: Outcome
    findings: list[Finding] = []
    why: str = ""
    """Why it was left out."""


class OfflineReport(BaseModel):
    """All of them, in the order in which they ran."""

    checks: list[Check]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ok(self) -> bool:
        """Whether something was checked and nothing failed."""
        return bool(self.checks) and all(check.outcome != "failed" for check in self.checks)

    @property
    def status(self) -> int:
        """The exit status."""
        return 0 if self.ok else 1


def format_lines(report: OfflineReport) -> str:
    """A line a check, its findings below it, and how many there were."""
    width = max((len(check.environment) for check in report.checks), default=0)
    lines = []
    for check in report.checks:
        why = f" ({check.why})" if check.why else ""
        lines.append(f"{check.outcome:8}  {check.environment:{width}}  {check.name}{why}")
        lines += [f"  {_flat(finding)}" for finding in check.findings]
    return "".join(f"{line}\n" for line in [*lines, _summary(report)])


def format_markdown(report: OfflineReport) -> str:
    """The same as the body of a comment."""
    lines = [f"**Offline checks: {_summary(report)}**", "", "| environment | check | |"]
    lines.append("| --- | --- | --- |")
    for check in report.checks:
        outcome = f"**{check.outcome}**" if check.outcome == "failed" else check.outcome
        why = f": {_escaped(check.why)}" if check.why else ""
        lines.append(f"| {check.environment} | {check.name} | {outcome}{why} |")
    found = dict.fromkeys(_flat(each) for check in report.checks for each in check.findings)
    if found:
        lines += ["", "```", *(text.replace("```", "'''") for text in found), "```"]
    return "".join(f"{line}\n" for line in lines)


def _summary(report: OfflineReport) -> str:
    counts = Counter(check.outcome for check in report.checks)
    told = [f"{counts[outcome]} {outcome}" for outcome in ("failed", "left out") if counts[outcome]]
    return f"{len(report.checks)} checks: {', '.join([str(counts['ok']) + ' ok', *told])}"


def _flat(finding: Finding) -> str:
    return " ".join(str(finding).split())


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")

"""What an audit found: the JSON of `higuera audit --json`."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["met", "below", "not run", "not applicable"]


class Finding(BaseModel):
    """One score of one auditor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="What was looked at; never changes its meaning.")
    status: Status = Field(
        description="below: the target is missed. not run: `found` says why, and it is no pass. "
        "not applicable: the stack has nothing of the kind."
    )
    target: str = Field(description="In words.")
    value: float | None = Field(
        default=None, description="The number that is held against the target; null without one."
    )
    found: str = Field(description="The score in words.")
    details: list[str] = Field(
        default=[], description="What is behind it, a line each: each thing that misses the target."
    )


class AuditReport(BaseModel):
    """All scores of one environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    app: str = Field(description="The stack's name.")
    environment: str = Field(description="As in inventory/<environment>.yml.")
    host: str = Field(description="The address, as the environment file has it.")
    exit_status: Literal[0, 1, 2] = Field(
        description="0: every target is met. 2: one is missed. 1: an auditor could not run, so "
        "that nobody knows."
    )
    checks: list[Finding]


def exit_status(findings: list[Finding]) -> Literal[0, 1, 2]:
    """An audit that is not whole is no verdict, whatever the rest of it says."""
    found = {finding.status for finding in findings}
    if "not run" in found:
        return 1
    return 2 if "below" in found else 0


def judged(
    name: str, target: str, value: float | None, found: str, details: list[str], met: bool
) -> Finding:
    """A score that was had."""
    status: Status = "met" if met else "below"
    return Finding(
        name=name, status=status, target=target, value=value, found=found, details=details
    )


def not_run(name: str, target: str, why: str) -> Finding:
    """No score, and why."""
    return Finding(name=name, status="not run", target=target, found=why)


def not_applicable(name: str, target: str, why: str) -> Finding:
    """Nothing there to be scored."""
    return Finding(name=name, status="not applicable", target=target, found=why)

"""What a doctor's visit found: the JSON of `higuera doctor --json`, and what a check may say."""

from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["ok", "warning", "failed", "not checked"]


class Verdict(NamedTuple):
    """What one check came to."""

    status: Status
    found: str
    advice: str = ""


class Finding(BaseModel):
    """One check."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="What was looked at; never changes its meaning.")
    status: Status = Field(
        description="failed: a deploy would fail. warning: it would not, but look. not checked: "
        "`found` says why."
    )
    found: str = Field(description="What was found, in a sentence; never a secret's value.")
    advice: str = Field(default="", description="What to do; empty where there is nothing to do.")


class Report(BaseModel):
    """All checks of one environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    app: str | None = Field(description="The stack's name; null where the inventory does not load.")
    environment: str | None = Field(description="As in inventory/<environment>.yml.")
    host: str | None = Field(description="The address, as the environment file has it.")
    deployable: bool = Field(description="Whether no check failed; the exit status is 1 otherwise.")
    checks: list[Finding]


def ok(found: str) -> Verdict:
    """All is well."""
    return Verdict("ok", found)


def warning(found: str, advice: str) -> Verdict:
    """A deploy would go through, but somebody should look."""
    return Verdict("warning", found, advice)


def failed(found: str, advice: str) -> Verdict:
    """A deploy would fail."""
    return Verdict("failed", found, advice)


def not_checked(why: str, advice: str = "") -> Verdict:
    """It could not be looked at, or there is nothing to look at."""
    return Verdict("not checked", why, advice)

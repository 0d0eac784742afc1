"""What happens in a run, as one line of JSON: for records, for `--json`, for what is shown."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Kind = Literal["started", "asked", "step_started", "log", "step_done", "step_failed", "finished"]
Result = Literal["ok", "unchanged", "failed", "declined", "interrupted", "died"]
Level = Literal["info", "warning", "error"]


def now() -> str:
    """The time as an event has it: UTC, ISO 8601, milliseconds."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


class Event(BaseModel):
    """One thing that happened. What does not apply is left out."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, title="Higuera run event")

    time: str = Field(
        default_factory=now,
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        description="UTC, ISO 8601, milliseconds.",
    )
    event: Kind
    what: str | None = Field(
        default=None, description="With started: deploy, rollback, or the script's name."
    )
    environment: str | None = Field(default=None, description="With started.")
    actor: str | None = Field(default=None, description="With started: who runs it, and where.")
    step: str | None = Field(
        default=None, description="The step's name; with finished: the one that it ended in."
    )
    seconds: float | None = Field(
        default=None, ge=0, description="How long the step or the run took; nobody's answer counts."
    )
    release: str | None = Field(
        default=None, description="With finished: the release that this run put live."
    )
    moved: list[str] | None = Field(
        default=None, description="With finished: the services whose traffic went to it."
    )
    steps: list[str] | None = Field(
        default=None, description="With asked: the steps that would change something."
    )
    result: Result | None = Field(
        default=None,
        description="A step: ok (it changed something), unchanged, failed. "
        "A run: ok, failed, declined (nobody agreed, it was not begun), interrupted, died (nothing "
        "of it was left to write its end).",
    )
    status: int | None = Field(default=None, description="With finished: the exit status.")
    level: Level | None = Field(default=None, description="Of a log.")
    text: str | None = Field(
        default=None, description="What was said; secrets are replaced by three stars."
    )

    def line(self) -> str:
        """The event as a line, its end included."""
        return self.model_dump_json(exclude_none=True) + "\n"


def parse(line: str | bytes) -> Event | None:
    """The event of a line; None for half a line and for what is no event."""
    try:
        return Event.model_validate_json(line)
    except ValidationError:
        return None


def schema() -> dict[str, Any]:
    """The JSON Schema of an event."""
    return Event.model_json_schema()

"""Runs smoke checks, each until it passes or its time is up."""

import re
import secrets
import time
import traceback
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import httpx

from higuera.errors import HigueraError
from higuera.smoke.loader import Check
from higuera.smoke.model import CheckSkipped, Outcome, Status, Target
from higuera.smoke.transport import Line, describe

_LONGEST_PAUSE = 1.0  # seconds between attempts


@dataclass(frozen=True)
class Limits:
    """Seconds that one check with its retries, the whole run and one request may take.

    `pause` comes before the second attempt, and doubles from there up to a second; a pause as long
    as the check's time means one attempt.
    `fail_fast` runs nothing after the first failure: for a cutover that has to be undone at once.
    """

    check: float = 10.0
    total: float = 60.0
    request: float = 5.0
    pause: float = 0.1
    fail_fast: bool = False


@dataclass(frozen=True)
class Report:
    """A whole run. `seconds` is wall time."""

    base_url: str
    started: datetime
    seconds: float
    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed and something passed: a run that checked nothing did not pass."""
        return self.problem is None

    @property
    def problem(self) -> str | None:
        """Say why the run is not ok."""
        failed = [outcome.name for outcome in self.outcomes if outcome.status is Status.FAILED]
        if failed:
            return f"failed: {', '.join(failed)}"
        if not self.count(Status.PASSED):
            return "no check ran, so nothing is known: see the stack's smoke section and health"
        return None

    def count(self, status: Status) -> int:
        """Return how many checks ended that way."""
        return sum(outcome.status is status for outcome in self.outcomes)


@dataclass(frozen=True)
class _Attempt:
    status: Status
    text: str
    request_id: str
    retry: bool = False
    timed_out: bool = False


def run_checks(
    checks: Iterable[Check],
    target: Target,
    limits: Limits | None = None,
    *,
    required: Collection[str] = (),
) -> Report:
    """Run the checks in the given order and report on all of them; never raises for a check.

    A check named in `required` fails where it would have been skipped: it was asked for.
    """
    limits = limits or Limits()
    started, began = datetime.now(UTC), time.monotonic()
    outcomes: list[Outcome] = []
    for check in checks:
        outcome = _not_run(check, target, limits, began, outcomes)
        outcome = outcome or _run(check, target, limits, began + limits.total)
        outcomes.append(_insist(outcome) if check.name in required else outcome)
    # Once more, for a value that an early check quoted and a later one made known as secret.
    told = tuple(replace(each, detail=target.redactor.redact(each.detail)) for each in outcomes)
    return Report(target.base_url, started, time.monotonic() - began, told)


def _not_run(
    check: Check, target: Target, limits: Limits, began: float, before: list[Outcome]
) -> Outcome | None:
    missing = [key for key in check.needs if not target.settings.get(key)]
    failed = [outcome.name for outcome in before if outcome.status is Status.FAILED]
    if missing:
        sections = " and no ".join(f"smoke.{key}" for key in missing)
        return _outcome(check, target, Status.SKIPPED, f"the stack has no {sections}")
    if failed and limits.fail_fast:
        return _outcome(check, target, Status.SKIPPED, f"not run, because {failed[0]} failed")
    if time.monotonic() - began >= limits.total:
        text = f"not run: the {limits.total:g} s of the whole run were used up"
        return _outcome(check, target, Status.FAILED, text)
    return None


def _insist(outcome: Outcome) -> Outcome:
    if outcome.status is not Status.SKIPPED:
        return outcome
    return replace(
        outcome, status=Status.FAILED, detail=f"asked for, but skipped: {outcome.detail}"
    )


def _run(check: Check, target: Target, limits: Limits, end: float) -> Outcome:
    began = time.monotonic()
    deadline = min(began + limits.check, end)
    pause = limits.pause
    failure: _Attempt | None = None
    attempts = 0
    while True:
        attempts += 1
        attempt = _attempt(check, target, deadline, limits.request)
        if failure and attempt.timed_out and time.monotonic() >= deadline:
            attempt = failure  # cut off by the deadline: what came before says more
        failure = attempt if attempt.retry else failure
        if not attempt.retry or time.monotonic() + pause >= deadline:
            break
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    text = attempt.text
    if failure and attempt is not failure and attempt.status is Status.PASSED:
        text = f"{text or 'passed'} (on attempt {attempts}; before: {failure.text})"
    seconds = time.monotonic() - began
    return _outcome(check, target, attempt.status, text, seconds, attempts, attempt.request_id)


def _attempt(check: Check, target: Target, deadline: float, request_seconds: float) -> _Attempt:
    name = re.sub(r"[^A-Za-z0-9_-]", "-", check.name)
    request_id = f"smoke-{name}-{secrets.token_hex(6)}"
    with httpx.Client(
        base_url=target.base_url,
        transport=Line(target, deadline=deadline, request_seconds=request_seconds),
        headers={"X-Request-Id": request_id, "User-Agent": "higuera-smoke"},
        follow_redirects=False,
        trust_env=False,
    ) as http:
        try:
            result = check.function(target, http)
        except CheckSkipped as reason:
            return _Attempt(Status.SKIPPED, str(reason), request_id)
        except AssertionError as failure:
            text = str(failure) or _bare_assertion(failure)
            return _Attempt(Status.FAILED, text, request_id, retry=True)
        except httpx.RequestError as error:
            timed_out = isinstance(error, httpx.TimeoutException)
            return _Attempt(Status.FAILED, describe(error), request_id, True, timed_out)
        except HigueraError as error:
            return _Attempt(Status.FAILED, str(error), request_id)
        except (Exception, SystemExit) as error:
            return _Attempt(Status.FAILED, _bug(check, error), request_id)
    if result is None or isinstance(result, str):
        return _Attempt(Status.PASSED, result or "", request_id)
    # `return False` is meant as a failure and would otherwise pass.
    text = f"{check.path.name} returned {result!r}; return a text or None, raise to fail"
    return _Attempt(Status.FAILED, text, request_id)


def _bare_assertion(failure: AssertionError) -> str:
    frame = traceback.extract_tb(failure.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}: {frame.line} does not hold"


def _bug(check: Check, error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename}:{frame.lineno}"
    return f"{check.path.name} is broken: {type(error).__name__}: {error} ({place})"


def _outcome(
    check: Check,
    target: Target,
    status: Status,
    text: str,
    seconds: float = 0.0,
    attempts: int = 0,
    request_id: str | None = None,
) -> Outcome:
    """Build the outcome: the one place where a text is redacted and stored."""
    return Outcome(
        name=check.name,
        title=check.title,
        status=status,
        seconds=seconds,
        detail=target.redactor.clean(text),
        attempts=attempts,
        request_id=request_id,
    )

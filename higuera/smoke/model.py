"""What a smoke check is given, and what comes out of it."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from higuera.errors import SmokeError
from higuera.smoke.redact import Redactor


class CheckFailed(AssertionError):  # noqa: N818 - a result, not an error of Higuera
    """A check's expectation was not met. Its text is a sentence that names what was wrong."""


class CheckSkipped(Exception):  # noqa: N818 - a result, not an error of Higuera
    """A check found that it has nothing to check here. Its text says why."""


class Status(StrEnum):
    """How a check ended. A skipped check is never counted as a passed one."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One check's result. `detail` is one redacted line; `seconds` spans all attempts."""

    name: str
    title: str
    status: Status
    seconds: float = 0.0
    detail: str = ""
    attempts: int = 0
    request_id: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the check ran and passed."""
        return self.status is Status.PASSED


def _no_secrets(name: str) -> str:
    raise SmokeError(f"no secrets were given to the smoke checks, but one needs {name}")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the checks are sent, and what they may know.

    `base_url`: scheme and host, as a browser would have them; no credentials in it.
    `health`: paths that must answer 200.
    `settings`: the stack's `smoke:` section, `{check: {setting: value}}`.
    `secrets`: turns the name of a secret into its value.
    `connect_to`: `host` or `host:port` to open the connection to instead of `base_url`'s; the
    Host header and the TLS server name stay those of `base_url`.
    `verify`: False accepts a self-signed certificate; a context brings its own authorities.
    """

    base_url: str
    health: Sequence[str] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: Callable[[str], str] = field(default=_no_secrets, repr=False)
    connect_to: str | None = None
    verify: bool | ssl.SSLContext = True
    redactor: Redactor = field(default_factory=Redactor, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raise SmokeError for a base URL or an address that no request could be sent to."""
        problem = url_problem(self.base_url)
        if problem:
            raise SmokeError(f"the base URL of the smoke checks {problem}")
        if self.connect_to is not None:
            split_address(self.connect_to)

    @property
    def is_https(self) -> bool:
        """Whether the checks speak TLS, so that a session cookie has to be Secure."""
        return urlsplit(self.base_url).scheme == "https"

    def setting(self, check: str, key: str, default: str | None = None) -> str:
        """Return `smoke.<check>.<key>`. Raises SmokeError when it is missing with no default."""
        value = self.settings.get(check, {}).get(key, default)
        if not isinstance(value, str) or not value:
            raise SmokeError(f"the stack's smoke.{check}.{key} should be a text, got {value!r}")
        return value

    def path(self, check: str, key: str = "path", default: str | None = None) -> str:
        """Return a setting that is a path on the target, never an address somewhere else."""
        value = self.setting(check, key, default)
        if not value.startswith("/") or value.startswith("//"):
            raise SmokeError(f"the stack's smoke.{check}.{key} should start with one /: {value}")
        return value

    def secret(self, name: str) -> str:
        """Return the value of the secret `name` and hide it from every report.

        Raises SecretError or SmokeError, with the name alone, when it is missing or empty.
        """
        value = self.secrets(name)
        if not value:
            raise SmokeError(f"the secret {name}, which the smoke checks need, is empty")
        self.hide(value)
        return value

    def hide(self, value: str) -> None:
        """Hide a value learnt on the way, such as a session cookie, from every report."""
        self.redactor.hide(value)


def split_address(address: str) -> tuple[str, int | None]:
    """Split `host`, `host:port` or `[v6]:port`. Raises SmokeError for anything else."""
    try:
        parts = urlsplit(f"//{address}")
        if parts.hostname and parts.netloc == address and "@" not in address:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise SmokeError(f"connect_to should be host or host:port, got {address!r}")


def url_problem(url: str) -> str | None:
    """Say what is wrong with a base URL. The text never repeats it: it may hold a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return f"cannot be read: {error}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "should be like https://forms.example.com"
    if "@" in parts.netloc:
        return "should not hold a user name or password"
    if parts.query or parts.fragment:
        return "should end before any ? or #"
    return None

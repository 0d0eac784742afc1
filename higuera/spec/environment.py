"""An environment file, `inventory/<environment>.yml`: where a stack is deployed."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from higuera.spec.model import VARIABLE_PATTERN, EnvironmentVariable, Model
from higuera.spec.tls import Tls

SANDBOX = "sandbox"

Domain = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"),
]


class Host(Model):
    """The VPS: an address to reach over SSH, or `@sandbox/NAME` for one on this machine."""

    address: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@._:/-]+$")]
    user: str | None = None
    """root, or a user that may sudo without a password."""
    bootstrap: str | None = None
    """Who logs in while `user` does not get in yet, and makes it: root, on a new VPS."""
    port: int | None = Field(default=None, ge=1, le=65535)
    key: str | None = None
    """Path of the private key; empty: the SSH agent and the usual files."""

    @property
    def has_other_than_root(self) -> bool:
        """Whether it names a user beside root: not one that somebody's ssh configuration says."""
        return self.user not in (None, "root")


class Environment(Model):
    """Everything that `inventory/<environment>.yml` says."""

    host: Host
    """A mapping, or just the address."""
    domains: list[Domain] = []
    """Names the stack is served under; empty: whatever name is asked for."""
    redirects: dict[Domain, Domain] = {}
    """Further names, each sent on to one of the domains: `{www.example.com: example.com}`."""
    tls: Tls = Tls()
    """Whose certificate the names are served with: a word, or a mapping."""
    secrets: Literal["given", "generate"] | dict[EnvironmentVariable, str] = "given"
    """`generate` makes missing ones up, once, into `.env.<environment>`: for throw-away hosts.

    A mapping names the command that prints a secret which is nowhere else: `"!pass web/session"`.
    """
    stack: dict[str, Any] = {}
    """Keys of the stack file that differ here; merged over it, mappings key by key."""

    @field_validator("host", mode="before")
    @classmethod
    def _address_alone(cls, host: Any) -> Any:
        return {"address": host} if isinstance(host, str) else host

    @field_validator("secrets", mode="before")
    @classmethod
    def _commands_and_no_values(cls, secrets: Any) -> Any:
        if not isinstance(secrets, dict):
            if secrets not in ("given", "generate"):
                given = f'"{secrets}"' if isinstance(secrets, str) else secrets
                raise ValueError(f"should be 'given' or 'generate', got {given}")
            return secrets
        for name, command in secrets.items():
            if not re.match(VARIABLE_PATTERN, name):
                raise ValueError("should hold names of variables: letters, digits and _")
            text = command if isinstance(command, str) else ""
            if not text.startswith("!") or not text[1:].strip() or "\0" in text:
                # Not shown: a value stands here when somebody mistook the key's meaning.
                raise ValueError(
                    f'{name}: should be a command that prints it, such as "!pass web/session"'
                )
        return secrets

    @model_validator(mode="after")
    def _names_hold_together(self) -> "Environment":
        for name, target in self.redirects.items():
            if name in self.domains:
                raise ValueError(f"redirects.{name}: is one of the domains already")
            if target not in self.domains:
                raise ValueError(f"redirects.{name}: {target} is not one of the domains")
        if self.tls.mode == "acme" and not self.domains:
            raise ValueError("tls: acme needs domains: nobody gives a certificate for an address")
        return self

    @property
    def names(self) -> list[str]:
        """Every name that a certificate has to be good for."""
        return [*self.domains, *self.redirects]

    @property
    def secret_commands(self) -> dict[str, str]:
        """The shell command that prints a secret, by its name."""
        given = self.secrets if isinstance(self.secrets, dict) else {}
        return {name: command[1:].strip() for name, command in given.items()}

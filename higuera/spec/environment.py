"""An environment file, `inventory/<environment>.yml`: where a stack is deployed."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from higuera.spec.model import Model

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
    port: int | None = Field(default=None, ge=1, le=65535)
    key: str | None = None
    """Path of the private key; empty: the SSH agent and the usual files."""


class Environment(Model):
    """Everything that `inventory/<environment>.yml` says."""

    host: Host
    """A mapping, or just the address."""
    domains: list[Domain] = []
    """Names the stack is served under; empty: whatever name is asked for."""
    secrets: Literal["given", "generate"] = "given"
    """`generate` makes missing ones up, once, into `.env.<environment>`: for throw-away hosts."""
    stack: dict[str, Any] = {}
    """Keys of the stack file that differ here; merged over it, mappings key by key."""

    @field_validator("host", mode="before")
    @classmethod
    def _address_alone(cls, host: Any) -> Any:
        return {"address": host} if isinstance(host, str) else host

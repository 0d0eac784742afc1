"""What the sandbox says about a VPS, and what it remembers of one between runs."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

State = Literal["running", "stopped", "booting"]


@dataclass(frozen=True)
class Vps:
    """A sandbox VPS as its users see it."""

    name: str
    address: str
    user: str
    port: int
    key: Path
    state: State
    known_hosts: Path
    address6: str
    layer: str | None = None

    def public(self) -> dict[str, str | int]:
        """Return what `higuera sandbox list --json` prints of it."""
        return {
            "name": self.name,
            "address": self.address,
            "user": self.user,
            "port": self.port,
            "key": str(self.key),
            "state": self.state,
        }


@dataclass(frozen=True)
class Config:
    """What stays of a VPS while it is off: the content of its config.json."""

    name: str
    address: str
    address6: str
    gateway: str
    prefix: int
    base: str
    layer: str | None
    machine_id: str

    def to_json(self) -> dict[str, Any]:
        """Return the values to store."""
        return asdict(self)

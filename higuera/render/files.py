"""A file as it should stand on a host."""

import hashlib
from dataclasses import dataclass, field

SYSTEMD = "/etc/systemd/system"


@dataclass(frozen=True)
class File:
    """Content with its final mode and owner; `secret` keeps it out of every output."""

    path: str
    text: str = field(repr=False)
    mode: str = "0644"
    owner: str = "root:root"
    secret: bool = False

    @property
    def sha256(self) -> str:
        """The digest that `sha256sum` prints for it."""
        return hashlib.sha256(self.text.encode()).hexdigest()

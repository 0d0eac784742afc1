"""`settings.ssh`: who may log in to the host, and how."""

from typing import Literal

from pydantic import Field

from higuera.spec.model import Model


class Ssh(Model):
    """sshd with safe defaults. A change is kept only once a new login was proven."""

    harden: bool = True
    """Keys only, modern algorithms, forwarding to local ports alone; false: sshd stays as it is."""
    passwords: bool = False
    """Whether a password gets in."""
    root: Literal["auto", "key"] = "auto"
    """`auto`: root may not log in once another user does; `key`: root may, with a key."""
    algorithms: Literal["modern", "debian"] = "modern"
    """`modern`: what ssh-audit does not fail; `debian`: sshd's own choice, for old clients."""
    tries: int = Field(default=3, ge=1, le=20)
    """Keys that one connection may offer."""
    login_grace: int = Field(default=30, ge=5, le=600)
    """Seconds that a login may take."""
    connections: int = Field(default=120, ge=0, le=100_000)
    """New connections a minute that the firewall lets one address make, a quarter of them at once.

    0: any number. What is over it gets in when TCP asks again, a second later.
    """
    confirm_deadline: int = Field(default=60, ge=3, le=3600)
    """Seconds after a change of sshd within which a new login has to be proven, or it goes back."""

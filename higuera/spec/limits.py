"""How much one client may ask for: by address, or by API key in tiers."""

import re
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from higuera.errors import SecretError
from higuera.spec.model import EnvironmentVariable, Model, Name

Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$")]
# Nothing that nginx's `map` gives a meaning to; long enough that nobody guesses one.
KEY = re.compile(r"[A-Za-z0-9<][A-Za-z0-9._+/:@=<>~-]{15,199}")


class Rate(Model):
    """Requests a minute, and how many may come at once on top of an even flow."""

    minute: int = Field(ge=1, le=1_000_000)
    burst: int | None = Field(default=None, ge=0, le=1_000_000)
    """Left out: as many as in a minute."""

    @property
    def at_once(self) -> int:
        """The burst that holds."""
        return self.minute if self.burst is None else self.burst

    @property
    def seconds(self) -> int:
        """After so many seconds at most one more request is free."""
        return -(-60 // self.minute)


class Tiers(Model):
    """Rates of API keys: who has which tier is a secret's value."""

    header: Header = "X-API-Key"
    """The request header that carries the key."""
    routes: list[str] = Field(min_length=1)
    """The routes that it holds for."""
    keys: EnvironmentVariable
    """The name of the secret: `KEY=TIER`, one a line or separated by blanks."""
    without_key: Name
    """The tier of those who send no key, or one that is not known: by address."""
    rates: dict[Name, Rate] = Field(min_length=1)

    @model_validator(mode="after")
    def _tier_is_there(self) -> "Tiers":
        if self.without_key not in self.rates:
            known = ", ".join(self.rates)
            raise ValueError(f"without_key: no tier {self.without_key} (there are: {known})")
        return self


def keys_of(tiers: Tiers, value: str) -> dict[str, str]:
    """The tier of each key, from the secret's value. Raises SecretError that shows no value."""
    found: dict[str, str] = {}
    folded: set[str] = set()
    for number, entry in enumerate(value.split(), 1):
        key, _, tier = entry.rpartition("=")
        where = f"secret {tiers.keys}: entry {number}"
        if not KEY.fullmatch(key):
            raise SecretError(
                f"{where}: should be KEY=TIER, the key 16 to 200 letters, digits and ._+/:@=~-"
            )
        if tier not in tiers.rates:
            raise SecretError(f"{where}: its tier is none of {', '.join(tiers.rates)}")
        if key.lower() in folded:
            raise SecretError(f"{where}: the same key stands before (nginx ignores case)")
        folded.add(key.lower())
        found[key] = tier
    return found

"""Which other origins may read what a route answers."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from higuera.spec.limits import Header
from higuera.spec.model import Model

Origin = Annotated[
    str, StringConstraints(pattern=r"^(\*|https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?)$")
]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


class Cors(Model):
    """The allow-list of one route. nginx answers its preflights; the app's own CORS is hidden."""

    origins: list[Origin] = Field(min_length=1)
    """`https://app.example.com`, or `*` for everybody, who then send no cookie."""
    methods: list[Method] = Field(default=["GET", "HEAD", "POST"], min_length=1)
    headers: list[Header] = ["Content-Type", "X-Request-Id"]
    """Request headers that a page may set."""
    exposed: list[Header] = ["X-Request-Id", "Retry-After"]
    """Answer headers that a page may read."""
    credentials: bool = False
    """Whether cookies and Authorization come along."""
    max_age: int = Field(default=600, ge=0, le=86400)
    """Seconds that a browser remembers a preflight."""

    @model_validator(mode="after")
    def _everybody_has_no_cookie(self) -> "Cors":
        if self.is_open and (self.credentials or len(self.origins) > 1):
            raise ValueError("origins: * stands alone and goes without credentials: name them")
        return self

    @property
    def is_open(self) -> bool:
        """Whether any origin will do."""
        return "*" in self.origins

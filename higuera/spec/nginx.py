"""How nginx serves a stack, and what it keeps from it: `nginx` in the stack file."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from higuera.spec.cors import Cors
from higuera.spec.limits import Header, Rate, Tiers
from higuera.spec.model import Model, Size

BufferSize = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]*[KM]$")]
# No `$`, which would be a variable of nginx.
HeaderValue = Annotated[str, StringConstraints(pattern=r"^[ -#%-~]+$")]

# Each only where the app sends none of that name itself.
HEADERS: dict[str, str | bool | None] = {
    "Content-Security-Policy": "frame-ancestors 'self'",
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(self), usb=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
# nginx sends these itself, with a value of its own.
EDGE_HEADERS = (
    *("Cache-Control", "Retry-After", "Strict-Transport-Security", "Vary", "X-Request-Id"),
    *(f"Access-Control-Allow-{what}" for what in ("Credentials", "Headers", "Methods", "Origin")),
    *("Access-Control-Expose-Headers", "Access-Control-Max-Age"),
)
# What proxies and frameworks believe of a request; from outside it is but a claim.
DROPPED = [
    *("CF-Connecting-IP", "Fastly-Client-IP", "Forwarded", "Front-End-Https", "Proxy"),
    *("Remote-User", "True-Client-IP", "X-Auth-Request-Email", "X-Auth-Request-Groups"),
    *("X-Auth-Request-User", "X-Client-IP", "X-Cluster-Client-IP", "X-Forwarded-Client-Cert"),
    *("X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Path", "X-Forwarded-Port"),
    *("X-Forwarded-Prefix", "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Ssl"),
    *("X-Forwarded-Uri", "X-Forwarded-User", "X-Middleware-Subrequest", "X-Original-Host"),
    *("X-Original-URL", "X-Rewrite-URL"),
]


class Timeouts(Model):
    """Seconds that a client, or the app, may keep nginx waiting."""

    header: int = Field(default=10, ge=1, le=300)
    """For all of the request's headers."""
    body: int = Field(default=15, ge=1, le=3600)
    """Between two reads of the body."""
    send: int = Field(default=30, ge=1, le=3600)
    """Between two writes of the answer."""
    keepalive: int = Field(default=65, ge=0, le=3600)
    """For the next request on an open connection."""
    answer: int = Field(default=300, ge=1, le=86400)
    """Between two reads of the app's answer; a silent WebSocket ends then too."""


class Nginx(Model):
    """How nginx serves the stack."""

    status_port: int = Field(default=8099, ge=1024, le=65535)
    """Loopback port that answers with the id of the configuration that is really live."""
    candidate_port: int = Field(default=8098, ge=1024, le=65535)
    """Loopback port on which a candidate is smoke-tested before it takes traffic."""
    body_limit: Size = "1M"
    """The largest request body."""
    header_limit: BufferSize = "8K"
    """The longest line of a request's headers; four of them are kept."""
    timeouts: Timeouts = Timeouts()
    headers: dict[Header, HeaderValue | bool | None] = HEADERS
    """Answer headers beside the app's own. What is given goes over the defaults; off: none."""
    hidden_headers: list[Header] = ["X-Powered-By"]
    """Answer headers of the app that nobody outside needs."""
    dropped_headers: list[Header] = DROPPED
    """Request headers that the app never gets from outside. Those given come to the defaults."""
    passed_headers: list[Header] = []
    """Of these, what the app gets all the same, since a proxy in front sets it."""
    unknown_hosts: bool = False
    """Whether names beside the environment's domains are answered."""
    gzip: bool = True
    connections: int = Field(default=256, ge=0, le=65535)
    """Requests at once from one address (IPv6: one /64); 0: any number."""
    tcp_connections: Annotated[int, Field(ge=16, le=65535)] | Literal[False] = 512
    """The same for connections that said nothing yet: what the firewall lets one address hold."""
    limits: dict[str, Rate] = {}
    """By route: what one address may ask."""
    tiers: Tiers | None = None
    cors: dict[str, Cors] = {}
    """By route."""
    hardening: bool = True
    """Whether nginx itself runs in systemd's sandbox."""

    @field_validator("headers", mode="before")
    @classmethod
    def _over_the_defaults(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        if True in [value for value in given.values() if isinstance(value, bool)]:
            raise ValueError("a header has a text, or is off")
        names = {str(name).lower() for name in given}
        for name in EDGE_HEADERS:
            if name.lower() in names:
                raise ValueError(f"{name} is of the edge itself: tls.hsts, nginx.cors or the app")
        kept = {name: text for name, text in HEADERS.items() if name.lower() not in names}
        return {**kept, **given}

    @field_validator("dropped_headers", mode="after")
    @classmethod
    def _beside_the_defaults(cls, given: list[str]) -> list[str]:
        known = {name.lower() for name in DROPPED}
        return [*DROPPED, *(name for name in given if name.lower() not in known)]

    @model_validator(mode="after")
    def _passes_what_is_dropped(self) -> "Nginx":
        dropped = {name.lower() for name in self.dropped_headers}
        for name in self.passed_headers:
            if name.lower() not in dropped:
                raise ValueError(f"passed_headers: {name} is none of dropped_headers")
        return self

    def kept_from_the_app(self) -> list[str]:
        """The dropped headers, less those that are let through by name."""
        passed = {name.lower() for name in self.passed_headers}
        return [name for name in self.dropped_headers if name.lower() not in passed]

    def added_headers(self) -> dict[str, str]:
        """Those that are not off, by name."""
        return {name: text for name, text in sorted(self.headers.items()) if isinstance(text, str)}

    def problems(self, routes: list[str], static: list[str]) -> Iterator[str]:
        """Keys that should name a route, or for CORS what nginx serves itself, and do not."""
        tiered = self.tiers.routes if self.tiers else []
        named = [("limits", route, routes) for route in self.limits]
        named += [("tiers.routes", route, routes) for route in tiered]
        named += [("cors", route, [*routes, *static]) for route in self.cors]
        for key, route, known in named:
            if route not in known:
                yield f"nginx.{key}: no route {route} (there are: {', '.join(known)})"

    def secret_names(self) -> list[str]:
        """The secrets that nginx needs."""
        return [self.tiers.keys] if self.tiers else []

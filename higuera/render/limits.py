"""What of the edge is reckoned before a template sees it: zones of limits, texts of preflights."""

import hashlib
from dataclasses import dataclass

from higuera.render.files import File
from higuera.render.quoting import nginx_quote
from higuera.spec.limits import Rate, keys_of
from higuera.spec.nginx import Nginx
from higuera.spec.secrets import Secrets
from higuera.spec.stack import Stack, route_slug


@dataclass(frozen=True)
class Zone:
    """A `limit_req_zone`, and the routes that it holds for."""

    name: str
    key: str
    rate: Rate
    routes: list[str]
    size: str


def zones_of(stack: Stack, variable: str) -> list[Zone]:
    """One for each limited route, by address; one for each tier, by key."""
    nginx = stack.nginx
    zones = [
        Zone(f"{variable}_route_{route_slug(route)}", f"{variable}_client", rate, [route], "10m")
        for route, rate in nginx.limits.items()
    ]
    if tiers := nginx.tiers:
        for tier, rate in tiers.rates.items():
            name = f"{variable}_tier_{tier.replace('-', '_')}"
            # Keys are few; those without are as many as there are addresses.
            size = "10m" if tier == tiers.without_key else "1m"
            zones.append(Zone(name, name, rate, tiers.routes, size))
    return zones


def retries_of(nginx: Nginx) -> list[tuple[str, int]]:
    """The start of `ROUTE TIER`, and after how many seconds a request is free again."""
    found: list[tuple[str, int]] = []
    tiers = nginx.tiers
    for route in tiers.routes if tiers else []:
        own = nginx.limits[route].seconds if route in nginx.limits else 1
        for tier, rate in tiers.rates.items() if tiers else []:
            found.append((f"{route} {tier}", max(own, rate.seconds)))
    told = tiers.routes if tiers else []
    found += [(route, rate.seconds) for route, rate in nginx.limits.items() if route not in told]
    return found


def preflights_of(nginx: Nginx) -> list[tuple[str, dict[str, str]]]:
    """What is told of each route to a preflight from an allowed origin, by header."""
    routes = nginx.cors.items()
    return [
        ("allow_methods", {route: ", ".join(cors.methods) for route, cors in routes}),
        ("allow_headers", {route: ", ".join(cors.headers) for route, cors in routes}),
        ("max_age", {route: str(cors.max_age) for route, cors in routes}),
    ]


def keys_path(stack: Stack) -> str:
    """Where nginx reads the tier of each API key."""
    return f"/etc/nginx/higuera/{stack.app}.keys"


def keys_files(stack: Stack, secrets: Secrets | None) -> list[File]:
    """The lines of a `map`: a key, and what it counts as. For root alone: the master reads it."""
    tiers = stack.nginx.tiers
    if tiers is None or secrets is None:
        return []
    keys = keys_of(tiers, secrets.reveal(tiers.keys))
    lines = (
        f'{nginx_quote(key)} "{tier} {number}";\n'
        for number, (key, tier) in enumerate(keys.items(), 1)
    )
    return [File(keys_path(stack), "".join(lines), mode="0600", secret=True)]


def keys_digest(files: list[File]) -> str:
    """Tells one set of keys from another, and is slow to make: it stands where others read it."""
    text = "".join(file.text for file in files).encode()
    if not text:
        return ""
    return hashlib.scrypt(text, salt=b"higuera keys", n=2**12, r=8, p=1).hex()[:16]

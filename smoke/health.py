"""Health: every service says that it is up, and that it reaches its database."""

import httpx

from higuera.smoke.expect import require, require_status, where
from higuera.smoke.model import CheckSkipped, Target


def check(target: Target, http: httpx.Client) -> str:
    """Every health path answers 200, with the database reachable where it says so."""
    if not target.health:
        raise CheckSkipped("no service of the stack has a health path")
    for path in target.health:
        response = http.get(path)
        require_status(response, 200)
        _require_database(response)
    return f"{', '.join(target.health)} up"


def _require_database(response: httpx.Response) -> None:
    try:
        body = response.json()
    except ValueError:
        return  # a page is a health path as well
    if isinstance(body, dict) and "database" in body:
        state = body["database"]
        require(
            state == "reachable", f"{where(response)} says the database is {state}, not reachable"
        )

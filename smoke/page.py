"""The web page: rendered, and the right one."""

import httpx

from higuera.smoke.expect import require, require_status, where
from higuera.smoke.model import Target

NEEDS = ("page",)


def check(target: Target, http: httpx.Client) -> str:
    """The page answers 200 with HTML that contains what it should."""
    response = http.get(target.path("page", default="/"))
    require_status(response, 200, to="render the page")
    kind = response.headers.get("content-type", "nothing")
    require(kind.startswith("text/html"), f"{where(response)} answers {kind}, not text/html")
    if "contains" in target.settings["page"]:
        text = target.setting("page", "contains")
        require(text in response.text, f'{where(response)} does not contain "{text}"')
    return f"{len(response.content)} bytes of HTML"

"""What a check says its expectations with. Each raises CheckFailed with a sentence.

The runner redacts every sentence before it cuts it, so a body may be quoted whole, at the end.
"""

from typing import Any

import httpx

from higuera.smoke.model import CheckFailed


def require(condition: object, sentence: str) -> None:
    """Raise CheckFailed with `sentence` unless `condition` holds."""
    if not condition:
        raise CheckFailed(sentence)


def where(response: httpx.Response) -> str:
    """Return the request that was answered, as `POST /api/auth/login`."""
    return f"{response.request.method} {response.request.url.path}"


def require_status(response: httpx.Response, *allowed: int, to: str = "") -> None:
    """Require one of the `allowed` status codes; `to` says what the request was meant to do."""
    if response.status_code in allowed:
        return
    wanted = " or ".join(map(str, allowed))
    purpose = f" to {to}" if to else ""
    location = response.headers.get("location")
    onward = f", onward to {location}" if location else ""
    body = f": {response.text}" if response.text.strip() else ""
    raise CheckFailed(
        f"{where(response)}{purpose} answered {response.status_code}, not {wanted}{onward}{body}"
    )


def json_object(response: httpx.Response, *keys: str) -> dict[str, Any]:
    """Return the body, which has to be a JSON object that has all the `keys`."""
    try:
        body = response.json()
    except ValueError:
        kind = response.headers.get("content-type", "no content type")
        raise CheckFailed(
            f"{where(response)} should answer JSON, got {kind}: {response.text}"
        ) from None
    require(isinstance(body, dict), f"{where(response)} should answer a JSON object")
    missing = [key for key in keys if key not in body]
    require(not missing, f"{where(response)} answers no {' and no '.join(missing)}")
    return dict(body)

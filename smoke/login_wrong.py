"""A wrong password: refused, and no session is handed out."""

import secrets

import httpx

from higuera.smoke.expect import require, require_status, where
from higuera.smoke.model import Target
from higuera.smoke.session import cookie_name, set_cookies

NEEDS = ("login",)


def check(target: Target, http: httpx.Client) -> str:
    """A wrong password is refused with 401 and gets no session cookie."""
    # Nothing of the right password is in it: bcrypt reads 72 bytes, and would accept a suffix.
    wrong = {
        "email": target.secret(target.setting("login", "email")),
        "password": f"wrong-{secrets.token_urlsafe(12)}",
    }
    response = http.post(target.path("login"), json=wrong)
    cookies = set_cookies(response)
    for cookie in cookies.values():
        target.hide(cookie.value)
    require_status(response, 401, to="refuse a wrong password")
    name = cookie_name(target)
    require(
        name not in cookies or not cookies[name].value,
        f"{where(response)} refuses a wrong password but sets a {name} cookie",
    )
    return "a wrong password is refused"

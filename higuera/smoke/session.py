"""Signing in, as the checks that need a session do it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus

import httpx

from higuera.smoke.expect import require, require_status, where
from higuera.smoke.model import Target
from higuera.smoke.transport import GRACE

DEFAULT_COOKIE = "session"
CLEAN_UP_SECONDS = 3.0


@dataclass(frozen=True)
class SetCookie:
    """One `Set-Cookie` header (RFC 6265, 4.1). Attribute names are lower-cased."""

    name: str
    value: str
    attributes: Mapping[str, str]

    @property
    def header(self) -> dict[str, str]:
        """Return the request header that sends the cookie back."""
        return {"Cookie": f"{self.name}={self.value}"}


def set_cookies(response: httpx.Response) -> dict[str, SetCookie]:
    """Return the cookies that an answer sets, by name; the last of a name wins, as in browsers."""
    return {cookie.name: cookie for cookie in map(_parse, response.headers.get_list("set-cookie"))}


def sign_in(target: Target, http: httpx.Client) -> SetCookie:
    """Sign in as the smoke user and return the session cookie, whose value is hidden from reports.

    Raises CheckFailed when the login is refused or sets no session cookie.
    """
    response = http.post(
        target.path("login"),
        json={
            "email": target.secret(target.setting("login", "email")),
            "password": target.secret(target.setting("login", "password")),
        },
    )
    found = set_cookies(response)
    for cookie in found.values():
        target.hide(cookie.value)
    require_status(response, HTTPStatus.OK, to="sign in")
    name = cookie_name(target)
    require(
        name in found and found[name].value,
        f"{where(response)} accepts the login but sets no {name} cookie",
    )
    return found[name]


@contextmanager
def signed_in(target: Target, http: httpx.Client) -> Iterator[None]:
    """Send the session cookie with every request of `http` inside the block; sign out after it.

    The header is set by hand, since a cookie jar would hold a Secure cookie back on plain HTTP,
    which is what an SSH tunnel to the candidate speaks.
    """
    http.headers.update(sign_in(target, http).header)
    try:
        yield
    finally:
        logout = target.path("login", "logout")
        with suppress(httpx.HTTPError):  # courtesy only: login.py is the check of the logout
            http.post(logout, extensions={GRACE: CLEAN_UP_SECONDS})
        del http.headers["Cookie"]


def cookie_name(target: Target) -> str:
    """Return the name of the session cookie."""
    return target.setting("login", "cookie", DEFAULT_COOKIE)


def _parse(header: str) -> SetCookie:
    pair, *attributes = header.split(";")
    name, _, value = pair.partition("=")
    parts = (attribute.partition("=") for attribute in attributes)
    return SetCookie(
        name.strip(), value.strip(), {key.strip().lower(): text.strip() for key, _, text in parts}
    )

"""Login and logout: the session cookie is safe, works, and is dead after the logout."""

import httpx

from higuera.smoke.expect import json_object, require, require_status, where
from higuera.smoke.model import Target
from higuera.smoke.session import SetCookie, sign_in

NEEDS = ("login",)


def check(target: Target, http: httpx.Client) -> str:
    """Signing in gives a safe session cookie; signing out ends the session."""
    cookie = sign_in(target, http)
    _require_safe(cookie, https=target.is_https)
    _require_user(target, http, cookie)
    logout = http.post(target.path("login", "logout"), headers=cookie.header)
    require_status(logout, 200, 202, 204, 205, to="sign out")
    _require_signed_out(target, http, cookie)
    return f"signed in and out; {cookie.name} is HttpOnly, SameSite={_same_site(cookie)}"


def _require_safe(cookie: SetCookie, *, https: bool) -> None:
    flags = cookie.attributes
    require("httponly" in flags, f"the {cookie.name} cookie is not HttpOnly: scripts can read it")
    require(
        _same_site(cookie).lower() in ("lax", "strict"),
        f"the {cookie.name} cookie has SameSite={_same_site(cookie)}, not Lax or Strict",
    )
    require(
        "secure" in flags or not https, f"the {cookie.name} cookie is not Secure, though on https"
    )
    path = flags.get("path", "missing")
    require(path == "/", f"the {cookie.name} cookie has Path={path}, not /")


def _same_site(cookie: SetCookie) -> str:
    return cookie.attributes.get("samesite") or "missing"


def _require_user(target: Target, http: httpx.Client, cookie: SetCookie) -> None:
    me = http.get(target.path("login", "me"), headers=cookie.header)
    require_status(me, 200, to="read the signed-in user")
    user = json_object(me, "user")["user"]
    email = user.get("email") if isinstance(user, dict) else None
    expected = target.secret(target.setting("login", "email"))
    require(
        isinstance(email, str) and email.casefold() == expected.casefold(),
        f"{where(me)} answers another e-mail address than the one that signed in",
    )


def _require_signed_out(target: Target, http: httpx.Client, cookie: SetCookie) -> None:
    path = target.path("login", "me")
    require_status(http.get(path), 401, to="be signed out, as a browser is after the logout")
    replayed = http.get(path, headers=cookie.header)
    require_status(replayed, 401, to="be signed out, with the old cookie replayed")

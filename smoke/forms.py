"""A form write: what is written is read back, and what is deleted is gone."""

import secrets
from typing import Any
from urllib.parse import quote

import httpx

from higuera.smoke.expect import json_object, require, require_status, where
from higuera.smoke.model import CheckFailed, Target
from higuera.smoke.session import CLEAN_UP_SECONDS, signed_in
from higuera.smoke.transport import GRACE, describe

NEEDS = ("login", "forms")


def check(target: Target, http: httpx.Client) -> str:
    """A form is written, read back, deleted, and gone; nothing stays behind."""
    path = target.path("forms")
    title = f"Higuera smoke {secrets.token_hex(8)}"  # unique, so that only our own is deleted
    with signed_in(target, http):
        try:
            _write_and_delete(http, path, title)
        except BaseException as failure:  # Ctrl-C leaves nothing behind either
            left = _clean_up(http, path, title)
            if left and isinstance(failure, AssertionError | httpx.RequestError):
                raise CheckFailed(f"{left}, after: {_sentence(failure)}") from failure
            raise
    return "a form was written, read back and deleted"


def _write_and_delete(http: httpx.Client, path: str, title: str) -> None:
    fields = [{"name": "answer", "type": "text"}]
    written = http.post(path, json={"title": title, "fields": fields})
    require_status(written, 201, to="write a form")
    form = json_object(written, "form")["form"]
    form_id = form.get("id") if isinstance(form, dict) else None
    require(form_id, f"{where(written)} answers a form without an id")
    found = [listed.get("id") for listed in _titled(http, path, title)]
    require(found == [form_id], f"the form written with {where(written)} is not in GET {path}")
    require_status(http.delete(_one(path, form_id)), 204, to="delete the form")
    require(
        not _titled(http, path, title), f"GET {path} still lists the form after DELETE said 204"
    )


def _sentence(failure: AssertionError | httpx.RequestError) -> str:
    return describe(failure) if isinstance(failure, httpx.RequestError) else str(failure)


def _titled(http: httpx.Client, path: str, title: str, grace: float = 0.0) -> list[dict[str, Any]]:
    response = http.get(path, extensions={GRACE: grace})
    require_status(response, 200, to="list the forms")
    forms = json_object(response, "forms")["forms"]
    require(isinstance(forms, list), f"{where(response)} answers forms that are no list")
    return [form for form in forms if isinstance(form, dict) and form.get("title") == title]


def _one(path: str, form_id: object) -> str:
    return f"{path}/{quote(str(form_id), safe='')}"


def _clean_up(http: httpx.Client, path: str, title: str) -> str | None:
    """Delete what the check wrote; by title, since a lost answer leaves no id. Says what stays."""
    try:
        for form in _titled(http, path, title, CLEAN_UP_SECONDS):
            http.delete(_one(path, form.get("id")), extensions={GRACE: CLEAN_UP_SECONDS})
        left = _titled(http, path, title, CLEAN_UP_SECONDS)
    except (AssertionError, httpx.RequestError):
        return f'whether the form "{title}" was left behind could not be found out'
    return f'the form "{title}" could not be deleted' if left else None

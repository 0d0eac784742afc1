"""The forms map: slugs to form ids, which the frontend starts from."""

import httpx

from higuera.smoke.expect import json_object, require, require_status, where
from higuera.smoke.model import Target

NEEDS = ("forms_map",)


def check(target: Target, http: httpx.Client) -> str:
    """The forms map answers 200 with an object under `forms`."""
    response = http.get(target.path("forms_map"))
    require_status(response, 200, to="read the forms map")
    forms = json_object(response, "forms")["forms"]
    require(isinstance(forms, dict), f"{where(response)} answers forms that are no object")
    return f"{len(forms)} forms in the map"

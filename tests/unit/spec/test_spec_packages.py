"""Which Debian packages a stack asks for."""

import pytest
from spec_files import STACK, changed

from higuera.spec.environment import Environment
from higuera.spec.packages import packages_of
from higuera.spec.stack import Stack

ENVIRONMENT = Environment.model_validate({"host": "vps.example.com"})


@pytest.mark.parametrize(
    ("key", "value", "package"),
    [
        ("time", False, "systemd-timesyncd"),
        ("upgrades", False, "unattended-upgrades"),
        ("hardening", {"logins": False}, "libpam-passwdqc"),
    ],
)
def test_what_is_turned_off_is_not_installed(key: str, value: object, package: str) -> None:
    def names(value: object) -> set[str]:
        stack = Stack.model_validate(changed(STACK, f"settings.{key}", value))
        return set(packages_of(stack, ENVIRONMENT))

    default = Stack.model_fields["settings"].default.model_dump()[key]
    assert names(default) - names(value) == {package}

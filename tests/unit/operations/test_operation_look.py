"""What a plan is held to."""

from types import SimpleNamespace
from typing import Any

from higuera.operations.look import _of_source


def source(certificate: str | None, key: str) -> dict[str, str]:
    deployment = SimpleNamespace(
        certificate=certificate,
        environment=SimpleNamespace(tls=SimpleNamespace(key="TLS_KEY")),
        stack=SimpleNamespace(paths=SimpleNamespace(tls="/etc/ssl/higuera/forms")),
        secrets=SimpleNamespace(reveal=lambda _: key),
    )
    lists: dict[str, Any] = {"shared_files": [], "host_files": [], "wanted": {}}
    run: Any = SimpleNamespace(
        deployment=deployment, commit="c", fingerprints={}, gate=None, **lists
    )
    return _of_source(run)


def test_another_given_pair_is_another_basis() -> None:
    before = source("chain", "key")
    assert source("chain", "key") == before
    for after, changed in (
        (source("other", "key"), "the inventory and its templates"),
        (source("chain", "other"), "secrets"),
    ):
        assert [name for name in before if before[name] != after[name]] == [changed]
    assert "key" not in before.values()

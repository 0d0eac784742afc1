"""Names of VPSes and layers, and the names they get on this machine."""

from pathlib import Path

import pytest

from higuera.errors import SandboxError
from higuera.sandbox import paths


@pytest.mark.parametrize("name", ["a", "demo", "t-sbx-1", "a" * 21])
def test_a_name_that_can_be_a_host_name_passes(name: str) -> None:
    assert paths.check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "1a", "Demo", "a_b", "a.b", "../x", "a/b", "a" * 22, "a\n", "a b"]
)
def test_any_other_name_is_a_sentence(name: str) -> None:
    with pytest.raises(SandboxError, match="cannot name a VPS"):
        paths.check_name(name)


@pytest.mark.parametrize("layer", ["x", "provisioned-1a2b.3_c", "9"])
def test_a_layer_name_passes(layer: str) -> None:
    assert paths.check_layer(layer) == layer


@pytest.mark.parametrize("layer", ["", ".x", "a:b", "a,b", "a/b", "..", "a" * 61])
def test_a_layer_name_that_overlayfs_or_the_shell_would_split_is_a_sentence(layer: str) -> None:
    with pytest.raises(SandboxError, match="cannot name a layer"):
        paths.check_layer(layer)


def test_a_moved_sandbox_shares_no_name_with_the_default_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("HIGUERA_SANDBOX_DIR", raising=False)
    default = (paths.bridge(), paths.nft_table(), paths.machine_name("a"))
    monkeypatch.setenv("HIGUERA_SANDBOX_DIR", str(tmp_path))
    moved = (paths.bridge(), paths.nft_table(), paths.machine_name("a"))
    assert not set(default) & set(moved)
    assert default == ("higuera0", "higuera_sandbox", "higuera-a")
    assert len(moved[0]) <= 15  # IFNAMSIZ


def test_a_state_folder_that_overlayfs_would_split_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HIGUERA_SANDBOX_DIR", "/srv/a:b")
    with pytest.raises(SandboxError, match="HIGUERA_SANDBOX_DIR"):
        paths.state_dir()

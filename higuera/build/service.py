"""Building one service: source copied into a work tree, install when needed, build, pack."""

import json
import os
import shutil
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from higuera.build.artifact import Artifact, pack, sha256_of
from higuera.build.cache import Say, cache_folder, locked
from higuera.build.command import build_environment, run
from higuera.build.source import digest_of, select
from higuera.build.toolchain import node_toolchain
from higuera.errors import BuildError
from higuera.spec.stack import Stack


def build_service(
    stack: Stack, source: Path, files: list[str], service: str, fingerprint: str, say: Say
) -> Artifact:
    """The artifact of a fingerprint: from the cache, or built now.

    Raises BuildError with the command and its last lines.
    """
    home = _home(stack, source)
    artifacts = home / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    with locked(home / "build.lock", say):
        known = _remembered(artifacts, service, fingerprint)
        if known is not None:
            say(f"{service}: built before")
            return known
        tree = home / "tree"
        sync_tree(source, files, tree)
        artifact = _build(stack, tree, files, service, fingerprint, artifacts, say)
        _remember(artifacts, service, fingerprint, artifact)
        return artifact


def remembered(stack: Stack, source: Path, service: str, fingerprint: str) -> Artifact | None:
    """The artifact of a fingerprint, where this machine has built it before."""
    return _remembered(_home(stack, source) / "artifacts", service, fingerprint)


def _home(stack: Stack, source: Path) -> Path:
    return cache_folder() / f"{stack.app}-{sha256(str(source).encode()).hexdigest()[:8]}"


def _build(
    stack: Stack,
    tree: Path,
    files: list[str],
    service: str,
    fingerprint: str,
    artifacts: Path,
    say: Say,
) -> Artifact:
    spec = stack.services[service]
    assert stack.runtimes.node is not None  # the spec holds it
    programs = node_toolchain(stack.runtimes.node, say)
    environment = build_environment([programs], {"BUILD_ID": fingerprint[:12]})
    install(stack, tree, files, environment, say)
    made = tree / spec.artifact
    shutil.rmtree(made, ignore_errors=True)
    say(f"{service}: {spec.build}")
    run(spec.build, tree, environment, say)
    if not made.is_dir():
        raise BuildError(f"services.{service}.artifact: the build made no folder {spec.artifact}")
    return pack(made, artifacts / f"{service}-{fingerprint[:16]}.tar.zst")


def install(
    stack: Stack, tree: Path, files: list[str], environment: dict[str, str], say: Say
) -> None:
    """Run the install command when its inputs changed since it last succeeded in this tree."""
    if stack.install is None:
        return
    inputs = digest_of(tree, select(files, stack.install.inputs))
    wanted = f"{stack.install.run}\n{stack.runtimes.node}\n{inputs}\n"
    stamp = tree.parent / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    say(f"install: {stack.install.run}")
    run(stack.install.run, tree, environment, say)
    stamp.write_text(wanted)


def sync_tree(source: Path, files: list[str], tree: Path) -> None:
    """Make the work tree hold exactly these files, and leave what builds made beside them."""
    tree.mkdir(parents=True, exist_ok=True)
    index = tree.parent / "files.json"
    before: list[str] = json.loads(index.read_text()) if index.exists() else []
    for gone in set(before) - set(files):
        if _is_below(tree, gone):
            _remove(tree / gone)
    _write(index, json.dumps(files))
    for name in files:
        _clear_way(tree, name)
        _copy(source / name, tree / name)


def _is_below(tree: Path, name: str) -> bool:
    """Whether a path leads through real folders only: no file, and no symlink out of the tree."""
    return all(_is_folder(tree / parent) for parent in Path(name).parents)


def _clear_way(tree: Path, name: str) -> None:
    """Make the folders of a file, where a file or a symlink of the same name may have been."""
    for parent in reversed(Path(name).parents):
        folder = tree / parent
        if not _is_folder(folder):
            _remove(folder)
            folder.mkdir()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _remove(path: Path) -> None:
    if _is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _copy(origin: Path, target: Path) -> None:
    if origin.is_symlink():
        _remove(target)
        target.symlink_to(origin.readlink())
    elif not _same(origin, target):
        _remove(target)
        shutil.copy2(origin, target)


def _same(origin: Path, target: Path) -> bool:
    """Whether a file was copied before. By content: an edit may keep the size and the time."""
    if target.is_symlink() or not target.is_file():
        return False
    if origin.stat().st_mode != target.stat().st_mode:
        return False
    return origin.read_bytes() == target.read_bytes()


def _remembered(artifacts: Path, service: str, fingerprint: str) -> Artifact | None:
    note = artifacts / f"{service}-{fingerprint[:16]}.json"
    if not note.exists():
        return None
    kept = json.loads(note.read_text())
    path = Path(kept["path"])
    if kept["fingerprint"] != fingerprint or not path.exists():
        return None
    if sha256_of(path) != kept["sha256"]:
        return None  # damaged since: the host would refuse it
    return Artifact(path, kept["content"], kept["sha256"], kept["size"])


def _remember(artifacts: Path, service: str, fingerprint: str, artifact: Artifact) -> None:
    note = artifacts / f"{service}-{fingerprint[:16]}.json"
    text = json.dumps({"fingerprint": fingerprint, **asdict(artifact)}, default=os.fspath)
    _write(note, text)
    _forget_old(artifacts, service)


def _write(path: Path, text: str) -> None:
    """Written as a whole or not at all: a killed run leaves nothing that cannot be read."""
    partial = path.with_name(f"{path.name}.new")
    partial.write_text(text)
    partial.replace(path)


def _forget_old(artifacts: Path, service: str, keep: int = 10) -> None:
    notes = sorted(artifacts.glob(f"{service}-*.json"), key=lambda path: path.stat().st_mtime)
    for note in notes[:-keep]:
        note.with_suffix(".tar.zst").unlink(missing_ok=True)
        note.unlink()

"""The files of the source, and the fingerprint of what a service is built from."""

import hashlib
import json
import os
import re
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path

from higuera.errors import BuildError
from higuera.spec.encrypted import AGE, SOPS
from higuera.spec.load import Deployment, environments
from higuera.spec.shown import shown
from higuera.spec.stack import Stack

# Part of every fingerprint: raise it when the way builds are made changes.
BUILDER = 1
# Left out where there is no git to say what is source.
GENERATED = {".git", "node_modules", ".next", "dist", "_build", "deps", "__pycache__", ".higuera"}
UNTRACKED = "?"  # git's tag for a file that it would track
# What holds secrets, unless git tracks it: no build sees it, no release carries it.
SECRETS = re.compile(
    r"(.*/)?(\.env(\.(?!example$|sample$|template$)[^/]*)?"
    r"|\.(netrc|pgpass|git-credentials)|\.(aws|azure|ssh|gnupg|kube)(/.*)?)$",
    re.DOTALL,
)
# Notes that a failed deploy leaves: no reason for the next one to build anew.
INCIDENTS = re.compile(r"(.*/)?docs/incidents/", re.DOTALL)
# What a project has beside its inventory folder, where app and project are one folder; of
# `templates`, which an app may have too, only the folders that Higuera looks into.
OWN = (
    *(".github", ".higuera", ".age-recipients", ".sops.yaml", "smoke"),
    *("config.py", "deploy.py", "rollback.py"),
    *(f"templates/{folder}" for folder in ("bin", "host", "nginx", "systemd")),
)


def files_of(deployment: Deployment) -> list[str]:
    """Every file that something may be built from: of the source, without the project's own.

    What `sources` or the install's `inputs` name is no less a source. Raises BuildError for none.
    """
    stack, source = deployment.stack, deployment.source
    named = [path for service in stack.services.values() for path in service.sources]
    named += stack.install.inputs if stack.install is not None else []
    own = [path for path in _own(deployment) if path.is_relative_to(source)]
    names = [path.relative_to(source).as_posix() for path in own]
    return source_files(source, [name for name in names if not select(named, [name])])


def _own(deployment: Deployment) -> list[Path]:
    """What Higuera alone reads, be it there or not."""
    project = deployment.project
    encrypted = [
        f"secrets.{name}{ending}"
        for name in environments(deployment.inventory)
        for ending in (AGE, *SOPS)
    ]
    return [deployment.inventory, *(project / name for name in (*OWN, *encrypted))]


def source_files(source: Path, without: list[str] | None = None) -> list[str]:
    """Every file of a checkout, relative and sorted: what git tracks or would track, if git knows.

    Nothing that is, or lies below, a path in `without`. Raises BuildError when there is none.
    """
    listed = _git(source, "ls-files", "-z", "-t", "-co", "--exclude-standard", "--", ".")
    if listed is None:
        names = {name for name in _walk(source) if not SECRETS.match(name)}
    else:
        lines = (os.fsdecode(line).partition(" ") for line in listed.split(b"\0") if line)
        names = {name for tag, _, name in lines if tag != UNTRACKED or not SECRETS.match(name)}
    left_out = set(select(names, without)) if without else set()
    found = sorted(
        name
        for name in names - left_out
        if not INCIDENTS.match(name) and _is_content(source / name)
    )
    if not found:
        raise BuildError(f"{source}: there is nothing to build in it")
    return found


def _walk(source: Path) -> Iterable[str]:
    for folder, folders, files in os.walk(source):
        folders[:] = [name for name in folders if name not in GENERATED]
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in [*files, *links]:
            yield str((Path(folder) / name).relative_to(source))


def _is_content(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def select(files: Iterable[str], chosen: list[str]) -> list[str]:
    """The files that are, or lie below, one of the chosen paths; all where nothing is chosen."""
    if not chosen:
        return list(files)
    folders = tuple(f"{path.rstrip('/')}/" for path in chosen)
    names = set(chosen)
    return [file for file in files if file in names or file.startswith(folders)]


def fingerprint(source: Path, files: list[str], stack: Stack, service: str) -> str:
    """What the artifact of a service depends on, as a SHA-256: sources, commands, runtime.

    Same fingerprint: same artifact, so no build, no upload and no restart.
    """
    spec = stack.services[service]
    chosen = select(files, spec.sources)
    missing = [path for path in spec.sources if not select(files, [path])]
    if missing:
        raise BuildError(f"services.{service}.sources: {missing[0]} is not in {source}")
    digest = hashlib.sha256()
    settings = {
        "builder": BUILDER,
        "service": service,
        "build": spec.build,
        "artifact": spec.artifact,
        "runtime": [spec.runtime, getattr(stack.runtimes, spec.runtime)],
        "install": stack.install.model_dump() if stack.install else None,
    }
    digest.update(json.dumps(settings, sort_keys=True).encode())
    _add_files(digest, source, chosen)
    if stack.install is not None:
        _add_files(digest, source, select(files, stack.install.inputs))
    return digest.hexdigest()


def digest_of(source: Path, files: list[str]) -> str:
    """SHA-256 over the names, kinds and contents of files."""
    digest = hashlib.sha256()
    _add_files(digest, source, files)
    return digest.hexdigest()


def _add_files(digest: "hashlib._Hash", source: Path, files: list[str]) -> None:
    for name in files:
        path = source / name
        if path.is_symlink():
            kind, content = "link", os.fsencode(path.readlink())
        else:
            executable = path.stat().st_mode & stat.S_IXUSR
            kind, content = ("program" if executable else "file"), path.read_bytes()
        digest.update(f"\0{kind}\0{name}\0{len(content)}\0".encode(errors="surrogateescape"))
        digest.update(content)


def commit_of(source: Path) -> str:
    """The short git commit of a checkout, `-dirty` when it was changed since; else `nogit`."""
    head = _git(source, "rev-parse", "--short=7", "HEAD")
    if not head:
        return "nogit"
    commit = head.decode().strip()
    changed = _git(
        source, "status", "--porcelain", "--", ".", ":(exclude,glob)**/docs/incidents/**"
    )
    return f"{commit}-dirty" if changed else commit


def commits_between(source: Path, old: str | None, limit: int) -> list[tuple[str, str]] | None:
    """Short id and subject of the newest `limit` commits since `old`, newest first.

    None where git knows no such commit here, as in a shallow clone.
    """
    if old is None or not re.fullmatch(r"[0-9a-f]{7,40}(-dirty)?", old):
        return None
    since = f"{old.removesuffix('-dirty')}..HEAD"
    listed = _git(source, "log", f"--max-count={limit}", "--format=%h%x09%s", since, "--", ".")
    if listed is None:
        return None
    lines = listed.decode(errors="replace").rstrip("\n").split("\n") if listed else []
    parts = (line.partition("\t") for line in lines)
    return [(commit, shown(subject)) for commit, _, subject in parts]


def _git(source: Path, *arguments: str) -> bytes | None:
    """What git prints; None where there is no git, or none that knows this folder."""
    try:
        done = subprocess.run(
            ["git", "-C", str(source), *arguments], capture_output=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None

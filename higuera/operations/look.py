"""All that a plan is made from, read from the host at one moment, and its digests."""

import hashlib
from dataclasses import dataclass

from pyinfra.api import Host

from higuera.facts.files import Files, HostFiles
from higuera.facts.outlook import Outlook, OutlookState
from higuera.facts.release import ReleaseState
from higuera.operations.run import Run
from higuera.plan.model import Basis
from higuera.render.certificate import given_pair
from higuera.render.files import File

DIGITS = 16
NOTHING = "none"


@dataclass(frozen=True)
class Look:
    """The host as it is: its release, the files that no release owns, its database."""

    state: ReleaseState
    settings: HostFiles
    outlook: OutlookState


def look(run: Run, outlook: OutlookState | None = None) -> Look:
    """Ask the host. One command beside what every deploy asks; none changes anything."""
    outlook = outlook or ask_outlook(run)
    return Look(run.state(), outlook.files, outlook)


def ask_outlook(run: Run) -> OutlookState:
    """Ask for what no deploy asks before it acts, of which the target takes longest."""
    found: OutlookState = run.host.get_fact(
        Outlook,
        app=run.deployment.stack.app,
        with_database=run.gate is not None,
        paths=[file.path for file in run.host_files],
    )
    return found


def texts(host: Host, files: list[File]) -> HostFiles:
    """The present text of files, secret ones left out."""
    paths = [file.path for file in files if not file.secret]
    if not paths:
        return HostFiles()
    found: HostFiles = host.get_fact(Files, paths=paths, contents=paths)
    return found


def live_files(run: Run, state: ReleaseState) -> list[File]:
    """The files of what serves, as they should be."""
    return [
        file
        for name, wanted in run.wanted.items()
        if (colour := state.live.get(name)) is not None
        for file in wanted.files[colour]
    ]


def loose_files(run: Run, state: ReleaseState) -> list[File]:
    """The files of any slot that are there with another mode or owner.

    What an idle one's hold is an earlier release's: their rights are all that is known of it.
    """
    return state.host.loose(_every_slot_file(run))


def basis(run: Run, seen: Look) -> Basis:
    """The digests by which a later deploy knows whether all is as it was planned."""
    return Basis(host=_of_host(run, seen), source=_of_source(run), database=_of_database(seen))


def _of_host(run: Run, seen: Look) -> dict[str, str]:
    state = seen.state
    manifest = state.manifest
    found = {
        "the live release": manifest.id if manifest else NOTHING,
        "the live traffic plan": state.plan or NOTHING,
        "secrets": _slow(
            [_there(state.host, file) for file in _secrets(run, state)]
            + [_there(seen.settings, file) for file in run.host_files if file.secret]
        ),
    }
    for file in [*run.shared_files, *live_files(run, state)]:
        if not file.secret:
            found[file.path] = _there(state.host, file)
    for file in loose_files(run, state):
        known = state.host.files[file.path]
        found[f"who may read and write {file.path}"] = f"{known.mode} {known.owner}"
    for file in [file for file in run.host_files if not file.secret]:
        found[file.path] = _there(seen.settings, file)
    for name, colour in state.live.items():
        unit = f"{run.deployment.stack.paths.unit(name, colour)}.service"
        found[unit] = state.host.units.get(unit, "") or NOTHING
    return found


def _there(files: HostFiles, file: File) -> str:
    known = files.files.get(file.path)
    return _short(f"{known.sha256} {known.mode} {known.owner}") if known else NOTHING


def _of_source(run: Run) -> dict[str, str]:
    files = [*run.shared_files, *run.host_files, *_every_slot_file(run)]
    files += given_pair(run.deployment)
    plain = [f"{file.path} {file.sha256} {file.mode}" for file in files if not file.secret]
    return {
        "the commit": run.commit,
        **{f"service {name}": value[:DIGITS] for name, value in run.fingerprints.items()},
        "the inventory and its templates": _short("\n".join(plain)),
        "secrets": _slow([file.sha256 for file in files if file.secret]),
        "migrations": _short("\n".join(map(str, run.gate.digests.items()))) if run.gate else "",
    }


def _every_slot_file(run: Run) -> list[File]:
    return [
        file for wanted in run.wanted.values() for files in wanted.files.values() for file in files
    ]


def _secrets(run: Run, state: ReleaseState) -> list[File]:
    return [file for file in [*run.shared_files, *live_files(run, state)] if file.secret]


def _of_database(seen: Look) -> dict[str, str]:
    target = seen.outlook.target
    if target is None:
        return {}
    return {
        "the ledger of migrations": target.digest[:DIGITS],
        "the schema": target.catalog.fingerprint[:DIGITS],
    }


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _slow(digests: list[str]) -> str:
    """One digest of all secrets, slow to make: none of them can be guessed from it alone."""
    text = "\n".join(digests).encode()
    return hashlib.scrypt(text, salt=b"higuera plan", n=2**12, r=8, p=1).hex()[:DIGITS]

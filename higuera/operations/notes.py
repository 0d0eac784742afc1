"""What an operation would do beside its own work, told while it is prepared: for a plan."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyinfra.api import Host

from higuera.plan.model import Effect, Preparation, Prepared, Preparing, Program, Upload

# The key of a host's data under which a plan that is being made collects them.
KEY = "higuera_notes"


@dataclass
class Notes:
    """What was told so far."""

    programs: dict[str, Program] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    preparations: list[Preparation] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)


def collect(host: Host) -> Notes:
    """From now on, keep what is told of a host."""
    notes = Notes()
    setattr(host.data, KEY, notes)
    return notes


def affects(host: Host, name: str, does: Effect, why: str) -> None:
    """Tell what becomes of a program of the host. The first that is more than `stays` counts."""
    notes = _notes(host)
    if notes is None:
        return
    known = notes.programs.get(name)
    if known is None or known.does == "stays":
        notes.programs[name] = Program(name=name, does=does, why=why)


def brings(host: Host, upload: Upload) -> None:
    """Tell what is brought to the host beside the release."""
    if (notes := _notes(host)) is not None:
        notes.uploads.append(upload)


def prepares(host: Host, kind: Prepared, does: Preparing, names: Iterable[str]) -> None:
    """Tell what is seen to on the host before the release comes."""
    if (notes := _notes(host)) is not None:
        notes.preparations += [Preparation(kind=kind, name=name, does=does) for name in names]


def is_planned(host: Host) -> bool:
    """Whether a plan is being made."""
    return _notes(host) is not None


def refuses(host: Host, text: str) -> None:
    """Tell why the deploy would be refused."""
    if (notes := _notes(host)) is not None:
        notes.refusals.append(text)


def _notes(host: Host) -> Notes | None:
    found: Notes | None = host.data.get(KEY)
    return found

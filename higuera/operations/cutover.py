"""What has to move: the decision behind a cutover, as a value. Pure."""

from dataclasses import dataclass, field

from higuera.facts.release import ReleaseState
from higuera.render.files import File
from higuera.spec.release import Part
from higuera.spec.service import Colour, other


@dataclass(frozen=True)
class Wanted:
    """A service as it should run: its code, and the files of each of its slots."""

    name: str
    fingerprint: str
    files: dict[Colour, list[File]] = field(repr=False)
    unit: dict[Colour, str]
    content: str | None = None
    """Digest of the built tree; None as long as it is not built."""


@dataclass(frozen=True)
class Move:
    """A service that changes its colour, and why."""

    service: str
    colour: Colour
    reason: str
    new_code: bool


@dataclass(frozen=True)
class Cutover:
    """Which services move; those that do not keep their colour."""

    moves: list[Move]
    colours: dict[str, Colour]
    """The colour of every service once the moves are made."""
    leaving: list[str] = field(default_factory=list)
    """What serves and is wanted no more."""

    @property
    def is_due(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.moves or self.leaving)

    @property
    def services(self) -> list[str]:
        """The names of those that move."""
        return [move.service for move in self.moves]


def decide(wanted: list[Wanted], state: ReleaseState) -> Cutover:
    """Compare what should run with what does."""
    moves = [move for service in wanted if (move := _move(service, state)) is not None]
    colours = {service.name: state.live.get(service.name, "blue") for service in wanted}
    colours.update({move.service: move.colour for move in moves})
    return Cutover(moves, colours, leaving=sorted(state.live.keys() - colours.keys()))


def _move(wanted: Wanted, state: ReleaseState) -> Move | None:
    live = state.live.get(wanted.name)
    if live is None:
        return Move(wanted.name, "blue", "was never deployed", new_code=True)
    part = state.manifest.services.get(wanted.name) if state.manifest else None
    if not same_code(wanted, part):
        return Move(wanted.name, other(live), "its code changed", new_code=True)
    if f"{wanted.name}-{live}" not in state.slots:
        return Move(wanted.name, other(live), "the folder that it runs in is gone", new_code=False)
    changed = state.host.other(wanted.files[live])
    if changed:
        return Move(wanted.name, other(live), f"{_what(changed[0])} changed", new_code=False)
    if not state.host.units.get(f"{wanted.unit[live]}.service", "").startswith("active"):
        return Move(wanted.name, other(live), "it is not running", new_code=False)
    return None


def same_code(wanted: Wanted, part: Part | None) -> bool:
    """Whether a release holds this code: built from the same, or built into the same."""
    if part is None:
        return False
    return part.fingerprint == wanted.fingerprint or part.content == wanted.content


def _what(file: File) -> str:
    return "a secret" if file.secret else f"its unit {file.path.rpartition('/')[2]}"

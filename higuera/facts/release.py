"""What a host runs: the live plan, the slots, the manifest of the live release."""

from dataclasses import dataclass, field

from pydantic import ValidationError
from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.files import HostFiles, files_script, parse_files
from higuera.facts.script import from_base64, rows, script, tagged, words
from higuera.spec.paths import HostPaths
from higuera.spec.release import Manifest
from higuera.spec.service import COLOURS, Colour

COMMAND = """
cd {home} 2>/dev/null || exit 0
echo plan $(readlink traffic/live | sed 's|^plans/||')
for link in traffic/live/services/*; do
    [ -L "$link" ] && echo live $(basename "$(readlink "$link")")
done
for link in slots/*; do
    [ -L "$link" ] && [ -e "$link" ] || continue
    echo slot "${{link#slots/}}" $(readlink "$link" | sed 's|^../releases/||')
done
[ -d traffic/live/release/ ] && [ ! -e traffic/live/release/confirmed ] && echo unproven yes
for left in releases/*/rolled_back; do
    [ -e "$left" ] && echo left "$(base64 -w0 "${{left%/*}}/manifest.json")"
done
manifest=traffic/live/release/manifest.json
[ -e "$manifest" ] && echo manifest "$(base64 -w0 "$manifest")"
"""


@dataclass(frozen=True)
class ReleaseState:
    """The releases of one app on its host."""

    plan: str | None = None
    """The live traffic plan; None: nothing was ever live."""
    live: dict[str, Colour] = field(default_factory=dict)
    """The colour that serves, by service."""
    slots: dict[str, str] = field(default_factory=dict)
    """`release/service` by slot (`backend-blue`), where that folder is there."""
    is_unproven: bool = False
    """Whether the live release was never confirmed, as one is to which there was no other."""
    manifest: Manifest | None = None
    """Of the live release; None where it cannot be read, so that the next deploy replaces it."""
    rolled_back: list[Manifest] = field(default_factory=list)
    """Of the releases that somebody rolled back from."""
    host: HostFiles = field(default_factory=HostFiles)


class LiveRelease(FactBase[ReleaseState]):
    """All that a deploy has to know of the running app, in one command."""

    @staticmethod
    def default() -> ReleaseState:
        """Nothing was ever deployed."""
        return ReleaseState()

    def command(
        self, app: str, paths: list[str], units: list[str], contents: list[str] | None = None
    ) -> StringCommand:
        """Ask for links, files and units. `contents` names the files whose text is wanted."""
        home = words([HostPaths(app).home])
        return script(files_script(paths, units, contents or []) + COMMAND.format(home=home))

    def process(self, output: list[str]) -> ReleaseState:
        """From its lines to a state."""
        found = tagged(output)
        plans = rows(found, "plan", 1)
        manifests = rows(found, "manifest", 1)
        return ReleaseState(
            plan=plans[0][0] if plans else None,
            live={
                slot.removesuffix(f"-{colour}"): colour
                for (slot,) in rows(found, "live", 1)
                for colour in COLOURS
                if slot.endswith(f"-{colour}")
            },
            slots={row[0]: row[1] for row in rows(found, "slot", 2)},
            rolled_back=[
                manifest
                for (encoded,) in rows(found, "left", 1)
                if (manifest := _manifest(encoded)) is not None
            ],
            is_unproven=found["unproven"] == ["yes"],
            manifest=_manifest(manifests[0][0]) if manifests else None,
            host=parse_files(found),
        )


def _manifest(encoded: str) -> Manifest | None:
    text = from_base64(encoded)
    try:
        return Manifest.model_validate_json(text) if text is not None else None
    except ValidationError:
        return None

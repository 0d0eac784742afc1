"""Files as they stand on a host: digest, mode, owner; and states of units beside them."""

from base64 import b64decode
from dataclasses import dataclass, field

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import script, tagged, words
from higuera.render.files import File


@dataclass(frozen=True)
class FileState:
    """One file that is there."""

    sha256: str
    mode: str
    """Octal, four digits, as in `0644`."""
    owner: str
    """`user:group`."""
    text: str | None = field(default=None, repr=False)
    """Only when contents were asked for."""


@dataclass(frozen=True)
class HostFiles:
    """The asked files that are there, and `ActiveState UnitFileState` of the asked units."""

    files: dict[str, FileState] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    """What the probe printed, for concepts that have one (such as the generation of nginx)."""

    def stale(self, wanted: list[File]) -> list[File]:
        """Those files that are missing or differ in content, mode or owner."""
        return [file for file in wanted if not self.holds(file)]

    def holds(self, file: File) -> bool:
        """Whether a file stands just as it should."""
        there = self.files.get(file.path)
        return there is not None and (there.sha256, there.mode, there.owner) == (
            file.sha256,
            file.mode,
            file.owner,
        )


class Files(FactBase[HostFiles]):
    """Digest, mode and owner of files, states of units, and one line of a probe, in one command."""

    @staticmethod
    def default() -> HostFiles:
        """Nothing."""
        return HostFiles()

    def command(
        self,
        paths: list[str],
        units: list[str] | None = None,
        contents: list[str] | None = None,
        probe: str = ":",
    ) -> StringCommand:
        """Ask for all of them. `contents` names the files whose text is wanted for a diff."""
        return script(files_script(paths, units or [], contents or []) + f"\necho probe $({probe})")

    def process(self, output: list[str]) -> HostFiles:
        """From its lines to a state."""
        return parse_files(tagged(output))


def files_script(paths: list[str], units: list[str], contents: list[str]) -> str:
    """The lines of a script that ask for files and units; other facts build on it."""
    lines = [
        f"stat --format='stat %a %U:%G %n' -- {words(paths)} 2>/dev/null",
        f"sha256sum -- {words(paths)} 2>/dev/null | sed 's/^/sum /'",
    ]
    if units:
        lines.append(
            f"for unit in {words(units)}; do "
            "echo unit $unit $(systemctl is-active $unit 2>/dev/null) "
            "$(systemctl is-enabled $unit 2>/dev/null); done"
        )
    lines += [f"echo text {path} $(base64 -w0 {path} 2>/dev/null)" for path in map(_word, contents)]
    return "\n".join(lines)


def _word(path: str) -> str:
    return words([path])


def parse_files(found: dict[str, list[list[str]]]) -> HostFiles:
    """The answer to `files_script`."""
    sums = {line[1]: line[0] for line in found["sum"]}
    texts = {
        line[0]: b64decode(line[1]).decode(errors="replace")
        for line in found["text"]
        if len(line) > 1
    }
    files = {
        path: FileState(sums[path], mode.rjust(4, "0"), owner, texts.get(path))
        for mode, owner, path in found["stat"]
        if path in sums
    }
    units = {line[0]: " ".join(line[1:]) for line in found["unit"]}
    answer = " ".join(found["probe"][0]) if found["probe"] else ""
    return HostFiles(files, units, answer)

"""Files as they stand on a host: digest, mode, owner; and states of units beside them."""

from dataclasses import dataclass, field

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import Tagged, from_base64, rows, script, tagged, words
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

    def other(self, wanted: list[File]) -> list[File]:
        """Those files that are missing or hold something else, whoever may read them."""
        return [
            file
            for file in wanted
            if (there := self.files.get(file.path)) is None or there.sha256 != file.sha256
        ]

    def loose(self, wanted: list[File]) -> list[File]:
        """Those files that are there with another mode or owner, whatever they hold."""
        return [
            file
            for file in wanted
            if (there := self.files.get(file.path)) is not None
            and (there.mode, there.owner) != (file.mode, file.owner)
        ]

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
        answer = f"printf 'probe %s\\n' \"$({{ {probe}; }} | tr '\\n' ' ')\""
        return script("\n".join([files_script(paths, units or [], contents or []), answer]))

    def process(self, output: list[str]) -> HostFiles:
        """From its lines to a state."""
        return parse_files(tagged(output))


def files_script(paths: list[str], units: list[str], contents: list[str]) -> str:
    """The lines of a script that ask for files and units; other facts build on it."""
    lines = []
    if paths:  # with no path, sha256sum would wait for standard input
        lines += [
            f"stat --format='stat %a %U:%G %n' -- {words(paths)} 2>/dev/null",
            f"sha256sum -- {words(paths)} 2>/dev/null | sed 's/^/sum /'",
        ]
    if units:
        lines.append(
            f"for unit in {words(units)}; do "
            'echo unit "$unit" $(systemctl is-active "$unit" 2>/dev/null) '
            '$(systemctl is-enabled "$unit" 2>/dev/null); done'
        )
    lines += [
        f"[ -f {path} ] && printf 'text %s %s\\n' \"$(base64 -w0 {path} 2>/dev/null)\" {path}"
        for path in map(_word, contents)
    ]
    return "\n".join(lines)


def _word(path: str) -> str:
    return words([path])


def parse_files(found: Tagged) -> HostFiles:
    """The answer to `files_script`."""
    # Between digest and path sha256sum prints a blank and one of ` ` (text) and `*` (binary).
    sums = {rest[1:]: digest for digest, rest in rows(found, "sum", 2)}
    texts = {
        path: text.decode(errors="replace")
        for encoded, path in rows(found, "text", 2)
        if (text := from_base64(encoded)) is not None
    }
    files = {
        path: FileState(sums[path], mode.rjust(4, "0"), owner, texts.get(path))
        for mode, owner, path in rows(found, "stat", 3)
        if path in sums
    }
    units = {unit[0]: " ".join(unit[1:]) for line in found["unit"] if (unit := line.split())}
    answer = " ".join(found["probe"][0].split()) if found["probe"] else ""
    return HostFiles(files, units, answer)

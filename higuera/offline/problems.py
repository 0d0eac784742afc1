"""From what a program says of a rendered file to the line of the template that it came from."""

from pathlib import Path
from typing import NamedTuple

from higuera.errors import HigueraError
from higuera.offline.report import Finding
from higuera.render.files import File
from higuera.render.template import Rendered
from higuera.spec.yaml import shown


class Problem(NamedTuple):
    """A fault of a file of the host."""

    path: str
    line: int
    text: str


def located(problems: list[Problem], files: list[File]) -> list[Finding]:
    """A finding a line of a template, whichever of the files that it makes show the fault."""
    texts = {file.path: file.text for file in files}
    found: dict[tuple[str, int, str], list[str]] = {}
    for path, line, text in dict.fromkeys(problems):
        rendered = texts.get(path)
        origin = rendered.origin(line) if isinstance(rendered, Rendered) else None
        place = (shown(Path(origin.file)), origin.line) if origin else (path, line)
        found.setdefault((*place, text), []).append(f"{path}:{line}")
    return [
        Finding(file=file, line=line, text=f"{text}{_seen_in(file, places)}")
        for (file, line, text), places in found.items()
    ]


def _seen_in(file: str, places: list[str]) -> str:
    if places[0].startswith(f"{file}:"):
        return ""
    more = f" and {len(places) - 1} more" if len(places) > 1 else ""
    return f" (in {places[0]}{more})"


def told(error: HigueraError) -> list[Finding]:
    """The sentences of an error, a line each: `FILE:LINE: what is wrong`."""
    return [_sentence(line) for line in str(error).splitlines() if line.strip()]


def _sentence(text: str) -> Finding:
    file, _, rest = text.partition(":")
    if not rest or not Path(file).exists():
        return Finding(text=text)
    number, colon, tail = rest.partition(": ")
    if colon and number.isdecimal():
        return Finding(file=file, line=int(number), text=tail)
    return Finding(file=file, text=rest.strip())

"""`systemd-analyze verify` of all units, in a root that holds nothing but them and stand-ins."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from higuera.errors import ProgramError
from higuera.offline.problems import Problem, located
from higuera.offline.programs import find, run
from higuera.offline.report import Finding
from higuera.render.files import SYSTEMD, File

UNIT = re.compile(r"[A-Za-z0-9_.@:-]+\.(?:service|socket|target|slice)\b")
PROGRAM = re.compile(r"^Exec[A-Za-z]+=[-@:+!|]*\"?(/[^\s\"]+)", re.MULTILINE)
# What every unit wants unless it says otherwise (systemd.service(5), systemd.socket(5)).
BASIC = ("sysinit.target", "basic.target", "shutdown.target", "sockets.target")
STAND_IN = {
    "service": "[Service]\nExecStart=/bin/sh\n",
    "socket": "[Socket]\nListenStream=/run/stand-in\n",
}
AT_LINE = re.compile(rf"^(?:/\S*)?{SYSTEMD}/([^\s:]+):([0-9]+): (.*)$")
OF_UNIT = re.compile(r"^([^\s:]+\.(?:service|socket)): (.*)$")
# Follows a message that says why.
SUMMARY = re.compile(r"^Unit \S+ has a bad unit file setting\.$")
# Which programs are there is the host's business.
ABSENT = re.compile(r"Command \S+ is not executable: No such file or directory$")


def check_units(files: list[File], app: str) -> list[Finding]:
    """What systemd has to say, also where it exits 0: it ignores a key that it does not know.

    Units of other programs are stood in; one named as this app's has to be rendered.
    Raises ProgramError.
    """
    analyze = find("systemd-analyze", "systemd")
    ours = {file.path: file for file in files if file.path.startswith(f"{SYSTEMD}/")}
    units = {
        Path(path).name: file for path, file in ours.items() if str(Path(path).parent) == SYSTEMD
    }
    changed = {Path(path).parent.name.removesuffix(".d") for path in ours} - {Path(SYSTEMD).name}
    with tempfile.TemporaryDirectory(prefix="higuera-") as folder:
        root = Path(folder)
        _stand_in(root, units, app, changed)
        here = root / SYSTEMD.lstrip("/")
        for path, file in ours.items():
            (root / path.lstrip("/")).parent.mkdir(exist_ok=True)
            (root / path.lstrip("/")).write_text(file.text, encoding="utf-8")
        named = [*units, *sorted(changed)]
        command = [analyze, "verify", "--man=no", "--no-pager", f"--root={root}", *named]
        ran = run(command, folder=here)
    said = [line for line in (ran.out + ran.err).splitlines() if line.strip()]
    if ran.status != 0 and not said:
        raise ProgramError(f"systemd-analyze exited {ran.status} and said nothing")
    told = [line for line in said if not SUMMARY.match(line) and not ABSENT.search(line)]
    return located([_problem(line.replace(folder, ""), units) for line in told], files)


def _inside(path: str) -> str:
    return path.removeprefix(f"{SYSTEMD}/")


def _stand_in(root: Path, units: dict[str, File], app: str, changed: set[str]) -> None:
    """What the units name beside themselves, and those of other programs that drop-ins change."""
    text = "\n".join(file.text for file in units.values())
    (root / SYSTEMD.lstrip("/")).mkdir(parents=True)
    for name in {*BASIC, *UNIT.findall(text), *changed} - set(units):
        if not name.startswith(f"{app}-"):
            body = STAND_IN.get(name.rpartition(".")[2], "")
            unit = root / SYSTEMD.lstrip("/") / name
            unit.write_text(f"[Unit]\nDefaultDependencies=no\n{body}")
    for program in {"/bin/sh", *PROGRAM.findall(text)}:
        path = root / program.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)


def _problem(line: str, units: dict[str, File]) -> Problem:
    if at_line := AT_LINE.match(line):
        return Problem(f"{SYSTEMD}/{at_line[1]}", int(at_line[2]), at_line[3])
    if of_unit := OF_UNIT.match(line):
        name = re.sub(r"@[^.]+\.", "@.", of_unit[1])
        if name in units:
            return Problem(units[name].path, _line_of(of_unit[2], units[name].text), of_unit[2])
    return Problem(SYSTEMD, 1, line)


def _line_of(said: str, text: str) -> int:
    """The first line that holds a word of the message; else that of the unit's own section."""
    lines = list(enumerate(text.splitlines(), 1))
    for word in _words(said):
        for number, line in lines:
            if word in line and not line.startswith("#"):
                return number
    own = (number for number, line in lines if line in ("[Service]", "[Socket]"))
    return next(own, 1)


def _words(said: str) -> Iterator[str]:
    """Names of units and paths."""
    yield from (match.group() for match in re.finditer(r"/[\w./-]+\w", said))
    yield from UNIT.findall(said)

"""`sh -n`: the on-host tool, and the commands that the stack file gives to a shell."""

import re

from higuera.errors import ProgramError, SpecError
from higuera.offline.problems import Problem, located, told
from higuera.offline.programs import find, run
from higuera.offline.report import Finding
from higuera.render.files import File
from higuera.spec.load import STACK_FILE, Deployment, known_part
from higuera.spec.yaml import place_of, read_yaml

# dash: `sh: 41: Syntax error: …`; bash: `sh: line 41: syntax error …`
SAID = re.compile(r"^[^:]*: (?:line )?([0-9]+): (.*)$")
Keys = tuple[str, ...]


def check_shell(files: list[File], deployment: Deployment) -> list[Finding]:
    """What the shell has to say. Raises ProgramError."""
    shell = find("sh", "dash")
    problems = []
    for file in files:
        if file.text.startswith("#!/bin/sh"):
            problems += [Problem(file.path, *fault) for fault in _faults(shell, file.text)]
    found = located(problems, files)
    for keys, command in commands(deployment):
        for _, text in _faults(shell, command)[:1]:
            found += told(SpecError(f"{_place(deployment, keys)}: {'.'.join(keys)}: {text}"))
    return found


def commands(deployment: Deployment) -> list[tuple[Keys, str]]:
    """Every shell command of the stack, with its key path."""
    stack = deployment.stack
    found: list[tuple[Keys, str]] = []
    if stack.install is not None:
        found.append((("install", "run"), stack.install.run))
    for name, service in stack.services.items():
        found.append((("services", name, "build"), service.build))
        found.append((("services", name, "start"), service.start))
    for key, job in stack.database.jobs() if stack.database else []:
        found.append((("database", key, "command"), job.command))
    return found


def _faults(shell: str, text: str) -> list[tuple[int, str]]:
    ran = run([shell, "-n"], text)
    matches = [SAID.match(line) for line in ran.err.splitlines()]
    faults = [(int(match[1]), match[2]) for match in matches if match]
    if ran.status != 0 and not faults:
        raise ProgramError(f"sh -n exited {ran.status}: {ran.err.strip()}")
    return faults


def _place(deployment: Deployment, keys: Keys) -> str:
    """The file that says it: an environment's goes over the stack's."""
    over = deployment.inventory / f"{deployment.name}.yml"
    if known_part(read_yaml(over).get("stack", {}), keys) == len(keys):
        return place_of(over, ("stack", *keys))
    return place_of(deployment.inventory / STACK_FILE, keys)

"""The files of a new project: their texts, and writing those that are not there yet."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from higuera.errors import SpecError
from higuera.init.copied import WORKFLOW, copied
from higuera.spec.environment import Environment
from higuera.spec.explain import explain
from higuera.spec.stack import Stack

STACK = "inventory/stack.yml"
PRODUCTION = "inventory/production.yml"
IGNORE = ".gitignore"
IGNORED = (".env", ".env.*", "!.env.example", ".higuera/", "pyinfra-debug.log")
SANDBOX = "@sandbox/"
# Of the workflow, what asks for migrations: the nightly run, the step, the job at its end.
OF_MIGRATIONS = (
    re.compile(r" and watches .*(?=\.$)", re.M),
    re.compile(r"^  schedule:\n.*\n", re.M),
    re.compile(r"^      - name: Check the migrations.*\n(?: {8}.*\n)+", re.M),
    re.compile(r"^\n  drift:\n(?:.*\n)*", re.M),
)

# Above each key of the stack file.
SAYS = {
    "app": "What is deployed; where stands in <environment>.yml beside this file. Written by\n"
    "`higuera init` from the app's files: what it guessed is yours to correct.\n"
    "Names folders, accounts and units on the host.",
    "source": "The checkout of the app, relative to this file. Where the project lies in it, the\n"
    "project's own files (this folder, smoke/, deploy.py, .github, …) are no source, unless\n"
    "`sources` or `inputs` name them.",
    "runtimes": "Builds and services use the same version, pinned to the patch level.",
    "install": "Runs before any build, in a copy of the source, when one of its inputs changed.",
    "services": "build runs on this machine and sees no secret; artifact is the folder that it\n"
    "makes and the release carries; start runs inside it, with PORT and HOST; health answers 2xx\n"
    "once the service can serve. Only its secrets, named here, and env: {NAME: value} reach it.",
    "routes": "Path prefixes and who answers them; the longest one that fits wins.",
    "database": "url: the name of the secret with postgresql://USER:PASSWORD@HOST:PORT/DATABASE.\n"
    "provision: local installs PostgreSQL on the VPS; external: it is there already.",
    "smoke": "What the checks of smoke/ have to know; one whose section is missing is skipped.",
}


@dataclass
class Written:
    """What became of each file."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Was there, and was left as it is."""


def stack_text(stack: dict[str, Any]) -> str:
    """The stack file. Raises SpecError where an answer makes it one that cannot be."""
    try:
        Stack.model_validate(stack)
    except ValidationError as error:
        raise SpecError(explain(error, Stack, lambda _: STACK)) from None
    parts = []
    for key, value in stack.items():
        above = "".join(f"# {line}\n" for line in SAYS[key].splitlines())
        parts.append(f"{above}{_dump({key: value})}")
    return "\n".join(parts)


def environment_text(host: str, domains: list[str]) -> str:
    """The environment file. Raises SpecError where an answer makes it one that cannot be."""
    user, _, address = host.rpartition("@") if not host.startswith(SANDBOX) else ("", "", host)
    data: dict[str, Any] = {"host": {"address": address, "user": user} if user else address}
    is_thrown_away = host.startswith(SANDBOX)
    if domains:
        data["domains"] = domains
        data["tls"] = "self-signed" if is_thrown_away else "acme"
    data["secrets"] = "generate" if is_thrown_away else "given"
    try:
        Environment.model_validate(data)
    except ValidationError as error:
        raise SpecError(explain(error, Environment, lambda _: PRODUCTION)) from None
    where = "A throw-away VPS on this machine" if is_thrown_away else "A Debian 12 VPS, over SSH"
    how = (
        "made up, once, into .env.production"
        if is_thrown_away
        else "from the process environment, then from .env.production, which git ignores"
    )
    return f"# {where}. Secrets: {how}.\n{_dump(data)}"


def _dump(data: dict[str, Any]) -> str:
    """A line or a block a key; a mapping of plain values in braces, where it is not the whole."""
    text = ""
    for key, value in data.items():
        style = None if isinstance(value, dict | list) else False
        text += yaml.safe_dump(
            {key: value}, sort_keys=False, width=10_000, default_flow_style=style
        )
    return text


def write_inventory(project: Path, stack: str, environment: str) -> Written:
    """Write those of its files that are not there. Raises SpecError where one cannot be written."""
    return _written(project, {STACK: stack, PRODUCTION: environment})


def write_rest(project: Path, stack: Stack) -> Written:
    """Write what belongs beside the inventory, as write_inventory does."""
    texts = {name: path.read_text() for name, path in copied().items()}
    migrate = stack.database.migrate if stack.database is not None else None
    if migrate is None or migrate.files is None:
        for part in OF_MIGRATIONS:
            texts[WORKFLOW] = part.sub("", texts[WORKFLOW])
    written = _written(project, texts)
    _ignore(project / IGNORE, written)
    return written


def _written(project: Path, texts: dict[str, str]) -> Written:
    written = Written()
    for name, text in texts.items():
        _write(project / name, name, text, written)
    return written


def _write(path: Path, name: str, text: str, written: Written) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x") as handle:
            handle.write(text)
    except FileExistsError:
        written.kept.append(name)
    except OSError as error:
        raise SpecError(f"{name}: cannot be written: {error.strerror}") from None
    else:
        written.made.append(name)


def _ignore(path: Path, written: Written) -> None:
    try:
        text = path.read_text() if path.exists() else ""
        lacking = [line for line in IGNORED if line not in text.splitlines()]
        if not lacking:
            written.kept.append(IGNORE)
            return
        joint = "" if text.endswith("\n") or not text else "\n"
        with path.open("a") as handle:
            handle.write(joint + "".join(f"{line}\n" for line in lacking))
    except (OSError, UnicodeDecodeError):
        raise SpecError(f"{IGNORE}: cannot be read and added to") from None
    written.made.append(f"{IGNORE} ({', '.join(lacking)} added)")

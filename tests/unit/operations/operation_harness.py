"""Runs an operation's generator with facts given as data, and takes apart what it yields.

A case is a YAML file in `<module>/<operation>/`:

    args: what the operation is called with
    diff: true when the user asked for --diff
    facts: {Fact: the state it returns}
    asked: {Fact: the arguments it should be asked with}, where they matter
    and what should come out, one of
        noop: the reason
        error: 'ErrorType: its text'
        commands: a list of
            {run: shell, stdin: text}
            {write: {files: [{path, mode, owner, text}], check: shell, after: shell}}
            {step: true}                 Python on the controller
    log: the lines of --diff, and what is told; `warning: …` where it is one
    plan: {program: what a plan says of it, `reloads (why)`}, where it matters; and what is seen
        to before: {package curl: install}

Run as a program, it writes the commands that come out now into the cases that have some: read
the difference before you keep it.
"""

import base64
import importlib
import io
import re
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints
from unittest.mock import patch

import yaml
from pydantic import TypeAdapter
from pyinfra import logger
from pyinfra.api import Config, FunctionCommand, Host, Inventory, State, StringCommand
from pyinfra.api.facts import FactBase
from pyinfra.context import ctx_host, ctx_state

from higuera.operations.files import PREAMBLE
from higuera.operations.notes import collect
from higuera.spec.secrets import Secrets

HERE = Path(__file__).parent
SHELLCHECK = Path(sys.executable).with_name("shellcheck")
SALT = bytes(range(16))

Command = dict[str, Any]


@dataclass
class Outcome:
    """What came out of an operation."""

    commands: list[Command] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    """The whole text of each shell command, for a look at its syntax."""
    noop: str | None = None
    error: str | None = None
    log: list[str] = field(default_factory=list)
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    plan: dict[str, str] = field(default_factory=dict)

    def say(self, text: str, log_func: Any = logger.info) -> None:
        """Take a line of the log; a warning is marked as one."""
        self.log.append(f"warning: {text}" if log_func == logger.warning else text)


@dataclass(frozen=True)
class Case:
    """A YAML file."""

    path: Path

    @property
    def id(self) -> str:
        return "-".join(self.path.relative_to(HERE).with_suffix("").parts)

    def __str__(self) -> str:
        return self.id

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(self.path.read_text())
        return found

    def run(self) -> Outcome:
        module, name = self.path.relative_to(HERE).parts[:2]
        operation = getattr(importlib.import_module(f"higuera.operations.{module}"), name)
        arguments = _arguments(operation._inner, self.data.get("args", {}))
        facts = self.data.get("facts", {})
        return run_operation(operation, arguments, facts, diff=self.data.get("diff", False))


def cases() -> list[Case]:
    """Every case there is."""
    return [Case(path) for path in sorted(HERE.glob("*/*/*.yml"))]


def fake_host(diff: bool = False) -> Host:
    """A host of pyinfra's @fake connector, which runs nothing."""
    inventory = Inventory((["@fake/unit"], {}))  # type: ignore[no-untyped-call]
    State(inventory, Config(DIFF=diff))  # type: ignore[no-untyped-call]
    host: Host = inventory.get_host("@fake/unit")
    return host


def run_operation(
    operation: Any, arguments: dict[str, Any], facts: dict[str, Any], diff: bool = False
) -> Outcome:
    """Drain the operation's generator."""
    outcome = Outcome()
    host = fake_host(diff)
    notes = collect(host)

    def get_fact(fact: type[FactBase[Any]], **asked: Any) -> Any:
        outcome.asked[fact.__name__] = asked
        return TypeAdapter(get_type_hints(fact.process)["return"]).validate_python(
            facts[fact.__name__]
        )

    def noop(reason: str) -> None:
        outcome.noop = reason

    with (
        ctx_state.use(host.state),
        ctx_host.use(host),
        patch.object(host, "get_fact", get_fact),
        patch.object(host, "noop", noop),
        patch.object(host, "log", outcome.say),
        patch("os.urandom", lambda size: SALT[:size]),
    ):
        try:
            for command in operation._inner(**arguments):
                outcome.commands.append(taken_apart(command))
                if isinstance(command, StringCommand):
                    outcome.scripts.append(command.get_raw_value())
        except Exception as error:
            outcome.error = f"{type(error).__name__}: {error}"
    outcome.plan = {each.name: f"{each.does} ({each.why})" for each in notes.programs.values()}
    outcome.plan |= {f"{each.kind} {each.name}": each.does for each in notes.preparations}
    return outcome


def taken_apart(command: Any) -> Command:
    """A command as plain data; the files of write() decoded."""
    if isinstance(command, FunctionCommand):
        return {"step": True}
    assert isinstance(command, StringCommand)
    text, stdin = command.get_raw_value(), command.connector_arguments.get("_stdin")
    if text.startswith(PREAMBLE.strip()):
        return {"write": _written(text.removeprefix(PREAMBLE.strip()), stdin)}
    found = {"run": text.strip()}
    return found | ({"stdin": str(stdin).strip()} if stdin is not None else {})


def _written(text: str, stdin: Any) -> dict[str, Any]:
    lines = text.strip().splitlines()
    # The guard against an upload that broke off is the same for all; its own test is elsewhere.
    guards = [line for line in lines if "the upload broke off" in line]
    puts = [line for line in lines if re.match(r"put \d+ /", line)]
    first = lines.index(puts[0]) if puts else 0
    last = lines.index(puts[-1]) + 1 if puts else 0
    assert lines[first:last] == puts
    assert len(guards) == (1 if puts else 0)
    assert lines[: len(guards)] == guards
    contents = unbundled(stdin)
    words = [shlex.split(line) for line in puts]
    assert [word[1] for word in words] == list(contents)
    files = [
        {"path": path, "mode": mode, "owner": owner, "text": contents[number]}
        for _, number, path, mode, owner in words
    ]
    parts = {"check": lines[len(guards) : first], "after": lines[last:]}
    return {"files": files} | {key: "\n".join(part) for key, part in parts.items() if part}


def unbundled(stdin: Any) -> dict[str, str]:
    """The members of a bundle."""

    def read() -> Iterator[tuple[str, str]]:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(stdin))) as tar:
            for member in tar:
                content = tar.extractfile(member)
                assert content is not None
                yield member.name, content.read().decode()

    return dict(read())


def complaints(script: str) -> str:
    """What `sh -n` and shellcheck have to say of a script."""
    parsed = subprocess.run(
        ["sh", "-n"], input=script, capture_output=True, text=True, check=False
    ).stderr
    # 2016: `$` in single quotes is meant; 2317, 2329: functions that a case does not call.
    options = ["--shell=sh", "--exclude=SC2016,SC2317,SC2329"]
    linted = subprocess.run(
        [SHELLCHECK, *options, "-"], input=script, capture_output=True, text=True, check=False
    ).stdout
    return parsed + linted


def _arguments(function: Any, data: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(function)
    return {
        key: Secrets(value)
        if hints[key] is Secrets
        else TypeAdapter(hints[key]).validate_python(value)
        for key, value in data.items()
    }


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, lists indented."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _block)


def record(case: Case) -> None:
    """Replace what follows `commands:` in a case by what comes out now."""
    outcome, text = case.run(), case.path.read_text()
    if outcome.commands and outcome.commands != case.data["commands"]:
        found = {"commands": outcome.commands} | ({"log": outcome.log} if outcome.log else {})
        given = text.partition("\ncommands:")[0]
        made = yaml.dump(found, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
        case.path.write_text(f"{given}\n{made}")


if __name__ == "__main__":
    for case in cases():
        record(case)

"""`higuera secrets`: which there are, where from, who uses them. Never what they are."""

import json
import shlex
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, TypedDict

import typer
from rich.console import Console
from rich.table import Table

from higuera.cli.host import Env, answer
from higuera.cli.secrets_edit import edit_secrets
from higuera.errors import HigueraError, HostError, SecretError
from higuera.render.quoting import env_file
from higuera.spec.load import Deployment, load_deployment
from higuera.spec.lookup import Finding, look_up
from higuera.spec.secrets import missing_of, problems_of
from higuera.spec.usage import secret_files, users_of

app = typer.Typer(help="The secrets by name; never their values.", no_args_is_help=True)

# For each variable of a systemd EnvironmentFile: `FILE'S-TIME NAME DIGEST`. A value, of one line or
# several, goes to sha256sum on standard input: it is in no argument and in no answer.
LINES = r"""
function tell() {
    if (name == "") return
    printf "%s %s ", time, name
    fflush()
    print text | "sha256sum"
    close("sha256sum")
}
match($0, /^[A-Za-z_][A-Za-z0-9_]*="/) { tell(); name = substr($0, 1, RLENGTH - 2); text = "" }
{ text = text $0 "\n" }
END { tell() }
"""

OnHost = Literal["same", "other", "unknown"]
# What the table says; `unknown` is a value that is missing here, or that only a command has.
SAYS: dict[OnHost | None, str] = {
    "same": "has it since {}",
    "other": "has another one, of {}",
    "unknown": "has one of {}, not compared",
    None: "–",
}

Row = TypedDict(
    "Row",
    {
        "name": str,
        "used_by": list[str],
        "from": str | None,
        "on_host": OnHost | None,
        "since": str | None,
    },
)


@dataclass(frozen=True)
class Held:
    """What a host has of a secret."""

    since: datetime
    """The latest moment at which it got the value that it has."""
    digest: str = field(repr=False)
    """Of its value, in memory only: one of few words could be guessed from it."""

    def compared(self, value: str | None, name: str) -> OnHost:
        """Whether it is the value of here."""
        if value is None:
            return "unknown"
        return "same" if digest_of(name, value) == self.digest else "other"


@app.command()
def check(environment: Env = None) -> None:
    """Is every declared secret there? Runs commands and decrypts, as a deploy does.

    Exit status 0: all are. 1: what is missing, empty or failing is named.
    """
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    names, sources = deployment.secret_names(), deployment.secret_sources
    found = look_up(names, sources)
    _warn(found)
    is_generated = deployment.environment.secrets == "generate"
    can_be_made = deployment.stack.secret_names() if is_generated else []
    made = [name for name in missing_of(names, found) if name in can_be_made]
    wanted = [name for name in names if name not in made]
    if problems := problems_of(wanted, found, sources):
        raise SecretError("\n".join(problems))
    print(f"{deployment.name}: {len(wanted)} of {len(names)} secrets are there")
    if made:
        print(f"the next deploy makes up: {', '.join(made)}")


@app.command("list")
def list_(
    environment: Env = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Each declared secret: who uses it, where from, and whether the host has its value.

    Decrypts, and runs no command.
    """
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    users = users_of(deployment.stack, deployment.environment)
    found = look_up(list(users), deployment.secret_sources, run_commands=False)
    _warn(found)
    try:
        held = held_by(_lines(deployment))
    except HigueraError as error:
        print(f"what the host has is not known: {error}", file=sys.stderr)
        held = {}
    rows = [_row(name, users[name], found, held) for name in users]
    if as_json:
        print(json.dumps(rows, indent=2))
    else:
        _print(rows)


def _row(name: str, users: list[str], found: Finding, held: dict[str, Held]) -> Row:
    there = held.get(name)
    return {
        "name": name,
        "used_by": users,
        "from": found.origins.get(name),
        "on_host": there.compared(found.values.get(name), name) if there else None,
        "since": f"{there.since:%Y-%m-%dT%H:%M:%SZ}" if there else None,
    }


@app.command()
def edit(environment: Env = None) -> None:
    """Open the encrypted file in $EDITOR, or `.env.<environment>` where there is none."""
    deployment = load_deployment(Path("inventory"), environment, with_source=False)
    print(edit_secrets(deployment.secret_sources, deployment.secret_names()))


def held_by(lines: list[str]) -> dict[str, Held]:
    """What a host has of each secret, from lines of `SECONDS NAME DIGEST`, one for each file.

    The newest file has its value; the oldest one with the same digest had it already then.
    """
    times: dict[str, list[tuple[int, str]]] = {}
    for line in lines:
        time, name, digest = line.split()[:3]
        times.setdefault(name, []).append((int(time), digest))
    held = {}
    for name, seen in times.items():
        _, today = max(seen)
        since = datetime.fromtimestamp(min(t for t, d in seen if d == today), UTC)
        held[name] = Held(since, today)
    return held


def digest_of(name: str, value: str) -> str:
    """The digest that a host gives of a secret; `print` of awk adds a newline."""
    return sha256(f"{env_file({name: value})}\n".encode()).hexdigest()


def lines_of(files: list[str]) -> str:
    """The shell command that prints those lines for the files that are there."""
    return (
        f'for file in {shlex.join(files)}; do [ -f "$file" ] || continue; '
        f'awk -v time="$(stat -c %Y "$file")" {shlex.quote(LINES)} "$file" || exit 1; done'
    )


def _lines(deployment: Deployment) -> list[str]:
    done = answer(deployment, lines_of(secret_files(deployment.stack)))
    if done.returncode != 0:
        raise HostError(f"{deployment.environment.host.address} gave no answer")
    return done.stdout.splitlines()


def _warn(found: Finding) -> None:
    if found.unused:
        told = ", ".join(f"{name} ({where})" for name, where in found.unused.items())
        print(f"nothing uses: {told}", file=sys.stderr)


def _print(rows: list[Row]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("secret", "used by", "from", "the host"):
        table.add_column(title, overflow="fold")
    for row in rows:
        says = SAYS[row["on_host"]].format(row["since"])
        table.add_row(row["name"], ", ".join(row["used_by"]), row["from"] or "missing", says)
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 200
    console.print(table)

"""Writing files: any number in one command, each atomically and with its final mode.

The contents travel on standard input, so they are in no argument list, no log and no diff; they
are unpacked below /run, which is memory, so a secret never lies in a temporary file on disk.
"""

import base64
import io
import tarfile
from shlex import quote

from pyinfra.api.command import StringCommand

from higuera.render.files import File

BEGIN = """
set -eu
umask 077
stage=
new=
trap 'rm -rf "$stage"; [ -z "$new" ] || rm -f "$new"' EXIT
trap 'exit 1' HUP INT PIPE TERM
"""
LEFT = """# what a killed run left
find /run -maxdepth 1 -ignore_readdir_race -name 'higuera.??????' -mmin +60 -exec rm -rf {} +
"""
STAGE = """stage=$(mktemp -d /run/higuera.XXXXXX)
base64 -d | tar -xf - -C "$stage"
"""
PUT = """put() {
    (umask 022 && mkdir -p "$(dirname "$2")")
    new=$(mktemp "$2.XXXXXX")
    cat "$stage/$1" >"$new"
    chown "$4" "$new"
    chmod "$3" "$new"
    mv -fT "$new" "$2"
    new=
}
"""
PREAMBLE = BEGIN + LEFT + STAGE + PUT


def write(files: list[File], check: str = "", after: str = "") -> StringCommand:
    """One command that writes files.

    `check` is shell that runs before the first is replaced, with the new contents at
    `$stage/0`, `$stage/1` and so on; `after` is shell that runs when all are in place. Either may
    fail the command.
    """
    puts = [
        f"put {number} {quote(file.path)} {quote(file.mode)} {quote(file.owner)}"
        for number, file in enumerate(files)
    ]
    parts = [PREAMBLE.strip(), _complete(len(files)), check.strip(), *puts, after.strip()]
    text = "\n".join(part for part in parts if part)
    return StringCommand(text, _stdin=_bundle(files))


def trial(files: list[File], check: str) -> tuple[str, str]:
    """A script and its standard input: `check` as `write` runs it; no file is replaced."""
    text = "\n".join([(BEGIN + STAGE).strip(), _complete(len(files)), check.strip()])
    return text, _bundle(files)


def _complete(count: int) -> str:
    """A connection that breaks between two members leaves a bundle that tar takes for whole."""
    if count == 0:
        return ""
    return f"[ -e \"$stage/{count - 1}\" ] || {{ echo 'the upload broke off' >&2; exit 1; }}"


def _bundle(files: list[File]) -> str:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for number, file in enumerate(files):
            content = file.text.encode()
            member = tarfile.TarInfo(str(number))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return base64.encodebytes(raw.getvalue()).decode()

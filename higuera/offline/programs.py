"""Programs of this machine that check for us. They see no secret of our environment."""

import os
import shutil
import subprocess
from pathlib import Path

from higuera.database.governance.ran import Ran
from higuera.errors import ProgramError

# Where Debian keeps what a plain user's PATH lacks.
SBIN = "/usr/sbin:/sbin"
# Seconds that one program may take.
LIMIT = 60


def find(program: str, package: str) -> str:
    """The path of a program. Raises ProgramError that says how to get it."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:{SBIN}")
    if found is None:
        raise ProgramError(f"{program} is not installed: apt-get install {package}")
    return found


def run(command: list[str], text: str = "", folder: Path | None = None) -> Ran:
    """Run a program with a text on its standard input. Raises ProgramError."""
    try:
        done = subprocess.run(
            command,
            input=text.encode(),
            capture_output=True,
            check=False,
            cwd=folder,
            timeout=LIMIT,
            env={"PATH": f"{os.defpath}:{SBIN}", "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
        )
    except OSError as error:
        raise ProgramError(f"{command[0]} cannot be run: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise ProgramError(f"{command[0]} did not end within {LIMIT} seconds") from None
    out, err = (part.decode(errors="backslashreplace") for part in (done.stdout, done.stderr))
    return Ran(done.returncode, out, err)

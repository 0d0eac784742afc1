"""Running git and squawk for the checks."""

import subprocess
import sys
from pathlib import Path

from higuera.database.governance.ran import Ran
from higuera.errors import DatabaseError


def run_program(command: list[str], text: str) -> Ran:
    """Run a program; squawk is the one that was installed with Higuera. Raises DatabaseError."""
    own = Path(sys.executable).parent / command[0]
    program = str(own) if own.exists() else command[0]
    try:
        done = subprocess.run(
            [program, *command[1:]], input=text.encode(), capture_output=True, check=False
        )
    except OSError as error:
        raise DatabaseError(f"{command[0]} cannot be run: {error.strerror}") from None
    out, err = (part.decode(errors="surrogateescape") for part in (done.stdout, done.stderr))
    return Ran(done.returncode, out, err)

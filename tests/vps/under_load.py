"""bench/load.py around what a test does meanwhile."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness import REPOSITORY, Project, until

LONGEST = 480  # seconds for the rest of the requests, whatever else the machine does

Load = dict[str, Any]


@contextmanager
def loaded(project: Project, *arguments: str, tls: bool = False) -> Iterator[Load]:
    """bench/load.py around what is done meanwhile; filled with what it counted at the end."""
    command = [sys.executable, str(REPOSITORY / "bench" / "load.py")]
    address = f"{'https' if tls else 'http'}://{project.host.address}"
    counted: Load = {}
    with subprocess.Popen(
        [*command, address, "--seconds", "1200", *arguments], stdout=subprocess.PIPE, text=True
    ) as load:
        try:
            port = 443 if tls else 80
            opened = f"ss -Htn state established '( sport = :{port} )' | wc -l"
            until(lambda: int(project.shell(opened)) > 0, "the load begins")
            yield counted
            assert load.poll() is None, "the load ended before the last move"
            load.terminate()
            counted.update(json.loads(load.communicate(timeout=LONGEST)[0]))
        finally:
            load.kill()

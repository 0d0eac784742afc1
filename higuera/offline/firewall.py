"""`nft -c`: the kernel's own check of the firewall."""

import re
import tempfile
from pathlib import Path

from higuera.errors import ProgramError
from higuera.offline.problems import Problem, located
from higuera.offline.programs import find, run
from higuera.offline.report import Finding
from higuera.render.files import File
from higuera.render.host import FIREWALL

DENIED = "Operation not permitted"
NO_RIGHTS = "nft may not ask the kernel here: run as root, or allow user namespaces"
SAID = re.compile(r"^\S+?:([0-9]+):[0-9]+-[0-9]+: Error: (.*)$", re.MULTILINE)
# A network namespace of one's own, which most kernels give to anybody.
ALONE = ["--user", "--map-root-user", "--net"]


def check_firewall(file: File) -> list[Finding]:
    """What nft has to say. Raises ProgramError, also where neither we nor a namespace may ask."""
    nft = find("nft", "nftables")
    with tempfile.TemporaryDirectory(prefix="higuera-") as folder:
        path = Path(folder) / "nftables.conf"
        path.write_text(file.text, encoding="utf-8")
        command = [nft, "-c", "-f", str(path)]
        ran = run(command)
        said = ran.err
        if DENIED in said:
            ran = run([find("unshare", "util-linux"), *ALONE, *command])
            said += ran.err
    problems = [Problem(FIREWALL, int(line), text) for line, text in SAID.findall(said)]
    if problems or ran.status == 0:
        return located(problems, [file])
    if DENIED in ran.err or ran.err.startswith("unshare:"):
        raise ProgramError(NO_RIGHTS)
    raise ProgramError(f"nft -c exited {ran.status}: {ran.err.strip()}")

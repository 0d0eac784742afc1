"""The real nginx on the rendered configuration, in a folder of its own; no root, no free port."""

import re
import shutil
import tempfile
from pathlib import Path

from higuera.errors import ProgramError
from higuera.offline.nginx_copy import Copy
from higuera.offline.problems import Problem, located
from higuera.offline.programs import find, run
from higuera.offline.report import Finding
from higuera.render.files import File
from higuera.render.nginx import NGINX_CONF

ETC = "/etc/nginx"
SAID = re.compile(r"\[(?:emerg|alert|crit|error|warn)\] (?:[0-9]+#[0-9]+: )?(.*)")
PLACE = re.compile(r" in (/\S+):([0-9]+)$")
# The check is for root and for others.
OF_NO_ROOT = 'the "user" directive makes sense only if the master process runs with super-user'


def check_nginx(files: list[File]) -> list[Finding]:
    """What nginx has to say of these files, warnings too. Raises ProgramError."""
    nginx = find("nginx", "nginx")
    ours = [file for file in files if file.path.startswith(f"{ETC}/")]
    with tempfile.TemporaryDirectory(prefix="higuera-") as folder:
        prefix = Path(folder)
        copy = Copy(prefix)
        _of_the_package(prefix)
        for file in ours:
            path = prefix / file.path.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(copy.moved(file.text), encoding="utf-8")
        if copy.wants_certificates:
            _stand_in_certificate(prefix)
        pid = [] if copy.has_pid else ["-g", f"pid {prefix}/nginx.pid;"]
        config = f"{prefix}{NGINX_CONF}"
        ran = run([nginx, "-t", "-e", "stderr", *pid, "-c", config])
    said = [match[1] for match in map(SAID.search, ran.err.splitlines()) if match]
    told = [copy.read(text) for text in said if not text.startswith(OF_NO_ROOT)]
    problems = [_problem(text, folder) for text in told]
    if ran.status != 0 and not problems:
        raise ProgramError(f"nginx -t exited {ran.status}: {ran.err.strip()}")
    return located(problems, ours)


def _problem(text: str, prefix: str) -> Problem:
    place = PLACE.search(text)
    said = PLACE.sub("", text).replace(prefix, "")
    if place is None:
        return Problem(NGINX_CONF, 1, said)
    return Problem(place[1].removeprefix(prefix), int(place[2]), said)


def _of_the_package(prefix: Path) -> None:
    """What Debian's nginx brings, such as `mime.types`, but no site or module of this machine."""
    etc = prefix / ETC.lstrip("/")
    etc.mkdir(parents=True)
    for path in Path(ETC).glob("*"):
        if path.is_file() and path.name != "nginx.conf":
            shutil.copyfile(path, etc / path.name)
    if not (etc / "mime.types").exists():
        (etc / "mime.types").write_text("types { text/html html; }\n")


def _stand_in_certificate(prefix: Path) -> None:
    openssl = find("openssl", "openssl")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    paths = ["-keyout", f"{prefix}/key.pem", "-out", f"{prefix}/certificate.pem"]
    subject = ["-subj", "/CN=stand-in.invalid", "-days", "2"]
    ran = run([openssl, "req", "-x509", *key, *paths, *subject])
    if ran.status != 0:
        raise ProgramError(f"openssl made no certificate: {ran.err.strip()}")

"""The real nginx, on a copy of its configuration in a folder of the test."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from higuera.render.files import File


def nginx() -> str:
    """The program; a test that needs it fails without."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if program is None:
        pytest.fail("nginx is needed: apt-get install nginx")
    return program


def laid(folder: Path, files: list[File], **more: str) -> Path:
    """Rendered files on a copy of /etc/nginx, their paths below the folder; `nginx.conf` there."""
    prefix = folder / "nginx"
    shutil.copytree("/etc/nginx", prefix, symlinks=True)
    (folder / "logs").mkdir()
    changes = {"/var/log/nginx/": f"{folder}/logs/", "/run/nginx.pid": f"{folder}/nginx.pid"}
    for file in files:
        path = prefix / Path(file.path).relative_to("/etc/nginx")
        path.parent.mkdir(exist_ok=True)
        text = file.text
        for old, new in {**changes, **more}.items():
            text = text.replace(old, new)
        path.write_text(text)
    return prefix / "nginx.conf"


def nginx_test(folder: Path, files: list[File]) -> str:
    """`nginx -t` over rendered files laid on a copy of /etc/nginx. Its complaints; empty: none."""
    config = laid(folder, files)
    # Its own network: no port of this machine is looked at.
    alone = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    done = subprocess.run(
        [*alone, nginx(), "-t", "-c", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    fine = (" syntax is ok\n", " test is successful\n")
    lines = done.stderr.splitlines(keepends=True)
    complaints = "".join(line for line in lines if not line.endswith(fine))
    return complaints + ("" if done.returncode == 0 else f"exit {done.returncode}")


@contextmanager
def serving_nginx(folder: Path, server: str) -> Iterator[Callable[[str], str]]:
    """Run nginx on a unix socket with the text of a server block; gives a function that GETs."""
    place = folder / "nginx.sock"
    config = folder / "nginx.conf"
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log off;\n{temporary}"
        f"server {{ listen unix:{place};\n{server}\n}} }}\n"
    )
    process = subprocess.Popen([nginx(), "-c", str(config)], stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 10
        while not _listens(place):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                assert process.stderr is not None
                pytest.fail(f"nginx did not start: {process.stderr.read()}")
            time.sleep(0.01)
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=str(place)), base_url="http://nginx"
        ) as client:

            def get(path: str) -> str:
                answer = client.get(path)
                assert answer.status_code == 200
                return answer.content.decode()

            yield get
    finally:
        process.terminate()
        process.wait(10)
        if process.stderr is not None:
            process.stderr.close()


def _listens(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asked:
        return asked.connect_ex(str(place)) == 0

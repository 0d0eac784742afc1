"""The rendered public side behind the real nginx on loopback, a fixed answer as its traffic."""

import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nginx_prefix import nginx

WRITTEN = " %{http_code} %{redirect_url} %header{strict-transport-security}"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Served:
    """The rendered public side on loopback ports of this machine, its traffic a fixed answer."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder = folder
        self.tls = folder / "etc/ssl/higuera/forms"
        self.http, self.https = free_port(), free_port()
        text = self._moved(text)
        for path in ("srv", "log"):
            (folder / path).mkdir()
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in TEMPORARY)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"daemon off; {user} pid {folder}/pid; events {{}}\n"
            f"error_log {folder}/log/error.log warn;\n"
            f"http {{ {temporary}\nserver_names_hash_bucket_size 128;\n{text}\n}}\n"
        )

    def _moved(self, text: str) -> str:
        text = text.replace("listen 127.0.0.1:8098 ssl", f"listen unix:{self.folder}/candidate ssl")
        text = text.replace("listen 127.0.0.1:8099", f"listen unix:{self.folder}/status")
        text = re.sub(r"    listen \[::1?\]:.*\n", "", text)
        # On the host the public side has all addresses; here the others of loopback stand for it.
        text = re.sub(r"listen 80\b", f"listen {self.http}", text)
        text = re.sub(r"listen 443\b", f"listen {self.https}", text)
        text = text.replace("listen 127.0.0.1:80 ", f"listen 127.0.0.1:{self.http} ")
        text = re.sub(r"(?<![\w.])/(etc/ssl|var/log/nginx|srv|var/www)/", self._to, text)
        forwarded = 'return 200 "$host $forms_scheme\\n";'
        return re.sub(r"proxy_pass http://forms_(api|root)_\$forms_bucket;", forwarded, text)

    def _to(self, match: re.Match[str]) -> str:
        return f"{self.folder}/log/" if "log" in match[1] else f"{self.folder}/{match[1]}/"

    def show(self, name: str, *markers: str) -> None:
        """A pair, as the on-host tool lays it."""
        pair, mark = self.tls / "pairs" / name, self.tls / "shown" / name
        pair.mkdir(parents=True)
        mark.mkdir(parents=True)
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        words += ["-nodes", "-subj", f"/CN={name}", "-days", "2"]
        words += ["-keyout", f"{pair}/privkey.pem", "-out", f"{pair}/fullchain.pem"]
        subprocess.run(words, check=True, capture_output=True)
        for marker in markers:
            (mark / marker).touch()
        self.flip(name)

    def flip(self, name: str) -> None:
        """Show a pair that is there."""
        link = self.tls / "current.new"
        link.symlink_to(f"shown/{name}")
        link.rename(self.tls / "current")

    def ask(self, url: str, *words: str, address: str = "127.0.0.2") -> str:
        """What curl is told: body (no HTML), status, where to, HSTS; or why it was told nothing."""
        port = self.https if url.startswith("https") else self.http
        done = subprocess.run(
            [
                *("curl", "--silent", "--insecure", "--max-time", "5", "--noproxy", "*"),
                *("--connect-to", f"::{address}:{port}", "--write-out", WRITTEN, *words, url),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return f"curl {done.returncode}"
        return " ".join(re.sub(r"(?s)<html>.*</html>", "", done.stdout).split())


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(text: str) -> Iterator[Served]:
    """Run nginx with the text of a stack's own file, in a folder whose sockets have short names."""
    with tempfile.TemporaryDirectory(prefix="tls-") as folder:
        found = Served(Path(folder), text)
        process = subprocess.Popen([nginx(), "-c", f"{folder}/nginx.conf"], stderr=subprocess.PIPE)
        try:
            _wait(found.folder / "pid", process)
            yield found
        finally:
            process.terminate()
            process.communicate(timeout=10)


def _wait(pid: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while not pid.exists() or not pid.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"nginx did not start: {process.communicate()[1]!r}")
        time.sleep(0.01)

"""Every secret of a project is a marked value, looked for wherever a story could leave it."""

import shlex
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from harness import Project
from managed import ssh

# What others may read: as nobody, again and again.
NOBODY = "while :; do cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; sleep 0.2; done"
# Neither the rows of the database nor files that only root reads, nor a certificate's key, which
# nginx' workers read as well (docs/adr/0013).
OPEN = """
find /etc /run /srv /tmp /var/tmp /var/log /var/lib/higuera /opt/higuera -xdev -type f \
    ! -name '*.dump' ! '(' -user root ! -perm /077 ! -path '/var/l*' ')' \
    ! '(' -path '/etc/ssl/higuera/*/privkey.pem' -user root -group www-data -perm 640 ')' -print0 |
    xargs -0 grep -laF -f /root/needles || true
journalctl -q -o cat --no-pager | grep -aF -f /root/needles | sed 's/^/journal: /' || true
find / -xdev -path /proc -prune -o -print | grep -F -f /root/needles | sed 's/^/name: /' || true
"""


def secrets_of(project: Project) -> list[str]:
    """What stands in the project's own file."""
    lines = (project.folder / ".env.sandbox").read_text().splitlines()
    return [line.partition("=")[2].strip("'") for line in lines if "=" in line]


def needles(*secrets: str) -> list[str]:
    """Each as it is, in a URL, and in Base64 at any offset; of a URL its password too."""
    passwords = [unquote(str(urlsplit(value).password)) for value in secrets if "://" in value]
    found = set()
    for value in (*secrets, *passwords):
        found |= {value, quote(value, safe="")}
        for offset in range(3):
            encoded = b64encode(b"-" * offset + value.encode()).decode().rstrip("=")
            found.add(encoded[-(-offset * 8 // 6) : -1])  # whole characters of the value alone
    return sorted(found)


class Arguments:
    """Every command line on this machine, those of its VPSes too, sampled all the while."""

    def __init__(self, pause: float) -> None:
        self.seen: set[bytes] = set()
        self._pause = pause
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self) -> None:
        while not self._over.wait(self._pause):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(file.read_bytes())
                except OSError:
                    continue

    def __enter__(self) -> "Arguments":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def __str__(self) -> str:
        return b"\n".join(self.seen).replace(b"\0", b" ").decode(errors="replace")


@contextmanager
def looked_for(project: Project, *more: str, pause: float = 0.1) -> Iterator[Arguments]:
    """At the end, nothing that was printed or is left anywhere on either side holds a secret.

    `more`: secrets beside those of the project's file. `pause`: seconds between two looks at all
    arguments.
    """
    began = time.time()
    temporary = project.folder / "tmp"
    temporary.mkdir()
    project.extra["TMPDIR"] = str(temporary)
    watch(project)
    with Arguments(pause) as arguments:
        yield arguments
    project.shell("systemctl stop nobody", check=False)
    wanted = needles(*secrets_of(project), *more)
    commands, others = str(arguments), project.shell("sort -u /root/nobody")
    assert "higuera-forms" in commands, "the sampling works"
    assert "INVOCATION_ID=" in others, "nobody sees its own"
    told = "\n".join(project.printed)
    for needle in wanted:
        for where, text in (("printed", told), ("arguments", commands), ("environ", others)):
            assert needle not in text, f"{needle} was {where}"
    # Not in an argument: a search beside this one would find it there.
    ssh(project.vps, "umask 077; cat >/root/needles <<'END'\n" + "\n".join(wanted) + "\nEND\n")
    left = project.shell(OPEN)
    assert left == "", left
    found = controllers_files(project, began)
    for needle in wanted:
        names = [name for name, text in found.items() if needle in text]
        assert names == [], names


def watch(project: Project) -> None:
    """Let nobody look at what others may read; to be called again when the VPS has booted."""
    project.shell(
        "systemd-run -q --unit=nobody --uid=nobody -p StandardOutput=append:/root/nobody "
        f"sh -c {shlex.quote(NOBODY)}"
    )


def controllers_files(project: Project, since: float) -> dict[str, str]:
    """What lies on this side: the project with its records, plans, notes, debug log, the temporary
    files of its commands, and what is in the artifacts that were built since a time. The secrets'
    own file is what it is."""
    found = {
        str(path): path.read_bytes().decode(errors="replace")
        for path in sorted(project.folder.rglob("*"))
        if path.is_file() and path.name != ".env.sandbox"
    }
    cache = Path(project.variables["XDG_CACHE_HOME"]) / "higuera"
    for path in cache.glob("forms-*/artifacts/*"):
        if path.stat().st_mtime < since:
            continue
        if path.suffix == ".zst":
            whole = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
            found[str(path)] = whole.decode(errors="replace")
        else:
            found[str(path)] = path.read_text()
    return found

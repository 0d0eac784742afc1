"""Bringing a file to the host, with progress and a check of its digest."""

import time
from pathlib import Path
from shlex import quote

from pyinfra.api import Host

from higuera.errors import HostError
from higuera.spec.line import GONE
from higuera.spec.paths import incoming

REPORT_EVERY = 2.0  # seconds


def upload(host: Host, user: str, path: Path, label: str, sha256: str) -> str:
    """Send a file into the login user's incoming folder; returns where it lies there.

    Raises HostError when the connection or the disk gives out.
    """
    target = f"{incoming(user)}/{sha256}"
    size = path.stat().st_size
    last = time.monotonic()

    def report(sent: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= REPORT_EVERY:
            last = time.monotonic()
            host.log(f"{label}: {mib(sent)} of {mib(total)}")

    try:
        sftp = host.connector.get_file_transfer_connection()  # type: ignore[attr-defined]
        try:
            with path.open("rb") as handle:
                sftp.putfo(handle, target, file_size=size, callback=report)
        except OSError:
            sftp.remove(target)  # half a file would keep a full disk full
            raise
    except GONE as error:
        reason = str(error) or type(error).__name__
        raise HostError(
            f"{label}: upload of {mib(size)} to {target} failed ({reason}); is its disk full?"
        ) from None
    host.log(f"{label}: {mib(size)} uploaded")
    return target


def unpack(archive: str, sha256: str, folder: str) -> str:
    """Shell lines that check an uploaded tarball's digest before they unpack it into a folder."""
    checksum = quote(f"{sha256}  {archive}")
    return "\n".join(
        [
            f"printf '%s\\n' {checksum} | sha256sum --check --status || "
            f"{{ echo 'the upload is damaged: {sha256[:12]} does not match' >&2; exit 1; }}",
            f"mkdir -p {quote(folder)}",
            f"zstd -dcq < {quote(archive)} | tar -xf - -C {quote(folder)} --no-same-owner",
            f"rm -f {quote(archive)}",
        ]
    )


def mib(size: int) -> str:
    """A size as a person reads it, in MiB."""
    return f"{size / 2**20:.1f} MiB"

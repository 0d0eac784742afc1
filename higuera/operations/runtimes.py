"""Language runtimes: uploaded once, shared by every release, never changed."""

from collections.abc import Generator
from pathlib import Path
from shlex import quote

from pyinfra import host
from pyinfra.api import FunctionCommand, Host, operation

from higuera.build.artifact import Artifact, pack, sha256_of
from higuera.build.cache import cache_folder
from higuera.build.toolchain import node_folder, node_program
from higuera.facts.runtimes import Runtimes
from higuera.operations.notes import brings
from higuera.operations.remote import run_remote
from higuera.operations.step import step
from higuera.operations.upload import unpack, upload
from higuera.plan.model import Upload
from higuera.spec.paths import runtime


@operation()
def node(version: str, machine: str, user: str) -> Generator[FunctionCommand, None, None]:
    """Put a version of Node on the host.

    + version: such as `22.23.3`
    + machine: the host's `uname -m`
    + user: the login user, who uploads it

    **Example:**

    .. code:: python

        runtimes.node(name="Node", version="22.23.3", machine="x86_64", user="root")
    """
    folder = runtime("node", version)
    if Path(folder).name in host.get_fact(Runtimes):
        host.noop(f"Node {version} is there")
        return
    brings(host, _upload(version, machine))

    def bring(host: Host) -> None:
        archive = _archive(host, version, machine)
        there = upload(host, user, archive.path, f"Node {version}", archive.sha256)
        new = f"{folder}.new"
        run_remote(
            host,
            "\n".join(
                [
                    "set -eu",
                    f"rm -rf {quote(new)}",
                    unpack(there, archive.sha256, new),
                    f"chmod -R u=rwX,go=rX {quote(new)}",
                    f"mv -T {quote(new)} {quote(folder)}",
                ]
            ),
        )

    yield step(bring)


def _upload(version: str, machine: str) -> Upload:
    """As far as it is known before anything is downloaded or packed."""
    path = _path(version, machine)
    size = path.stat().st_size if path.exists() else None
    is_here = node_folder(version, machine).joinpath("bin", "node").exists()
    return Upload(name=f"Node {version}", size=size, is_here=is_here)


def _path(version: str, machine: str) -> Path:
    return cache_folder() / "runtimes" / f"node-{version}-{machine}.tar.zst"


def _archive(host: Host, version: str, machine: str) -> Artifact:
    program = node_program(version, machine, host.log)
    path = _path(version, machine)
    if path.exists():
        return Artifact(path, "", sha256_of(path), path.stat().st_size)
    host.log(f"Node {version}: compressing, once")
    return pack(program.parent.parent, path)

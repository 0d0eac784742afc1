"""Who deploys, as the journal, the lock and the records name them."""

import getpass
import os
import secrets
import socket
from functools import cache
from shlex import quote


def actor() -> str:
    """Who deploys: the CI job where there is one, else user and machine."""
    job = os.environ.get("GITHUB_RUN_ID") or os.environ.get("CI_JOB_ID")
    if job:
        return f"ci-{os.environ.get('GITHUB_ACTOR', 'job')}-{job}"
    return f"{getpass.getuser()}@{socket.gethostname()}"


@cache
def deploy_id() -> str:
    """This run among all that ever deployed: the host knows its commands, and its lock, by it."""
    return secrets.token_hex(4)


def by_this_deploy(tool: str) -> str:
    """The on-host tool, for a shell: it refuses when the host has cleared up after this run."""
    return f"HIGUERA_DEPLOY={deploy_id()} {quote(tool)}"

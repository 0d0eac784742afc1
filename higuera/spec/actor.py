"""Who deploys, as the journal, the lock and the records name them."""

import getpass
import os
import socket


def actor() -> str:
    """Who deploys: the CI job where there is one, else user and machine."""
    job = os.environ.get("GITHUB_RUN_ID") or os.environ.get("CI_JOB_ID")
    if job:
        return f"ci-{os.environ.get('GITHUB_ACTOR', 'job')}-{job}"
    return f"{getpass.getuser()}@{socket.gethostname()}"

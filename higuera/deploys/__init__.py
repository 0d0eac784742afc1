"""The verbs of `deploy.py`, in the order of a deploy."""

from higuera.deploys.provision import provision
from higuera.deploys.release import (
    ask_database,
    build,
    cut_over,
    migrate,
    prove_candidates,
    prune,
    rehearse,
    retire,
    start_candidates,
    upload,
)
from higuera.deploys.rollback import roll_back
from higuera.deploys.start import preflight, start

__all__ = [
    "ask_database",
    "build",
    "cut_over",
    "migrate",
    "preflight",
    "prove_candidates",
    "provision",
    "prune",
    "rehearse",
    "retire",
    "roll_back",
    "start",
    "start_candidates",
    "upload",
]

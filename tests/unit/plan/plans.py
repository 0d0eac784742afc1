"""Plans to test with."""

from typing import Any

from higuera.plan.model import Basis, Plan

QUIET: dict[str, Any] = {
    "made": "2026-11-23T10:15:00Z",
    "app": "forms",
    "environment": "production",
    "address": "vps.example.com",
    "verdict": "nothing",
    "refusals": [],
    "warnings": [],
    "steps": [],
    "release": {"live": "r1-ab12cd3", "live_commit": "ab12cd3", "commit": "ab12cd3", "commits": []},
    "builds": [],
    "uploads": [],
    "preparations": [],
    "target": {
        "state": "equal",
        "why": "what it was last proven equal to",
        "drift": [],
        "pending": [],
    },
    "files": [],
    "services": [{"name": "web", "does": "stays", "why": "nothing of it changes"}],
    "programs": [
        {"name": "nginx", "does": "stays", "why": "it serves this configuration"},
        {"name": "sshd", "does": "stays", "why": "it is as the stack file has it"},
    ],
    "way_back": {"state": "open", "why": "nothing moves: it stays as it is"},
    "no_way_back": False,
    "last_seconds": 72.4,
    "basis": {
        "host": {"the live release": "r1", "/etc/a": "0123456789abcdef"},
        "source": {"the commit": "ab12cd3"},
        "database": {"the schema": "fedcba9876543210"},
    },
}
BUSY: dict[str, Any] = {
    **QUIET,
    "verdict": "changes",
    "steps": ["nginx", "Build"],
    "release": {
        "live": "r1-ab12cd3",
        "live_commit": "ab12cd3",
        "commit": "ff00ff0",
        "commits": [{"id": "ff00ff0", "subject": "Write `forms` | faster"}],
    },
    "builds": [
        {"service": "web", "why": "its sources changed", "size": 3_145_728, "is_built": True},
        {"service": "backend", "why": "was never deployed", "size": None, "is_built": False},
        {
            "service": "jobs",
            "why": "its sources changed",
            "size": None,
            "is_built": False,
            "live_size": 1_048_576,
        },
    ],
    "uploads": [
        {"name": "Node 22.23.3", "size": 39_845_888, "is_here": True},
        {"name": "Node 24.1.0", "size": None, "is_here": False},
    ],
    "preparations": [
        {"kind": "package", "name": "curl", "does": "install"},
        {"kind": "package", "name": "nginx", "does": "install"},
        {"kind": "folder", "name": "/srv/a", "does": "make"},
        {"kind": "folder", "name": "/srv", "does": "put right"},
    ],
    "target": {
        "state": "drift",
        "why": "what it was last proven equal to",
        "drift": [
            {"object": "table a", "change": "extra", "mend": "", "text": "+ table a  by hand"}
        ],
        "pending": [
            {
                "name": "0002_name",
                "file": "drizzle/0002_name.sql",
                "kind": "contract",
                "owner": "ana",
                "way_back": "add it again",
                "remarks": [
                    {"line": 3, "weight": "finding", "source": "squawk ban", "text": "not\nso"}
                ],
            }
        ],
    },
    "files": [
        {
            "path": "/etc/nginx/nginx.conf",
            "kind": "nginx",
            "is_new": False,
            "diff": ["--- a", "+++ b", "-```", "+````"],
        },
        {"path": "/etc/higuera/forms/web-blue.env", "kind": "secret", "is_new": False, "diff": []},
        {
            "path": "/etc/systemd/system/forms-web-blue.service",
            "kind": "unit",
            "is_new": True,
            "diff": ["--- /dev/null", "+++ c", "+[Unit]"],
            "left_out": 7,
        },
    ],
    "services": [
        {"name": "web", "does": "starts", "why": "its code changed"},
        {"name": "mailer", "does": "swaps", "why": "its code changed"},
        {"name": "old", "does": "stops", "why": "the stack has it no more"},
    ],
    "programs": [
        {"name": "journald", "does": "stays", "why": "its limits hold"},
        {"name": "sshd", "does": "reloads", "why": "its configuration changes"},
        {"name": "nginx", "does": "starts", "why": "its configuration changes"},
        {"name": "PostgreSQL", "does": "stays", "why": "it answers"},
    ],
    "way_back": {"state": "unknown", "why": "0002_name (contract)"},
    "last_seconds": None,
}


def plan(**changes: Any) -> Plan:
    """The plan where nothing is to do, with changes."""
    return Plan.model_validate({**QUIET, **changes})


def basis(**changes: dict[str, str]) -> Basis:
    """What that plan was made from, with changes."""
    return Basis.model_validate({**QUIET["basis"], **changes})

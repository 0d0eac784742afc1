"""A converged VPS, on a day when all is well: what each test breaks one thing of."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from higuera.doctor.connection import Connection
from higuera.doctor.facts import Facts
from higuera.doctor.here import Here, Source, Toolchain
from higuera.doctor.host import parse_host
from higuera.doctor.network import Name, Network
from higuera.doctor.project import Project
from higuera.facts.machine import Machine
from higuera.spec.load import Deployment, load_deployment

SERVICE = {"runtime": "node", "build": "true", "artifact": "dist", "start": "node server.js"}
STACK: dict[str, Any] = {
    "app": "forms",
    "source": "../app",
    "runtimes": {"node": "22.23.3"},
    "services": {
        "backend": {**SERVICE, "port": 3001, "health": "/api/health", "secrets": ["DATABASE_URL"]},
        "web": {**SERVICE, "port": 3000, "health": "/", "secrets": ["SESSION_SECRET"]},
        "jobs": {**SERVICE, "kind": "worker"},
    },
    "routes": {"/api/": "backend", "/": "web"},
    "database": {
        "url": "DATABASE_URL",
        "provision": "local",
        "migrate": {"service": "backend", "command": "node migrate.js"},
    },
}
ADDRESS = "192.0.2.7"
NOW = time.time()
DAY = 86400
LIVE = '"live": {"plan": "0041", "release": "20261123T101500Z-ab12cd3", "since": "x"}'
HEALTHY = '"web": {"slot": "web-blue", "colour": "blue", "state": "active", "health": "healthy"}'
STATUS = (
    f'{{"app": "forms", {LIVE}, "previous": null, "services": {{{HEALTHY}}}, "armed": null, '
    '"lock": null, "incident": "", "notice": ""}'
)
LINES = [
    f"clock {NOW + 0.2}",
    "system debian 12",
    "machine x86_64",
    "user ana 1000 ana",
    "root yes",
    "systemd yes",
    "disk 9000000",
    "sshd 22",
    "rights root",
    *(f"space {folder} 20000000 9000000" for folder in ("/", "/srv", "/var", "/tmp")),
    *(f"inodes {folder} 1000000 800000" for folder in ("/", "/srv", "/var", "/tmp")),
    "memory MemTotal 2000000",
    "memory MemAvailable 900000",
    "memory SwapFree 0",
    f"addresses {ADDRESS} 2001:db8::7 ",
    *(
        f"package {name} 1.2-3"
        for name in (
            *("ca-certificates", "curl", "libpam-passwdqc", "logrotate", "nftables", "nginx"),
            *("systemd-timesyncd", "unattended-upgrades", "zstd"),
            *("systemd", "postgresql"),
        )
    ),
    "listens 80 100 nginx.service nginx",
    "listens 8099 100 nginx.service nginx",
    "listens 3001 200 forms-backend-blue.service node",
    "listens 5432 300 postgresql@15-main.service postgres",
    "listens 22 1 ssh.service sshd",
    f"certificate {int(NOW + 60.5 * DAY)} /etc/ssl/forms.pem",
    "runtime node-22.23.3",
    "pgclient 15",
    "nginx active enabled",
    "tool 5f7a",
    f"status {STATUS}",
    "dumps 9000000",
    "database server 150018",
    "database size 5120",
    "database readonly false",
    "database creates true",
    "database role forms on forms",
    "database ledger",
    f"clock {NOW + 0.8}",
]


def deployment_in(folder: Path, host: Any = "vps.example.com", **given: Any) -> Deployment:
    """A project in a folder: a stack with a database and a worker, a domain."""
    for name in ("inventory", "app"):
        (folder / name).mkdir()
    environment = {"host": host, "domains": ["forms.example.com"], **given}
    (folder / "inventory" / "stack.yml").write_text(yaml.safe_dump(STACK))
    (folder / "inventory" / "production.yml").write_text(yaml.safe_dump(environment))
    return load_deployment(folder / "inventory", "production")


def converged(deployment: Deployment) -> Facts:
    """All of it as it should be."""
    return Facts(
        here=Here(
            python=(3, 11, 7),
            pyinfra="3.10.0",
            zstandard="0.25.0",
            programs=frozenset({"git", "ssh", "npm", "squawk"}),
            cache=Path("/home/ana/.cache/higuera"),
            cache_free=9_000_000,
            files=frozenset({"config.py", "deploy.py"}),
        ),
        deployment=deployment,
        project=Project(secrets=len(deployment.stack.secret_names()), tool="5f7a"),
        source=Source(Path("/src/forms"), True, "ab12cd3", migrations=3),
        toolchain=Toolchain("22.23.3", "x86_64", is_cached=True),
        connection=Connection(None, tuple(LINES), started=NOW, ended=NOW + 1),
        machine=Machine().process(LINES),
        host=parse_host(LINES),
        network=Network(
            host=Name(frozenset({ADDRESS})),
            domains={"forms.example.com": Name(frozenset({ADDRESS}))},
            ports={80: "open", 443: "open"},
        ),
    )


def on_host(facts: Facts, *lines: str, without: str = "nothing at all", **changes: Any) -> Facts:
    """With lines of the host's answer added, and those that begin with `without` left out."""
    told = [line for line in LINES if not line.startswith(without)] + list(lines)
    machine = Machine().process(told)
    return replace(facts, host=replace(parse_host(told), **changes), machine=machine)

"""Stacks to render: the repository's own, a bare one, and one with odd names."""

from pathlib import Path
from typing import Any

import yaml

from higuera.spec.environment import Environment
from higuera.spec.load import load_deployment
from higuera.spec.secrets import Secrets
from higuera.spec.stack import Stack

ROOT = Path(__file__).parents[3]
INVENTORY = ROOT / "inventory"
ENVIRONMENT = Environment.model_validate({"host": "vps.example.com"})
CANARY = "canary-8f3b"


def forms() -> Stack:
    """The stack of inventory/stack.yml."""
    return load_deployment(INVENTORY, "sandbox").stack


def bare() -> Stack:
    """No database, no secrets, one service."""
    return Stack.model_validate(
        {
            "app": "ab",
            "source": ".",
            "runtimes": {"node": "22.23.3"},
            "services": {"web": service(3000)},
            "routes": {"/": "web"},
        }
    )


def odd() -> Stack:
    """Digits and hyphens wherever a name may have them, and routes that nginx could misread."""
    return Stack.model_validate(
        {
            "app": "a1-b2--c3",
            "source": ".",
            "runtimes": {"node": "22.23.3"},
            "services": {
                "x9-y--z8": service(3000, secrets=["A", "B"], health="/~x.y-z_/"),
                "q0": service(4000, secrets=["B"], env={"B": 'x "y" %h $HOME \\ é'}),
            },
            "routes": {
                "/": "x9-y--z8",
                "/_next/": "q0",
                "/V1/Publish/": "q0",
                "/a-/-b/_c_/": "q0",
                "/0/": "q0",
                "/api/": "x9-y--z8",
                "/api/v2/": "q0",
            },
            "database": {
                "url": "B",
                "provision": "local",
                "migrate": {
                    "service": "q0",
                    "command": "node 'm g.js' \"$B\" %n",
                    "secrets": ["C"],
                },
            },
            "nginx": {"body_limit": "10G", "status_port": 9000},
        }
    )


def swap() -> Stack:
    """What never runs twice: a backend with one port for both colours, and workers."""
    worker = {key: value for key, value in service(3002).items() if key not in ("port", "health")}
    worker["kind"] = "worker"
    services = {
        "backend": service(3000, strategy="exclusive", stop_limit=7, secrets=["A"]),
        "web": service(3001),
        "jobs": {**worker, "stop_limit": 9, "secrets": ["A"], "env": {"QUEUE": "mail"}},
        "mails": {**worker, "strategy": "overlap"},
    }
    return Stack.model_validate(
        {
            "app": "ab",
            "source": ".",
            "runtimes": {"node": "22.23.3"},
            "services": services,
            "routes": {"/": "web", "/api/": "backend", "/api/v2/": "web", "/apis/": "web"},
        }
    )


def service(port: int, **more: Any) -> dict[str, Any]:
    """The least that a service says, and more."""
    return {
        "runtime": "node",
        "build": "npm run build",
        "artifact": "dist",
        "start": "node server.js",
        "port": port,
        "health": "/",
        **more,
    }


def secrets_of(stack: Stack, prefix: str = CANARY) -> Secrets:
    """A value for every secret, which says which one it is."""
    return Secrets({name: f"{prefix}-{name}" for name in stack.secret_names()})


def stack_data() -> dict[str, Any]:
    """The repository's stack file as data, to be changed."""
    data = yaml.safe_load((INVENTORY / "stack.yml").read_text())
    assert isinstance(data, dict)
    return data


STACKS = {"forms": forms, "bare": bare, "odd": odd, "swap": swap}

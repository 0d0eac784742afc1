"""The stack file of an app, as its keys."""

from typing import Any

from higuera.init.detect import Detected, ports_of, routes_of
from higuera.init.manager import install_inputs
from higuera.init.service import Found
from higuera.init.tree import Tree


def stack_of(tree: Tree, found: Detected, app: str, source: str, database: str) -> dict[str, Any]:
    """The stack file: `database` is local, external or none."""
    install = " && ".join(manager.install_command for manager in found.managers)
    inputs = [p for m in found.managers for p in install_inputs(tree, m, found.packages)]
    url = found.url if database != "none" else None
    stack: dict[str, Any] = {"app": app, "source": source, "runtimes": {"node": found.node}}
    stack["install"] = {"run": install, "inputs": inputs}
    stack["services"] = {
        service.name: service.mapping(port, _secrets(found, service, url))
        for service, port in ports_of(found)
    }
    stack["routes"] = routes_of(found)
    if url is not None:
        stack["database"] = {"url": url, "provision": database, **_migrate(found)}
    if any(service.is_page for service in found.services):
        stack["smoke"] = {"page": {"path": "/"}}
    return stack


def _secrets(found: Detected, service: Found, url: str | None) -> list[str]:
    reads = bool(service.reading.database) or service is found.migrating
    return [*([url] if url and reads else []), *service.reading.secrets]


def _migrate(found: Detected) -> dict[str, Any]:
    service = found.migrating
    if service is None or service.migrations is None:
        return {}
    files, command = service.migrations.files, service.carried.migrate
    if files is None or command is None:
        return {}
    keys = {"service": service.name, "command": command}
    return {"migrate": {**keys, "files": files, "ledger": service.migrations.ledger}}

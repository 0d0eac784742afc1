"""From the files below `inventory/` to a `Deployment`: read, merge, validate, name every fault."""

import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from higuera.errors import SpecError
from higuera.spec.encrypted import encrypted_file
from higuera.spec.environment import SANDBOX, Environment
from higuera.spec.explain import explain, place
from higuera.spec.lookup import Sources
from higuera.spec.secrets import Secrets, load_secrets
from higuera.spec.stack import Stack
from higuera.spec.yaml import place_of, read_yaml, shown

STACK_FILE = "stack.yml"
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True)
class Deployment:
    """One stack in one environment: the input of everything that is planned, rendered or done."""

    inventory: Path
    name: str
    stack: Stack
    environment: Environment
    environ: dict[str, str] = field(repr=False, default_factory=lambda: dict(os.environ))
    is_back: bool = False
    """Whether just its smoke checks need secrets: those of services are on the host already."""

    @property
    def project(self) -> Path:
        """The folder that holds `inventory/`, `smoke/` and `.env.<environment>`."""
        return self.inventory.parent

    @property
    def source(self) -> Path:
        """The checkout of the app on this machine."""
        return (self.inventory / self.stack.source).resolve()

    @cached_property
    def secrets(self) -> Secrets:
        """The declared secrets. Raises SecretError that names every one that is missing."""
        generate = self.stack if self.environment.secrets == "generate" else None
        return load_secrets(self.secret_names(), self.secret_sources, generate)

    @cached_property
    def authority(self) -> str | None:
        """The roots of a private certificate authority and of its API. Raises SpecError."""
        ca = self.environment.tls.ca
        return self._certificates("ca", ca) if ca is not None else None

    @cached_property
    def certificate(self) -> str | None:
        """The certificate that is given, with its chain. Raises SpecError."""
        given = self.environment.tls.certificate
        return self._certificates("certificate", given) if given is not None else None

    def _certificates(self, key: str, path: str) -> str:
        """Those of a PEM file and nothing else of it, since everybody may read what comes of it."""
        where = place(place_of(self.inventory / f"{self.name}.yml", ("tls", key)), ("tls", key))
        try:
            text = (self.inventory / Path(path).expanduser()).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "is no PEM file"
            raise SpecError(f"{where}: {path}: {why}") from None
        if "PRIVATE KEY-" in text:
            raise SpecError(
                f"{where}: {path}: holds a private key; a key is a secret (tls.key), take it out"
            )
        found = CERTIFICATE.findall(text)
        if not found:
            raise SpecError(f"{where}: {path}: holds no certificate in PEM form")
        return "".join(f"{certificate}\n" for certificate in found)

    def secret_names(self) -> list[str]:
        """Every secret that the stack or its TLS needs, once."""
        if self.is_back:
            return self.stack.smoke_secret_names()
        names = [*self.stack.secret_names(), *self.environment.tls.secret_names()]
        return list(dict.fromkeys(names))

    @property
    def secret_sources(self) -> Sources:
        """What secrets are looked up in. Raises SecretError for two encrypted files."""
        return Sources(
            environ=self.environ,
            file=self.project / f".env.{self.name}",
            encrypted=encrypted_file(self.project, self.name),
            commands=self.environment.secret_commands,
        )


def load_deployment(
    inventory: Path, environment: str | None = None, with_source: bool = True
) -> Deployment:
    """Load `stack.yml` with one environment merged over it.

    `with_source` wants the checkout of the app to be there; a rollback does without.

    Raises SpecError with file, key path and what to write instead.
    """
    inventory = inventory.resolve()
    name = pick_environment(inventory, environment or os.environ.get("HIGUERA_ENV") or None)
    stack_file = inventory / STACK_FILE
    environment_file = inventory / f"{name}.yml"
    base = read_yaml(stack_file)
    over = read_yaml(environment_file)
    try:
        parsed = Environment.model_validate(over)
    except ValidationError as error:
        raise SpecError(
            explain(error, Environment, lambda path: place_of(environment_file, path))
        ) from None

    def blamed(path: tuple[str | int, ...]) -> str:
        there, here = known_part(parsed.stack, path), known_part(base, path)
        if path and (there == len(path) or there > here):
            return f"{place_of(environment_file, ('stack', *path))}: stack"
        return place_of(stack_file, path)

    try:
        stack = Stack.model_validate(merge(base, parsed.stack))
    except ValidationError as error:
        raise SpecError(explain(error, Stack, blamed)) from None
    except RecursionError:
        raise SpecError(f"{shown(environment_file)}: stack: an alias holds itself") from None
    deployment = Deployment(inventory, name, stack, parsed)
    if with_source and not _is_folder(deployment):
        where = place(blamed(("source",)), ("source",))
        raise SpecError(f"{where}: there is no folder {stack.source} there")
    migrate = stack.database.migrate if stack.database else None
    files = migrate.files if migrate is not None else None
    if with_source and files is not None and not (deployment.source / files).is_dir():
        where = place(blamed(keys := ("database", "migrate", "files")), keys)
        raise SpecError(f"{where}: there is no folder {files} in {stack.source}")
    return deployment


def _is_folder(deployment: Deployment) -> bool:
    try:
        return deployment.source.is_dir()
    except (OSError, ValueError, RuntimeError):  # too long, NUL, a loop of symlinks
        return False


def environments(inventory: Path) -> list[str]:
    """The environments that have a file, by name."""
    return sorted(path.stem for path in inventory.glob("*.yml") if path.name != STACK_FILE)


def pick_environment(inventory: Path, requested: str | None) -> str:
    """The requested environment; else the only one beside `sandbox`; else `sandbox`."""
    if not inventory.is_dir():
        raise SpecError(f"{inventory}: there is no such folder; it should hold {STACK_FILE}")
    found = environments(inventory)
    listed = ", ".join(found) or "none"
    if requested is not None:
        if requested not in found:
            raise SpecError(f"{shown(inventory)}: no environment {requested} (there are: {listed})")
        return requested
    own = [name for name in found if name != SANDBOX]
    if len(own) == 1:
        return own[0]
    if not own and SANDBOX in found:
        return SANDBOX
    by_name = f"; or name it: higuera plan {own[0]}" if own else ""
    raise SpecError(
        f"{shown(inventory)}: which environment? Set HIGUERA_ENV to one of: {listed}{by_name}"
    )


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another: mappings key by key, everything else replaced."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


def known_part(tree: Any, path: tuple[str | int, ...]) -> int:
    """How many steps of a key path a nested mapping holds: all of them where it has the value."""
    for steps, key in enumerate(path):
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            return steps
    return len(path)

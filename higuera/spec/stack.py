"""The stack file, `inventory/stack.yml`: what is deployed."""

import re
from itertools import chain
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from higuera.spec.database import SCRATCH_PORT, Database
from higuera.spec.hardening import Hardening, Logs, SwapSize, Upgrades
from higuera.spec.model import VARIABLE_PATTERN, Command, Model, Name, RelativePath, Size
from higuera.spec.nginx import Nginx
from higuera.spec.paths import HostPaths
from higuera.spec.service import COLOURS, TRIAL, Services, Slot
from higuera.spec.ssh import Ssh

# `sun_path` of a unix socket holds 108 bytes, the last of them NUL (man 7 unix).
SOCKET_PATH_LIMIT = 107
# Linux account names (useradd): 32 characters at most.
ACCOUNT_LIMIT = 32

# Beside the folder of each route (higuera-APP plan).
OWN_FOLDERS = ("services", "runs", "release")

# Seconds after a flip in which nginx lets go of its connections to the old colour, and some.
LET_GO = 4

VARIABLE = re.compile(VARIABLE_PATTERN)
# The keys of the login check that name secrets.
LOGIN_SECRETS = ("email", "password")

Version = Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]


class Runtimes(Model):
    """Language runtimes, pinned to the patch level, uploaded once and shared by releases."""

    node: Version | None = None


class Install(Model):
    """What has to run before any build when its inputs changed, such as `npm ci`."""

    run: Command
    inputs: list[RelativePath] = Field(min_length=1)


class Settings(Model):
    """Host settings with safe defaults."""

    journal_limit: Size | Literal[False] = "500M"
    """Disk that journald may use; false: its own default, a tenth of the disk."""
    firewall: bool = True
    """nftables, default-deny inbound: ssh, 80, 443, ping."""
    ssh: Ssh = Ssh()
    """Who may log in, and how."""
    health_deadline: int = Field(default=30, ge=1, le=600)
    """Seconds that a candidate has to become healthy."""
    drain: int = Field(default=30, ge=0, le=3600)
    """Seconds that open connections of an old release get before its slot is used again."""
    confirm_deadline: int = Field(default=60, ge=5, le=3600)
    """Seconds after a cutover within which it has to be confirmed, or the host goes back."""
    warm: bool = True
    """Keep the old colour running until the next deploy, so that a rollback needs no start."""
    keep_releases: int = Field(default=5, ge=2, le=100)
    """Releases kept on the host; what a slot points at is never pruned."""
    time: Literal["auto", False] = "auto"
    """auto: systemd-timesyncd, unless another keeps the clock; false: its owner sees to it."""
    hardening: Hardening = Hardening()
    """What else an auditor would ask of the host; each group can be turned off."""
    upgrades: Upgrades | Literal[False] = Upgrades()
    """Security upgrades of Debian, unattended; false: somebody else sees to them."""
    swap: SwapSize = "auto"
    """auto: 1G where there are less than 2G of memory and no swap. A size, or false."""
    logs: Logs | Literal[False] = Logs()
    """How much of nginx's logs is kept; false: somebody else sees to them."""


class Stack(Model):
    """Everything that `inventory/stack.yml` says."""

    app: Name
    source: str
    """The checkout of the app, relative to the folder of the stack file.

    The own files of a project that lies in it are no source, unless `sources` or `inputs` name
    them.
    """
    runtimes: Runtimes
    install: Install | None = None
    services: Annotated[Services, Field(min_length=1)]
    routes: Annotated[dict[str, Name], Field(min_length=1)]
    database: Database | None = None
    smoke: dict[str, dict[str, Any]] = {}
    nginx: Nginx = Nginx()
    settings: Settings = Settings()

    @field_validator("routes")
    @classmethod
    def _routes_are_paths(cls, routes: dict[str, str]) -> dict[str, str]:
        for prefix in routes:
            if not prefix.startswith("/") or not prefix.endswith("/"):
                raise ValueError(f"{prefix}: a route should start and end with / (such as /api/)")
            plain = (part.replace("-", "").replace("_", "").isalnum() for part in parts(prefix))
            if not prefix.isascii() or "//" in prefix or not all(plain):
                raise ValueError(f"{prefix}: a route is made of letters, digits, -, _ and /")
        slugs = [route_slug(prefix) for prefix in routes]
        for slug in slugs:
            if slug in OWN_FOLDERS:
                raise ValueError(f"/{slug}/: a traffic plan has a folder of its own by that name")
            if slugs.count(slug) > 1:
                raise ValueError(f"two routes share the folder name {slug}: rename one")
        if "/" not in routes:
            raise ValueError("one route has to be / (everything that no other route takes)")
        return routes

    @field_validator("smoke")
    @classmethod
    def _login_names_secrets(cls, smoke: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for key in LOGIN_SECRETS:
            name = smoke.get("login", {}).get(key)
            if name is not None and not (isinstance(name, str) and VARIABLE.fullmatch(name)):
                raise ValueError(f"login.{key}: should be the name of a secret, never its value")
        return smoke

    @model_validator(mode="after")
    def _holds_together(self) -> "Stack":
        self._routes_lead_somewhere()
        self._ports_are_free()
        self._runtimes_are_pinned()
        self._names_are_short_enough()
        self._migrations_are_built_from()
        return self

    def _routes_lead_somewhere(self) -> None:
        known = ", ".join(self.services)
        for prefix, service in self.routes.items():
            if service not in self.services:
                raise ValueError(f"routes.{prefix}: no service {service} (there are: {known})")
            if self.services[service].is_worker:
                raise ValueError(f"routes.{prefix}: {service} is a worker, which answers nobody")
        for problem in self.nginx.problems(list(self.routes), list(self.static())):
            raise ValueError(problem)
        for key, job in self.database.jobs() if self.database else []:
            if job.service not in self.services:
                raise ValueError(
                    f"database.{key}.service: no service {job.service} (there are: {known})"
                )

    def _ports_are_free(self) -> None:
        taken = {self.nginx.status_port: "nginx.status_port"}
        if self.nginx.candidate_port in taken:
            raise ValueError("nginx.candidate_port and nginx.status_port are the same port")
        taken[self.nginx.candidate_port] = "nginx.candidate_port"
        if self.is_gated:
            if SCRATCH_PORT in taken:
                raise ValueError(f"{taken[SCRATCH_PORT]}: a rehearsal needs port {SCRATCH_PORT}")
            taken[SCRATCH_PORT] = "a rehearsal's PostgreSQL"
        for name, service in self.services.items():
            slots: list[Slot] = []
            if not service.is_worker:
                slots += COLOURS[: 1 if service.is_exclusive else 2]
            if name in self.tried_services():
                slots.append(TRIAL)
            for slot in slots:
                port = service.port_of(slot)
                owner = f"services.{name}.port ({slot})"
                if port in taken:
                    raise ValueError(f"{owner}: port {port} is taken by {taken[port]}")
                taken[port] = owner

    def _runtimes_are_pinned(self) -> None:
        for name, service in self.services.items():
            if getattr(self.runtimes, service.runtime) is None:
                raise ValueError(
                    f"services.{name}.runtime: runtimes.{service.runtime} gives no version"
                )

    def _names_are_short_enough(self) -> None:
        for name in self.services:
            if len(account := self.account(name)) > ACCOUNT_LIMIT:
                raise ValueError(f"services.{name}: the account {account} is over 32 characters")
        slots = (self.paths.socket(name, "green") for name in self.services)
        buckets = (self.paths.candidate_bucket(route_slug(prefix), 0) for prefix in self.routes)
        for path in chain(slots, buckets):
            if len(path) > SOCKET_PATH_LIMIT:
                raise ValueError(f"{path}: a socket path has 107 bytes at most, shorten the names")

    def _migrations_are_built_from(self) -> None:
        migrate = self.database.migrate if self.database else None
        if migrate is None or migrate.files is None:
            return
        sources = self.services[migrate.service].sources
        inside = (f"{migrate.files}/".startswith(f"{source.rstrip('/')}/") for source in sources)
        if sources and not any(inside):
            raise ValueError(
                f"database.migrate.files: {migrate.files} is not below one of "
                f"services.{migrate.service}.sources, so a new migration would be no new release"
            )

    @property
    def is_gated(self) -> bool:
        """Whether a release's schema is proven before traffic moves."""
        return self.database is not None and self.database.is_gated

    def on_database(self) -> list[str]:
        """The services that get the URL of the database."""
        if self.database is None:
            return []
        urls = {self.database.url, self.database.direct}
        return [name for name, service in self.services.items() if urls & set(service.secrets)]

    def tried_services(self) -> list[str]:
        """Those of them that can run a third time, on a rehearsal's database."""
        if not self.is_gated:
            return []
        return [name for name in self.on_database() if not self.services[name].swaps]

    @property
    def paths(self) -> "HostPaths":
        """Where this stack lives on its host."""
        return HostPaths(self.app)

    def account(self, service: str) -> str:
        """The Linux account that runs a service."""
        return f"{self.app}-{service}"

    def service_at(self, path: str) -> str:
        """The service that nginx sends a path to: of the longest route it starts with, or is."""
        return self.routes[max((r for r in self.routes if f"{path}/".startswith(r)), key=len)]

    def static(self) -> dict[str, list[str]]:
        """By URL prefix the folders that nginx serves it from, as `SERVICE/FOLDER`."""
        found: dict[str, list[str]] = {}
        for name, service in self.services.items():
            for prefix, folder in service.static.items():
                found.setdefault(prefix, []).append(f"{name}/{folder}")
        return found

    def takers(self, route: str) -> list[str]:
        """Who answers a route: its service, then those of the ever shorter routes around it."""
        around = [prefix for prefix in self.routes if route.startswith(prefix)]
        return [self.routes[prefix] for prefix in sorted(around, key=len, reverse=True)]

    def public_services(self) -> list[str]:
        """The services whose health path can be asked for from outside."""
        found = [(name, service.health) for name, service in self.services.items()]
        return [name for name, path in found if path and self.service_at(path) == name]

    def public_health(self) -> list[str]:
        """Those paths."""
        paths = (self.services[name].health for name in self.public_services())
        return [path for path in paths if path is not None]

    def workers(self) -> list[str]:
        """The services without a port."""
        return [name for name, service in self.services.items() if service.is_worker]

    def overlapping_workers(self) -> list[str]:
        """Workers of which the old colour may finish while the new one works already."""
        return [name for name in self.workers() if not self.services[name].is_exclusive]

    def swapping(self) -> list[str]:
        """The services of which a new colour starts only with the flip."""
        return [name for name, service in self.services.items() if service.swaps]

    def swap_seconds(self) -> int:
        """How long these may take at most, one after the other: to end, and to get healthy."""
        swapping = (self.services[name] for name in self.swapping())
        return sum(
            LET_GO + service.stop_limit + self.settings.health_deadline for service in swapping
        )

    def secret_names(self) -> list[str]:
        """Every secret the stack declares, once, in the order of the file."""
        found: dict[str, None] = {}
        for service in self.services.values():
            found.update(dict.fromkeys(service.secrets))
        if self.database is not None:
            found.update(dict.fromkeys(self.database.secret_names()))
        found.update(dict.fromkeys(self.nginx.secret_names()))
        found.update(dict.fromkeys(self.smoke_secret_names()))
        return list(found)

    def smoke_secret_names(self) -> list[str]:
        """Those that the smoke checks sign in with."""
        login = self.smoke.get("login", {})
        return [login[key] for key in LOGIN_SECRETS if login.get(key)]


def parts(prefix: str) -> list[str]:
    """The path segments of a route: `/v1/publish/` has two."""
    return [part for part in prefix.split("/") if part]


def route_slug(prefix: str) -> str:
    """The folder name of a route: `/api/` is `api`, `/` is `root`."""
    return "-".join(parts(prefix)).lower().replace("_", "-") or "root"

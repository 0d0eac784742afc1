"""A service: one long-running process; of the web, with a port and a health path, or a worker."""

import shlex
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from higuera.spec.model import Command, EnvironmentVariable, Model, Name, RelativePath, UrlPath

Colour = Literal["blue", "green"]
COLOURS: tuple[Colour, Colour] = ("blue", "green")

# For the time of a rehearsal the live release runs once more, on the rehearsal's database.
TRIAL: Literal["trial"] = "trial"
Slot = Literal["blue", "green", "trial"]

# Blue listens where its owner expects it; the others this much above.
PORT_OFFSETS: dict[Slot, int] = {"blue": 0, "green": 100, "trial": 200}


def other(colour: Colour) -> Colour:
    """The colour that a candidate takes while this one is live."""
    return "green" if colour == "blue" else "blue"


OPERATORS = {"&&", "||", ";", "|", "&"}


def _is_one_command(start: str) -> str:
    """SIGTERM has to reach the service, so it takes the place of the shell: `exec START`."""
    try:
        words = list(shlex.shlex(start, posix=True, punctuation_chars=True))
    except ValueError:
        return start  # `sh -n` says better what is wrong with it
    if not words:
        raise ValueError("should be a command")
    if words[0] == "exec":
        raise ValueError(f"{start}: is run with exec already; leave that word out")
    name, is_set, _ = words[0].partition("=")
    if is_set and name.isidentifier():
        raise ValueError(f"{start}: is run with exec; give {name} in env")
    if words[0] == "cd":
        raise ValueError(f"{start}: is run with exec; a folder is env -C FOLDER COMMAND")
    if found := OPERATORS & set(words):
        raise ValueError(f"{start}: is run with exec, so no {min(found)}; write a script for more")
    return start


OneCommand = Annotated[Command, AfterValidator(_is_one_command)]

# What templates/systemd/hardening.j2 sets.
Directive = Literal[
    "NoNewPrivileges",
    "CapabilityBoundingSet",
    "AmbientCapabilities",
    "LockPersonality",
    "PrivateDevices",
    "PrivateTmp",
    "PrivateMounts",
    "ProtectClock",
    "ProtectControlGroups",
    "ProtectHome",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "ProtectProc",
    "ProtectSystem",
    "RemoveIPC",
    "RestrictAddressFamilies",
    "RestrictNamespaces",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "SystemCallArchitectures",
    "SystemCallFilter",
    "SystemCallErrorNumber",
]
StaticPrefix = Annotated[str, StringConstraints(pattern=r"^/([A-Za-z0-9_-]+/)+$")]


class Service(Model):
    """One process of the stack, as `services.<name>` in the stack file."""

    kind: Literal["web", "worker"] = "web"
    """A worker has no port and no route: it takes jobs, and changes colour with the flip."""
    strategy: Literal["overlap", "exclusive"] | None = None
    """Whether two colours may run at once. Left out: overlap for the web, exclusive for workers."""
    runtime: Literal["node"]
    build: Command
    """Run with `sh` in a copy of the source on the controller, with no secret in reach."""
    sources: list[RelativePath] = []
    """What of the source this service is built from (files, folders); empty: all of it."""
    artifact: RelativePath
    """The folder that the build makes and the release carries."""
    start: OneCommand
    """Run by systemd in the unpacked artifact, as the service's own account."""
    port: int | None = Field(default=None, ge=1024, le=65000)
    """TCP port on 127.0.0.1 of blue; green listens on `port + 100`, or, if exclusive, here too."""
    health: UrlPath | None = None
    """Answers 2xx when the service can serve."""
    stop_limit: int = Field(default=30, ge=1, le=3600)
    """Seconds from SIGTERM to SIGKILL: what it has in hand has to be finished by then."""
    static: dict[StaticPrefix, RelativePath] = {}
    """URL prefixes that nginx serves from folders of the artifact, the previous release's too."""
    writable: list[Name] = []
    """Folders of its own that outlive releases; `$UPLOADS_DIR` leads to `uploads`."""
    relaxed: list[Directive] = []
    """Lines of templates/systemd/hardening.j2 that its unit, and those of its jobs, go without."""
    env: dict[EnvironmentVariable, str] = {}
    secrets: list[EnvironmentVariable] = []

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> "Service":
        if self.kind == "web" and (self.port is None or self.health is None):
            missing = "port" if self.port is None else "health"
            raise ValueError(f"{missing} is required (or is it a kind: worker?)")
        for key, given in (("port", self.port), ("health", self.health), ("static", self.static)):
            if self.kind == "worker" and given:
                raise ValueError(f"a worker answers nobody: it has no {key}")
        for variable in sorted(self.folders.keys() & {*self.env, *self.secrets}):
            raise ValueError(f"writable: {variable} is set by env or secrets already")
        return self

    @property
    def folders(self) -> dict[str, str]:
        """The variable that leads to each writable folder."""
        return {f"{name.upper().replace('-', '_')}_DIR": name for name in self.writable}

    def state(self, account: str) -> str:
        """These folders, as `StateDirectory=` has them: below /var/lib, separated by blanks."""
        return " ".join(f"{account}/{name}" for name in self.writable)

    @property
    def is_worker(self) -> bool:
        """Whether it has no port."""
        return self.kind == "worker"

    @property
    def is_exclusive(self) -> bool:
        """Whether two colours of it must never run at once."""
        return (self.strategy or ("exclusive" if self.is_worker else "overlap")) == "exclusive"

    @property
    def swaps(self) -> bool:
        """Whether a new colour starts only with the flip, and not before it as a candidate."""
        return self.is_worker or self.is_exclusive

    def port_of(self, slot: Slot) -> int:
        """The loopback port on which this slot listens; a worker has none (ValueError)."""
        if self.port is None:
            raise ValueError("a worker has no port")
        return self.port if self.is_exclusive else self.port + PORT_OFFSETS[slot]


Services = dict[Name, Service]

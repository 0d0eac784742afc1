"""One deploy to one host: what should run there, what does, and what that means.

The host's state is read once in pyinfra's Prepare and once, live, in Execute. A build in between
can show that changed sources made the same code; the cutover is decided again from that.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from pyinfra.api import Host

from higuera.build.artifact import Artifact
from higuera.build.source import commit_of, files_of, fingerprint
from higuera.database.target import questions_of
from higuera.facts.release import LiveRelease, ReleaseState
from higuera.operations.cutover import Cutover, Wanted, decide, same_code
from higuera.operations.diff import readable
from higuera.render.every import host_parts, shared_files
from higuera.render.files import File
from higuera.render.ssh import ssh_files
from higuera.render.units import slot_files
from higuera.spec.actor import by_this_deploy
from higuera.spec.load import Deployment
from higuera.spec.release import Manifest, Part, Schema, release_id
from higuera.spec.service import COLOURS

if TYPE_CHECKING:
    from higuera.operations.gate import Gate


def _nothing(host: Host) -> None:
    """Prove nothing."""


@dataclass(frozen=True)
class Proofs:
    """What has to hold before and after a cutover; each raises HigueraError when it does not."""

    candidate: Callable[[Host], None] = _nothing
    public: Callable[[Host], None] = _nothing
    trial: Callable[[Host], None] = _nothing
    """Of the live release on a rehearsal's database: fails with what passes on its own."""


class Run:
    """The values that the verbs of one deploy share."""

    def __init__(self, deployment: Deployment, host: Host, proofs: "Proofs | None" = None) -> None:
        self.deployment = deployment
        self.host = host
        self.proofs = proofs or Proofs()
        self.user = "root"
        self.ssh_ports: tuple[int, ...] = ()
        self.started = datetime.now(UTC)
        self.plan = ""
        """The traffic plan of the candidates, once it is written on the host."""
        self.moved: list[str] = []
        """The services whose traffic this deploy moved, once it did."""
        self.gate: Gate | None = None
        """The database gate, where the stack has migrations."""
        self.schema: Schema | None = None
        """What this release was proven on, once it is."""
        self.artifacts: dict[str, Artifact] = {}
        self._states: dict[bool, ReleaseState] = {}

    @cached_property
    def files(self) -> list[str]:
        """Every file that something may be built from."""
        return files_of(self.deployment)

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """What each service would be built from."""
        stack, source = self.deployment.stack, self.deployment.source
        return {name: fingerprint(source, self.files, stack, name) for name in stack.services}

    @cached_property
    def commit(self) -> str:
        """The git commit of the source."""
        return commit_of(self.deployment.source)

    @cached_property
    def release(self) -> str:
        """The id of the release that this deploy would make."""
        return release_id(self.started, self.commit)

    @property
    def tool(self) -> str:
        """The on-host tool, for a shell."""
        return by_this_deploy(self.deployment.stack.paths.tool)

    @cached_property
    def shared_files(self) -> list[File]:
        """Files of no single slot: the tool, the jobs."""
        deployment = self.deployment
        return shared_files(deployment, deployment.secrets, questions_of(deployment.stack))

    @cached_property
    def host_files(self) -> list[File]:
        """Files that no release owns: nginx, firewall, journald, sshd."""
        parts = host_parts(self.deployment, self.deployment.secrets, self.ssh_ports)
        return [file for part in parts for file in part()]

    @cached_property
    def ssh_files(self) -> list[File]:
        """Those of them that are for sshd."""
        stack, project = self.deployment.stack, self.deployment.project
        closes_root = self.deployment.environment.host.has_other_than_root
        return ssh_files(stack.settings.ssh, closes_root, project)

    @property
    def login(self) -> str:
        """Who deploys from now on: not who logged in this time, where that was to make the user."""
        return self.deployment.environment.host.user or self.user

    @cached_property
    def _wanted(self) -> dict[str, Wanted]:
        deployment = self.deployment
        stack = deployment.stack
        return {
            name: Wanted(
                name=name,
                fingerprint=self.fingerprints[name],
                files={
                    colour: slot_files(stack, name, colour, deployment.secrets, deployment.project)
                    for colour in COLOURS
                },
                unit={colour: stack.paths.unit(name, colour) for colour in COLOURS},
            )
            for name in stack.services
        }

    @property
    def wanted(self) -> dict[str, Wanted]:
        """Every service as it should run, with the content of what was built so far."""
        built = self.artifacts
        return {
            name: replace(wanted, content=built[name].content) if name in built else wanted
            for name, wanted in self._wanted.items()
        }

    def state(self) -> ReleaseState:
        """What the host runs, read once per stage."""
        executing = bool(self.host.state.is_executing)
        if executing not in self._states:
            self._states[executing] = self.host.get_fact(
                LiveRelease,
                app=self.deployment.stack.app,
                paths=[file.path for file in self._all_files()],
                units=self._services(),
                contents=readable(self.host, self._all_files()),
            )
        return self._states[executing]

    def _all_files(self) -> list[File]:
        slots = [self._wanted[name].files[colour] for name in self._wanted for colour in COLOURS]
        return self.shared_files + [file for files in slots for file in files]

    def _services(self) -> list[str]:
        return [
            f"{unit}.service" for wanted in self._wanted.values() for unit in wanted.unit.values()
        ]

    @property
    def live_release(self) -> str:
        """The id of the live release; only where one is live."""
        manifest = self.state().manifest
        assert manifest is not None
        return manifest.id

    def to_build(self) -> list[str]:
        """Services whose fingerprint is not the live one's."""
        manifest = self.state().manifest
        live = manifest.services if manifest else {}
        return [
            name
            for name, value in self.fingerprints.items()
            if name not in live or live[name].fingerprint != value
        ]

    def new_code(self) -> list[str]:
        """Services that move because of their code: their artifact has to be brought."""
        return [move.service for move in self.cutover().moves if move.new_code]

    def swapping(self) -> list[str]:
        """Web services that move and whose candidate may not run beside the live colour."""
        services, live = self.deployment.stack.services, self.state().live
        moved = (move.service for move in self.cutover().moves)
        alone = (name for name in moved if services[name].is_exclusive and name in live)
        return [name for name in alone if not services[name].is_worker]

    def cutover(self) -> Cutover:
        """What has to move, as far as is known by now."""
        return decide(list(self.wanted.values()), self.state())

    def code_of(self, manifest: Manifest) -> bool:
        """Whether a release has all the code that is wanted now."""
        parts = manifest.services
        return all(same_code(wanted, parts.get(name)) for name, wanted in self.wanted.items())

    def manifest_text(self, release: str) -> str:
        """The manifest of a release with the code that is wanted now."""
        manifest = self.state().manifest
        kept = manifest if manifest and manifest.id == release else None
        parts = {}
        for name, wanted in self.wanted.items():
            live = manifest.services.get(name) if manifest else None
            kept_code = live if live and same_code(wanted, live) else None
            content = wanted.content or (kept_code.content if kept_code else "")
            built = self.artifacts.get(name)
            size = built.size if built else kept_code.size if kept_code else None
            parts[name] = Part(fingerprint=wanted.fingerprint, content=content, size=size)
        return Manifest(
            id=release,
            app=self.deployment.stack.app,
            created=f"{self.started:%Y-%m-%dT%H:%M:%SZ}",
            commit=self.commit,
            services=parts,
            database=self.schema or (kept.database if kept else None),
        ).model_dump_json(indent=2)

    def manifest_file(self, release: str) -> File:
        """The same, where it lies on the host."""
        path = f"{self.deployment.stack.paths.release(release)}/manifest.json"
        return File(path, self.manifest_text(release) + "\n")

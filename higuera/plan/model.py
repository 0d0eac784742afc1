"""A plan: what a deploy would do to one environment. JSON Schema: docs/schema/plan.schema.json.

Everything in it may be shown: no secret's value, and no digest of a single secret.
"""

from typing import Literal

from higuera.spec.model import Model

VERSION = 1

FileKind = Literal["unit", "nginx", "setting", "tool", "secret"]
TargetState = Literal["equal", "drift", "unknown"]
Doing = Literal["stays", "starts", "swaps", "stops"]
Effect = Literal["stays", "reloads", "restarts", "starts", "stops"]
Prepared = Literal[
    "package", "user", "account", "folder", "file", "role", "database", "certificate"
]
Preparing = Literal["install", "let in", "make", "make where missing", "put right", "remove", "get"]
Verdict = Literal["nothing", "changes", "refused"]


class Commit(Model):
    """A commit that the deploy would bring."""

    id: str
    subject: str


class NewRelease(Model):
    """Which release would replace which."""

    live: str | None
    """The id of the release that serves; null: none does."""
    live_commit: str | None
    commit: str
    """Of the source; `-dirty` at its end: with changes that are not committed."""
    commits: list[Commit] | None
    """What is between them, newest first; null: git cannot tell."""
    has_more: bool = False
    """Whether there are older ones that are not listed."""


class Build(Model):
    """A service that is built, and brought to the host."""

    service: str
    why: str
    size: int | None
    """Bytes, compressed; null: not known before it is built."""
    is_built: bool
    """Whether this machine has it from an earlier build."""
    live_size: int | None = None
    """Bytes of what the live release has of it, compressed: about how large the new one will be;
    null: not known."""


class Upload(Model):
    """What is brought to the host beside the release: a language runtime that is not there yet."""

    name: str
    size: int | None
    """Bytes, compressed; null: not known before it is downloaded."""
    is_here: bool
    """Whether this machine has it; else it downloads it first."""


class Remark(Model):
    """What is to be said of a line of a migration."""

    line: int
    weight: Literal["note", "finding", "error"]
    source: str
    text: str


class Preparation(Model):
    """Something of the host that is seen to before a release comes; what is written are `files`."""

    kind: Prepared
    name: str
    does: Preparing


class Migration(Model):
    """A migration that would run."""

    name: str
    file: str
    kind: str | None
    """expand, data, contract or unknown; null: it could not be read."""
    owner: str
    way_back: str
    remarks: list[Remark]


class Object(Model):
    """An object of the target that is not what it was proven to be."""

    object: str
    change: Literal["missing", "extra", "differs"]
    mend: str
    """SQL that ends it on the target; empty where that is not plain."""
    text: str


class Target(Model):
    """The target database now."""

    state: TargetState
    why: str
    """What it was compared with, or why that cannot be told."""
    drift: list[Object]
    pending: list[Migration] | None
    """null: what is pending cannot be told."""


class FileChange(Model):
    """A file on the host that would be written."""

    path: str
    kind: FileKind
    is_new: bool
    diff: list[str]
    """A unified diff, of a new file against /dev/null; empty for what a secret one holds."""
    left_out: int = 0
    """How many more lines the diff has; a new file's is cut."""


class Service(Model):
    """A service and what the deploy does to it."""

    name: str
    does: Doing
    """starts: beside what serves. swaps: it may not run twice, so the old one stops first."""
    why: str

    @property
    def restarts(self) -> bool:
        """Whether its process is another one afterwards."""
        return self.does in ("starts", "swaps")


class Program(Model):
    """A program of the host that the deploy looks after, and what it does to it."""

    name: str
    does: Effect
    """reloads: it reads its configuration anew, in the same process."""
    why: str


class WayBack(Model):
    """Whether a rollback can undo the deploy."""

    state: Literal["open", "closed", "unknown", "none"]
    """none: there is no earlier release."""
    why: str


class Basis(Model):
    """What the plan was made from. A deploy that is held to it finds the same, or refuses.

    Digests by name, cut to 16 hex digits; all secrets together have one, which is slow to compute.
    """

    host: dict[str, str]
    source: dict[str, str]
    database: dict[str, str]


class Plan(Model):
    """All of it."""

    version: int = VERSION
    made: str
    """UTC, ISO 8601."""
    app: str
    environment: str
    address: str
    verdict: Verdict
    refusals: list[str]
    """Why a deploy would be refused, each a sentence or more; empty unless it would."""
    warnings: list[str]
    """What should be known and stops nothing, such as a secret that nothing uses."""
    steps: list[str]
    """The operations that would change something, in their order."""
    release: NewRelease
    builds: list[Build]
    uploads: list[Upload]
    preparations: list[Preparation]
    target: Target | None
    """null: the stack has no migrations to look after."""
    files: list[FileChange]
    services: list[Service]
    programs: list[Program]
    """nginx, sshd and others of the host, those that are left alone too."""
    way_back: WayBack
    no_way_back: bool
    """Whether it was asked for with --no-way-back."""
    last_seconds: float | None
    """How long the last deploy of this app took there, from its first step to its last."""
    basis: Basis

    @property
    def status(self) -> int:
        """The exit status: 0 nothing to do, 2 changes, 1 a deploy would be refused."""
        return {"nothing": 0, "changes": 2, "refused": 1}[self.verdict]

"""The database gate of one deploy: what is known of the target, and what the release expects of it.

The order is its promise. The release's migrations run on an empty database first; what they make
there is compared with what the live release was proven on; the live release is tried there; only
then is the target dumped and migrated, and at last compared, object by object.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from pyinfra.api import Host

from higuera.database.catalog import PART_ONLY, Catalog
from higuera.database.fit import Fit, fit
from higuera.database.ledger import LedgerState, Migration
from higuera.database.parity import (
    Difference,
    Settled,
    compare,
    describe,
    settle,
)
from higuera.database.target import (
    MIGRATION,
    NEEDS_SCRATCH,
    SOURCES,
    Target,
    ledger_of,
    of_schema,
    parse_target,
    refuse,
)
from higuera.errors import DatabaseError, HostError
from higuera.operations.flip import undoing
from higuera.operations.remote import run_remote
from higuera.operations.run import Run
from higuera.spec.database import Migrate
from higuera.spec.release import Schema

PARTIAL = f"the migration tool's own snapshot {PART_ONLY}"


@dataclass
class Expected:
    """The schema that a release's migrations make, and how that is known."""

    catalog: Catalog
    source: str
    is_partial: bool = False


@dataclass
class Gate:
    """The values that the gate's operations share. Each of them asks the host at most once."""

    run: Run
    migrate: Migrate
    target: Target | None = None
    recorded: Catalog | None = None
    """What the live release was proven on."""
    expected: Expected | None = None
    backup: str = ""
    no_way_back: bool = False
    """Whether the live release cannot live on what comes, and somebody goes on all the same."""
    is_fresh: bool = False
    """Whether the target was asked since its migrations."""
    is_rehearsed: bool = False
    """Whether a rehearsal's database is still there."""

    @cached_property
    def migrations(self) -> list[Migration]:
        """The release's files, in their order. Raises DatabaseError that names a bad one."""
        ledger = ledger_of(self.migrate)
        if ledger is None or self.migrate.files is None:
            return []
        return ledger.migrations(self.run.deployment.source / self.migrate.files)

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file, by name: what the manifest keeps."""
        return {migration.name: migration.sha256 for migration in self.migrations}

    @property
    def record(self) -> Schema | None:
        """What the live release's manifest says of its schema."""
        manifest = self.run.state().manifest
        return manifest.database if manifest else None

    def known(self) -> Target:
        """The target as it was last asked."""
        assert self.target is not None
        return self.target

    def ask(self, host: Host) -> Target:
        """Ask the target for all that has to be known of it, and the host for what is recorded.

        Raises HostError with psql's own words where it cannot be reached.
        """
        stack = self.run.deployment.stack
        live, database = stack.paths.live_release, stack.database
        assert database is not None
        script = (
            f"{self.run.tool} database {self.run.release} || exit\n"
            f'[ ! -e {live}/catalog.json ] || {{ printf "recorded "; cat {live}/catalog.json; }}'
        )
        try:
            lines = run_remote(host, script)
        except HostError as error:
            name = database.direct or database.url
            raise HostError(
                f"{error}\nthat is the database of {name}, asked from the VPS"
            ) from None
        recorded = [line.split(" ", 1)[1] for line in lines if line.startswith("recorded ")]
        self.recorded = Catalog.from_json(recorded[0]) if recorded else None
        self.target = parse_target([line for line in lines if not line.startswith("recorded ")])
        return self.target

    def ledger_state(self) -> LedgerState | None:
        """The files against the ledger; None where the stack file names no ledger."""
        ledger = ledger_of(self.migrate)
        if ledger is None:
            return None
        remembered = self.record.migrations if self.record else {}
        return ledger.state(self.migrations, self.known().rows, remembered)

    def pending(self) -> list[str] | None:
        """Names of what is still to apply; None where no ledger tells.

        Raises DatabaseError that names every migration which is not as it should be.
        """
        state = self.ledger_state()
        if state is None:
            return None
        problems = [found for found in state.problems if not self._accepts(found.migration)]
        if problems:
            told = "\n".join(f"{problem.kind}: {problem.text}" for problem in problems)
            objects = ", ".join(f"{MIGRATION}{problem.migration}" for problem in problems)
            raise DatabaseError(
                f"{told}\nonce it is understood, it can be accepted as it is: {objects} "
                f"(database.accept in the stack file)"
            )
        return [migration.name for migration in state.pending]

    def _accepts(self, migration: str) -> bool:
        """Whether somebody owns what is odd about a migration (say, files that were squashed)."""
        database = self.run.deployment.stack.database
        assert database is not None
        today = datetime.now(UTC).date()
        return any(
            entry.object == f"{MIGRATION}{migration}" and entry.until >= today
            for entry in database.accept
        )

    # -- the rehearsal

    def rehearse(self, host: Host) -> None:
        """Find what the release's migrations make: recorded, or on an empty database.

        Raises DatabaseError where they fail there, and where nothing can tell.
        """
        if self._is_recorded():
            assert self.recorded is not None and self.record is not None
            # The same files on the same server make the same: that was found by an earlier deploy.
            self.expected = Expected(self.recorded, self.record.source)
            host.log(f"as release {self.run.live_release} has it: no migration is new")
            return
        try:
            lines = run_remote(host, f"{self.run.tool} rehearse {self.run.release}")
        except HostError as error:
            with undoing(error):
                run_remote(host, f"{self.run.tool} end-rehearsal")
            raise DatabaseError(f"{self._failed(error)}; the target was not touched") from None
        self.expected = self._rehearsed(host, lines)

    def _failed(self, error: HostError) -> str:
        """The migrations' own fault where they printed something; else the host's."""
        lines = str(error).splitlines()
        said = (line for line in lines if not line.startswith("scratch "))
        shown = "\n".join(line.removeprefix("job ") for line in said)
        if not any(line.startswith("job ") for line in lines):
            return f"{shown}\nthe migrations could not be rehearsed"
        names = ", ".join(self.pending() or [])
        new = f" (new to the target: {names})" if names else ""
        return f"{shown}\nthe migrations fail on an empty database{new}"

    def _is_recorded(self) -> bool:
        return (
            self.record is not None
            and not self.record.is_partial
            and self.recorded is not None
            and bool(self.migrations)
            and list(self.record.migrations.items()) == list(self.digests.items())
            and self.record.server == str(self.known().server)
            and self.record.fingerprint == self.recorded.fingerprint
        )

    def _rehearsed(self, host: Host, lines: list[str]) -> Expected:
        said = dict(line.split(" ", 1) for line in lines if " " in line)
        for line in lines:
            if line.startswith("job "):
                host.log(f"  rehearsal: {line.removeprefix('job ')}")
        if said.get("scratch") in SOURCES:
            self.is_rehearsed = True
            return Expected(Catalog.from_json(said["catalog"]), SOURCES[said["scratch"]])
        from higuera.database.snapshot import snapshot_of  # loads PostgreSQL's parser

        snapshot = snapshot_of(self.migrate, self.run.deployment.source)
        if snapshot is None:
            raise DatabaseError(
                f"no empty database can be had to rehearse the migrations on: {NEEDS_SCRATCH}"
            )
        return Expected(snapshot, PARTIAL, is_partial=True)

    def fit(self) -> Fit | None:
        """Whether the live release's code can live on the new schema, as far as names tell."""
        assert self.expected is not None
        if self.recorded is None or self.expected.is_partial:
            return None
        return fit(self.recorded, self.expected.catalog)

    def drifted_before(self) -> int:
        """How many objects of the target differed from the live release's schema all along."""
        database = self.run.deployment.stack.database
        if self.recorded is None:
            return 0
        assert database is not None
        found = compare(self.recorded, self.known().catalog)
        return len(settle(found, of_schema(database), datetime.now(UTC).date()).drift)

    def clear_up(self, host: Host) -> None:
        """Remove a rehearsal's database."""
        if self.is_rehearsed:
            self.is_rehearsed = False
            run_remote(host, f"{self.run.tool} end-rehearsal")

    # -- the target

    def apply(self, host: Host) -> bool:
        """Dump the target and run the release's migrations on it, as a unit of the host.

        False: somebody else migrated meanwhile, and nothing was done. Raises DatabaseError with
        the runner's own output, and with what it left behind.
        """
        before = self.known()
        try:
            command = f"{self.run.tool} migrate {self.run.release} {before.digest}"
            lines = run_remote(host, command, show=True)
        except HostError as error:
            raise DatabaseError("\n".join([str(error), *self._left_behind(host)])) from None
        for line in lines:
            if line.startswith("backup "):
                self.backup = line.split()[1]
        return "changed" not in lines

    def _left_behind(self, host: Host) -> list[str]:
        """What a failed migration left on the target, with the statements that remove it."""
        before = self.known().catalog
        try:
            left = compare(before, self.ask(host).catalog)
        except (HostError, DatabaseError) as error:
            return [f"what it left behind cannot be told: {error}", self._serving()]
        if not left:
            return ["it left nothing behind: the schema is as it was before", self._serving()]
        return [
            "it left this behind, as against the schema before (mend: what takes it back):",
            *describe(left),
            self._serving(),
        ]

    def _serving(self) -> str:
        live = self.run.state().manifest
        return f"release {live.id} serves on" if live else "nothing is live yet"

    def parity(self) -> Settled:
        """The target against what the release expects, less what the stack file accepts."""
        database = self.run.deployment.stack.database
        assert self.expected is not None and database is not None
        found = compare(self.expected.catalog, self.known().catalog)
        return settle(found, of_schema(database), datetime.now(UTC).date())

    def fit_left(self) -> list[str]:
        """What a rollback by hand will know of how the live release fits: verdict and reasons."""
        found = self.fit()
        if self.no_way_back and (found is None or found.verdict != "does not fit"):
            return ["does not fit", "it failed on this schema, and was left with no way back"]
        return [found.verdict, *found.reasons] if found else ["not known"]

    def settled_schema(self) -> Schema:
        """What the release's manifest keeps of all this."""
        assert self.expected is not None
        return Schema(
            fingerprint=self.expected.catalog.fingerprint,
            source=self.expected.source,
            server=str(self.known().server),
            migrations=self.digests,
            is_partial=self.expected.is_partial,
            backup=self.backup,
        )


def check_target(gate: Gate, host: Host) -> list[str] | None:
    """Ask the target, refuse what cannot go well; the names of pending migrations."""
    target = gate.ask(host)
    for line in target.told:
        host.log(line)
    pending = gate.pending()
    refuse(target, dumps=pending != [])
    return pending


def drift_text(drift: list[Difference], source: str) -> str:
    """What stops a deploy, object by object."""
    return "\n".join(
        [
            f"the target's schema is not what this release's migrations make ({source}):",
            *describe(drift),
            "nothing was moved; mend the target, or accept what is known (database.accept)",
        ]
    )

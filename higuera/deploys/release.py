"""From a source to live traffic: build, upload, migrate, start, cut over, prune."""

from higuera.deploys.boundary import told
from higuera.deploys.planning import gives_up_way_back
from higuera.operations import release, schema
from higuera.operations.run import Run


@told
def build(run: Run) -> None:
    """Build on this machine what changed."""
    release.built(name="Build", run=run)


@told
def upload(run: Run) -> None:
    """Bring the release and the units of its candidates to the host; nothing serves it yet."""
    release.uploaded(name="Upload", run=run)
    release.units_written(name="Units", run=run)


@told
def ask_database(run: Run) -> None:
    """Is the target there, and is its ledger as it should be? Before anything is built."""
    if gate := run.gate:
        schema.known(name="Target", gate=gate)


@told
def rehearse(run: Run) -> None:
    """Make the new schema on an empty database, and try there whether there is a way back."""
    if gate := run.gate:
        schema.rehearsed(name="Rehearsal", gate=gate, no_way_back=gives_up_way_back())


@told
def migrate(run: Run) -> None:
    """Dump and migrate the real target, and prove its schema, before traffic moves."""
    database = run.deployment.stack.database
    if gate := run.gate:
        schema.migrated(name="Migrate", gate=gate)
        schema.proven(name="Parity", gate=gate)
    if database is not None and database.seed is not None:
        release.job_done(name="Seed", run=run, job="seed")


@told
def start_candidates(run: Run) -> None:
    """Start the candidates beside the live release and wait until they are healthy."""
    release.candidates_healthy(name="Candidates", run=run)


@told
def prove_candidates(run: Run) -> None:
    """Log in, write a form, log out: on the candidates, through the nginx that will serve them."""
    release.candidates_proven(name="Candidate smoke", run=run)


@told
def cut_over(run: Run) -> None:
    """Move traffic in one rename, prove the public side, or go back."""
    release.live(name="Cutover", run=run)


@told
def retire(run: Run) -> None:
    """Stop what served before, once it has finished; left alone when the stack keeps it warm."""
    release.retired(name="Drain", run=run)


@told
def prune(run: Run) -> None:
    """Remove what nothing needs any more."""
    release.pruned(name="Prune", run=run)

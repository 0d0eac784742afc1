"""From a source to live traffic: build, upload, migrate, start, cut over, prune."""

from higuera.deploys.boundary import told
from higuera.operations import release
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
def migrate(run: Run) -> None:
    """Apply the release's migrations to the target database, before traffic moves."""
    database = run.deployment.stack.database
    for key, _ in database.jobs() if database else []:
        release.job_done(name=key.capitalize(), run=run, job=key)


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

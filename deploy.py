"""Take the stack of `inventory/` to its VPS: `pyinfra inventory deploy.py`.

Nothing serves a new release before its candidates are healthy; whatever fails before the cutover
leaves the live release untouched, whatever fails after it moves traffic back. A second run with
nothing to change changes nothing.
"""

from pyinfra import host

from higuera import deploys

run = deploys.start(host)  # what inventory/ says, its secrets, and what this host runs
machine = deploys.preflight(run)  # a host that cannot be deployed to is refused here

deploys.provision(run, machine)  # packages, accounts, runtime, firewall, database, nginx
deploys.ask_database(run)  # the real target: can it be reached, is its ledger in order?
deploys.build(run)  # on this machine, only what changed
deploys.upload(run)  # the release and its units; nothing serves it yet
deploys.rehearse(run)  # the new schema on an empty database; the live release is tried there
deploys.migrate(run)  # a dump, the migrations, and proof that the schema is the expected one
deploys.start_candidates(run)  # in the idle slots, until they are healthy
deploys.prove_candidates(run)  # log in, write, log out: through the nginx that will serve them
deploys.cut_over(run)  # one rename; back again if the public side fails
deploys.retire(run)  # what served before, unless it is kept warm
deploys.prune(run)  # releases that nothing needs any more

"""Take traffic back to the last good release: `pyinfra inventory rollback.py`.

HIGUERA_TO names another one. Wants no checkout of the app, no Node and no build: everything that a
rollback needs is on the host. It proves itself like a deploy, and goes back if it cannot.
"""

from pyinfra import host

from higuera import deploys

deploys.roll_back(host)

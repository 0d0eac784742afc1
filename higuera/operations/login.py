"""The user that deploys, on a VPS that has only root."""

from collections.abc import Generator
from shlex import quote

from pyinfra import host
from pyinfra.api import StringCommand, operation

from higuera.operations.files import write
from higuera.operations.notes import prepares
from higuera.render.files import File

# A file for each user; sudo leaves out those with a dot in their name.
SUDOERS = "/etc/sudoers.d/higuera-"
MADE = """
command -v visudo >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get -qq install -y sudo
visudo -cqf "$stage/0"
getent passwd {user} >/dev/null || useradd --create-home --user-group --shell /bin/bash {user}
home=$(getent passwd {user} | cut -d: -f6)
keys=$(getent passwd {like} | cut -d: -f6)/.ssh/authorized_keys
group=$(id -gn {user})
install -d -m 0700 -o {user} -g "$group" "$home/.ssh"
[ -s "$home/.ssh/authorized_keys" ] ||
    install -m 0600 -o {user} -g "$group" "$keys" "$home/.ssh/authorized_keys"
"""


@operation()
def present(user: str, like: str) -> Generator[StringCommand, None, None]:
    """Make a user that may sudo, and log in with the keys of another.

    Who logged in need not be asked for; keys that the user has stay.

    + user: who is to deploy
    + like: who logged in now, and whose keys open a new account

    **Example:**

    .. code:: python

        login.present(name="Deploy user", user="deploy", like="root")
    """
    if user == like:
        host.noop(f"{user} is who logged in")
        return
    prepares(host, "user", "let in", [user])
    path = SUDOERS + user.replace(".", "_")
    sudoers = File(path, f"{user} ALL=(ALL:ALL) NOPASSWD: ALL\n", mode="0440")
    yield write([sudoers], check=MADE.format(user=quote(user), like=quote(like)))

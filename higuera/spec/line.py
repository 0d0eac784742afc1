"""A line to the host that breaks."""

from paramiko import SSHException

# What paramiko raises on a connection that is gone.
GONE = (OSError, SSHException, EOFError)

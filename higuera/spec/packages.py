"""The Debian packages that a stack needs on its host."""

from higuera.spec.stack import Stack

PACKAGES = (
    "ca-certificates",
    "curl",
    "logrotate",
    "nftables",
    "nginx",
    "systemd-timesyncd",
    "zstd",
)


def packages_of(stack: Stack) -> list[str]:
    """Their names; `postgresql` where the stack provisions it, or asks one elsewhere."""
    is_local = stack.database is not None and stack.database.provision == "local"
    settings = stack.settings
    host = ["unattended-upgrades"] if settings.upgrades else []
    host += ["libpam-passwdqc"] if settings.hardening.logins else []
    return [*PACKAGES, *host, *(["postgresql"] if is_local or stack.is_gated else [])]

"""The Debian packages that a stack needs on its host."""

from higuera.spec.environment import Environment
from higuera.spec.stack import Stack

TIMESYNCD = "systemd-timesyncd"
# Others that keep a clock right. Debian lets one be installed at a time: TIMESYNCD would take the
# place of the one that whoever made the host chose.
OTHER_CLOCKS = ("chrony.service", "ntpsec.service", "openntpd.service")
PACKAGES = (
    "ca-certificates",
    "curl",
    "logrotate",
    "nftables",
    "nginx",
    "zstd",
)


def packages_of(stack: Stack, environment: Environment) -> list[str]:
    """Their names.

    `postgresql` where the stack provisions it, or asks one elsewhere; `certbot` for `tls: acme`.
    """
    is_local = stack.database is not None and stack.database.provision == "local"
    settings = stack.settings
    return [
        *PACKAGES,
        *([TIMESYNCD] if settings.time == "auto" else []),
        *(["unattended-upgrades"] if settings.upgrades else []),
        *(["libpam-passwdqc"] if settings.hardening.logins else []),
        *(["postgresql"] if is_local or stack.is_gated else []),
        *(["certbot"] if environment.tls.mode == "acme" else []),
        *(["openssl"] if environment.tls.is_on else []),
    ]

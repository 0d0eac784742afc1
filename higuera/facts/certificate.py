"""The certificate that nginx shows, for whoever has to trust just that one."""

from dataclasses import dataclass, field

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import from_base64, script, tagged, words
from higuera.spec.paths import HostPaths


@dataclass(frozen=True)
class CertificateState:
    """What is shown."""

    kind: str = ""
    """acme, files, self-signed, stand-in; empty: nothing is shown yet."""
    sends_on: bool = False
    """Whether plain HTTP is sent on to HTTPS."""
    chain: str = field(default="", repr=False)
    """The certificate and those it leads to, PEM."""
    is_pinned: bool = False
    """Whether checks take just this one, though its time is over or it is for another name."""


class ShownCertificate(FactBase[CertificateState]):
    """The certificate that is shown for an app; needs no rights."""

    @staticmethod
    def default() -> CertificateState:
        """Nothing."""
        return CertificateState()

    def command(self, app: str) -> StringCommand:
        """Look where the symlink leads."""
        return script(question(app))

    def process(self, output: list[str]) -> CertificateState:
        """From its lines to a state."""
        return parse_certificate(output)


def question(app: str) -> str:
    """The lines of the script."""
    folder = words([HostPaths(app).tls])
    return f"""
id=$(readlink -- {folder}/current 2>/dev/null)
id=${{id##*/}}
[ -z "$id" ] || echo "kind ${{id%-*}}"
[ ! -e {folder}/current/https ] || echo 'sends on'
[ -z "$id" ] || echo "chain $(base64 -w0 {folder}/pairs/"$id"/fullchain.pem 2>/dev/null)"
"""


def parse_certificate(output: list[str]) -> CertificateState:
    """The answer to it."""
    found = tagged(output)
    chain = from_base64(found["chain"][0]) if found["chain"] else None
    return CertificateState(
        kind=found["kind"][0] if found["kind"] else "",
        sends_on=bool(found["sends"]),
        chain=(chain or b"").decode("ascii", errors="replace"),
    )

"""sslyze: is what port 443 offers what Mozilla calls intermediate?"""

import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from higuera.audit.programs import last_line, run
from higuera.audit.report import Finding, judged, not_applicable
from higuera.audit.subject import Subject
from higuera.errors import ProgramError

NAME = "tls"
TARGET = "Mozilla intermediate"
PORT = 443
PATIENCE = 5  # seconds for a connection
ISSUE = re.compile(r"^\s+\* (\S.*)$")


def audit(subject: Subject) -> list[Finding]:
    """Scan each domain at the host's own address, wherever its name leads. Raises ProgramError."""
    environment = subject.deployment.environment
    if not environment.tls.is_on:
        return [not_applicable(NAME, TARGET, "the environment says tls: off")]
    subject.from_outside()
    _connect(subject.address)
    with _trusted(subject.deployment.authority) as trust:
        return [_scanned(subject.address, name, trust) for name in environment.domains or [""]]


def _connect(address: str) -> None:
    try:
        socket.create_connection((address, PORT), timeout=PATIENCE).close()
    except OSError as error:
        raise ProgramError(f"port {PORT} does not answer: {error}") from None


@contextmanager
def _trusted(authority: str | None) -> Iterator[list[str]]:
    """Words for sslyze, which beside the public roots then trusts the environment's own."""
    if authority is None:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="higuera-") as folder:
        path = Path(folder) / "ca.pem"
        path.write_text(authority, encoding="utf-8")
        yield ["--certinfo_ca_file", str(path)]


def _scanned(address: str, domain: str, trust: list[str]) -> Finding:
    target = f"[{address}]:{PORT}" if ":" in address else f"{address}:{PORT}"
    named = ["--sni", domain] if domain else []
    words = ["--mozilla_config", "intermediate", *trust, *named, target]
    _, out, err = run(NAME, "sslyze", words)
    return judge(out, err, domain)


def judge(output: str, errors: str = "", domain: str = "") -> Finding:
    """From the last section of what it prints. Raises ProgramError."""
    section = output.upper().rfind("COMPLIANCE AGAINST TLS CONFIGURATION")
    told = output[section:] if section >= 0 else ""
    is_met = "OK - Compliant" in told
    if not is_met and "FAILED - Not compliant" not in told:
        raise ProgramError(f"sslyze gave no verdict: {last_line(errors, told, output)}")
    issues = [match[1] for line in told.splitlines() if (match := ISSUE.match(line))]
    return judged(
        f"{NAME} {domain}".strip(),
        TARGET,
        float(len(issues)),
        "compliant" if is_met else f"{len(issues)} points are not",
        issues,
        met=is_met,
    )

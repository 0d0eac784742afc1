"""What is seen from outside: names, ports 80 and 443, the certificate there."""

import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

PORTS = (80, 443)
PATIENCE = 3  # seconds for a connection
EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED


@dataclass(frozen=True)
class Name:
    """What a name leads to."""

    addresses: frozenset[str] = frozenset()
    problem: str = ""


@dataclass(frozen=True)
class Certificate:
    """The one that port 443 shows for a name."""

    expires: float | None = None
    """Seconds since 1970; None: it was not trusted, so it was not read."""
    is_expired: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Network:
    """The answers of the network."""

    host: Name = Name()
    domains: dict[str, Name] = field(default_factory=dict)
    ports: dict[int, str] = field(default_factory=dict)
    """`open`, `refused`, or why there was no answer."""
    certificates: dict[str, Certificate] = field(default_factory=dict)
    """By domain."""
    by_way_of: str = ""
    """A jump host or proxy command of ssh: the host's address may mean nothing from here."""


def look(hostname: str, by_way_of: str, domains: list[str]) -> Network:
    """Ask the resolver and the ports, all at once. A look takes a few seconds at most."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        host = pool.submit(resolve, hostname)
        names = {domain: pool.submit(resolve, domain) for domain in domains}
        ports = {port: pool.submit(knock, hostname, port) for port in PORTS}
        told = {port: answer.result() for port, answer in ports.items()}
        shown = {
            domain: pool.submit(certificate, hostname, domain)
            for domain in domains
            if told[443] == "open"
        }
        return Network(
            host=host.result(),
            domains={domain: name.result() for domain, name in names.items()},
            ports=told,
            certificates={domain: found.result() for domain, found in shown.items()},
            by_way_of=by_way_of,
        )


def resolve(name: str) -> Name:
    """The addresses of a name; an address is its own."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return Name(problem=str(error.strerror if isinstance(error, OSError) else error))
    return Name(frozenset(str(address[0]) for *_, address in found))


def knock(hostname: str, port: int) -> str:
    """Whether somebody answers there."""
    try:
        socket.create_connection((hostname, port), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return f"no answer within {PATIENCE} s"
    except (OSError, UnicodeError) as error:
        return str(error)
    return "open"


def certificate(hostname: str, domain: str, port: int = 443) -> Certificate:
    """What it shows for a domain, held against this machine's certificate authorities."""
    try:
        with (
            socket.create_connection((hostname, port), timeout=PATIENCE) as line,
            ssl.create_default_context().wrap_socket(line, server_hostname=domain) as tls,
        ):
            shown = tls.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return Certificate(None, error.verify_code == EXPIRED, error.verify_message)
    except OSError as error:
        return Certificate(problem=str(error))
    return Certificate(float(ssl.cert_time_to_seconds(str(shown["notAfter"]))))


def way_of_ssh(command: list[str], address: str) -> tuple[str, str]:
    """The name or address that ssh really goes to, and what it goes through, if anything."""
    told = told_by_ssh(command)
    through = [told.get("proxyjump", "none"), told.get("proxycommand", "none")]
    return told.get("hostname", address), next((way for way in through if way != "none"), "")


def told_by_ssh(command: list[str]) -> dict[str, str]:
    """What `ssh -G` comes to from its configuration, by keyword; it connects to nobody."""
    try:
        done = subprocess.run(
            [command[0], "-G", *command[1:]], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return {}
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)

"""The guest's APT sources, taken from this machine's own so that both use the same mirror.

Formats: sources.list(5), the one-line style and the deb822 style.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

_LINE = re.compile(
    r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#]+)"
)


@dataclass(frozen=True)
class Source:
    """One archive and the suites taken from it, component `main` only."""

    uri: str
    suites: tuple[str, ...]


def read_controller(root: Path = Path("/etc/apt")) -> list[tuple[str, str]]:
    """Return name and text of this machine's own source files."""
    folder = root / "sources.list.d"
    files = [
        root / "sources.list",
        *sorted(folder.glob("*.list")),
        *sorted(folder.glob("*.sources")),
    ]
    return [(path.name, path.read_text(errors="replace")) for path in files if path.is_file()]


def choose(files: Iterable[tuple[str, str]], suite: str) -> list[Source]:
    """Return Debian's own archives of the release `suite` that the files name, or the default.

    Third-party archives are left out, Debian's other releases too.
    """
    found: list[Source] = []
    for name, text in files:
        found += _parse_deb822(text) if name.endswith(".sources") else _parse_lines(text)
    wanted = {suite, f"{suite}-updates", f"{suite}-security"}
    kept = [
        Source(source.uri, suites)
        for source in found
        if (suites := tuple(item for item in source.suites if item in wanted))
    ]
    if any(suite in source.suites for source in kept):
        return list(dict.fromkeys(kept))
    return [Source(MIRROR, (suite, f"{suite}-updates")), Source(SECURITY, (f"{suite}-security",))]


def mirror(sources: Iterable[Source], suite: str) -> str:
    """Return the address debootstrap installs the release from."""
    return next((source.uri for source in sources if suite in source.suites), MIRROR)


def render(sources: Iterable[Source]) -> str:
    """Return the text of the guest's debian.sources."""
    return "\n".join(
        f"Types: deb\nURIs: {source.uri}\nSuites: {' '.join(source.suites)}\n"
        f"Components: main\nSigned-By: {KEYRING}\n"
        for source in sources
    )


def render_proxy(environment: Mapping[str, str]) -> str:
    """Return APT configuration for the proxies in the environment; empty without any."""
    lines = []
    for scheme in ("http", "https"):
        value = environment.get(f"{scheme}_proxy") or environment.get(f"{scheme.upper()}_PROXY")
        if not value:
            continue
        lines.append(f'Acquire::{scheme}::Proxy "{value}";')
        direct = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
        for item in filter(None, (part.strip().lstrip(".") for part in direct.split(","))):
            if re.fullmatch(r"[A-Za-z0-9.-]+", item):
                lines.append(f'Acquire::{scheme}::Proxy::{item} "DIRECT";')
    return "".join(f"{line}\n" for line in lines)


def _is_debian(uri: str, components: list[str], signed_by: str) -> bool:
    """Tell Debian's own archive from a third party's that has the same suite names."""
    if "main" not in components or urlsplit(uri).scheme not in ("http", "https"):
        return False
    if signed_by:
        return "debian-archive" in signed_by
    return urlsplit(uri).path.rstrip("/").rpartition("/")[2] in ("debian", "debian-security")


def _parse_lines(text: str) -> list[Source]:
    found = []
    for line in text.splitlines():
        match = _LINE.match(line.strip())
        if match is None:
            continue
        options = dict(item.partition("=")[::2] for item in (match["options"] or "").split())
        components = match["components"].split()
        if _is_debian(match["uri"], components, options.get("signed-by", "")):
            found.append(Source(match["uri"].rstrip("/"), (match["suite"],)))
    return found


def _parse_deb822(text: str) -> list[Source]:
    found = []
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if fields.get("enabled", "yes").lower() in ("no", "false", "off", "0", "disable"):
            continue
        if "deb" not in fields.get("types", "").split():
            continue
        suites = tuple(fields.get("suites", "").split())
        for uri in fields.get("uris", "").split():
            if _is_debian(uri, fields.get("components", "").split(), fields.get("signed-by", "")):
                found.append(Source(uri.rstrip("/"), suites))
    return found


def _fields(stanza: str) -> dict[str, str]:
    """Return the fields of a deb822 stanza, continuation lines joined by a space."""
    fields: dict[str, str] = {}
    last = ""
    for line in stanza.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0] in " \t" and last:
            fields[last] += f" {line.strip()}"
        elif ":" in line:
            key, _, value = line.partition(":")
            last = key.strip().lower()
            fields[last] = value.strip()
    return fields

"""nginx configuration for a private prefix: what `nginx -t` would open lies below it.

Every line stays the line that it was. Addresses to listen on become unix sockets, one for each, so
that no port has to be free or allowed, and two servers on one address still meet there.
"""

import re
from collections.abc import Iterator
from pathlib import Path

# A comment, a quoted word, an end, a word (ngx_conf_read_token).
TOKEN = re.compile(
    r"#[^\n]*"
    r"|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'"
    r"|[;{}]"
    r"|(?:\\.|\$\{[^}]*\}|[^\s;{}\\])+",
    re.DOTALL,
)
# What nginx makes for itself, which a plain user may not write where Debian's has it.
TEMPORARY = tuple(
    f"{kind}_temp_path" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)
WRITTEN = ("pid", "lock_file", "error_log", "access_log", "proxy_cache_path", *TEMPORARY)
CERTIFICATES = ("certificate", "trusted_certificate", "client_certificate")
PEERS = ("ssl", "proxy_ssl", "grpc_ssl", "uwsgi_ssl")
STANDING_IN = {f"{peer}_{kind}": "certificate.pem" for peer in PEERS for kind in CERTIFICATES}
STANDING_IN |= {f"{peer}_certificate_key": "key.pem" for peer in PEERS}
# Addresses that nginx would take; it says itself what is wrong with any other.
ADDRESS = re.compile(r"(?:(?:[A-Za-z0-9*._-]+|\[[0-9a-fA-F:.]+\]):)?([0-9]{1,5})|[a-z*][a-z0-9.-]*")
# Of addresses with a port only.
OF_PORTS = re.compile(r"ipv6only=(on|off)|reuseport")


class Copy:
    """The files of one configuration below one prefix."""

    def __init__(self, prefix: Path) -> None:
        self.prefix = prefix
        self.wants_certificates = False
        self.has_pid = False
        self._sockets: dict[str, Path] = {}

    def moved(self, text: str) -> str:
        """A configuration text with its paths below the prefix."""
        edits: list[tuple[int, int, str]] = []
        names = {words[0].group() for words, _ in directives(text)}
        for words, end in directives(text):
            name = words[0].group()
            if name == "http" and end.group() == "{":
                missing = [each for each in TEMPORARY if each not in names]
                lines = "".join(f" {each} {self.prefix}/{each};" for each in missing)
                edits.append((end.end(), end.end(), lines))
            for word in words[1:]:
                if OF_PORTS.fullmatch(word.group()) and name == "listen":
                    edits.append((*word.span(), ""))
            if len(words) > 1:
                edits.append((*words[1].span(), self._argument(name, words[1].group())))
        for start, stop, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[stop:]
        return text

    def read(self, text: str) -> str:
        """A message of nginx with the addresses that were given."""
        for address, path in self._sockets.items():
            text = text.replace(f"unix:{path}", address)
        return text

    def _argument(self, name: str, given: str) -> str:
        path = given.strip("\"'")
        self.has_pid |= name == "pid"
        if name == "listen":
            return self._listen(given, path)
        if name in STANDING_IN and "$" not in path:
            self.wants_certificates = True
            return str(self.prefix / STANDING_IN[name])
        if name in WRITTEN and path.startswith("/") and "$" not in path:
            moved = self.prefix / "written" / path.lstrip("/")
            moved.parent.mkdir(parents=True, exist_ok=True)
            return str(moved)
        if name == "include" and path.startswith("/etc/nginx/"):
            return f"{self.prefix}{path}"
        return given

    def _listen(self, given: str, address: str) -> str:
        if address.startswith("unix:"):
            key = address
        else:
            match = ADDRESS.fullmatch(address)
            if match is None or int(match[1] or 80) not in range(1, 65536):
                return given
            key = f"*:{address}" if address.isdecimal() else address
        known = self._sockets.setdefault(key, self.prefix / f"{len(self._sockets)}.sock")
        return f"unix:{known}"


def directives(text: str) -> Iterator[tuple[list[re.Match[str]], re.Match[str]]]:
    """The words of each directive, and the `;` or `{` that ends it."""
    words: list[re.Match[str]] = []
    for token in TOKEN.finditer(text):
        if token.group() in (";", "{", "}"):
            if words:
                yield words, token
            words = []
        elif not token.group().startswith("#"):
            words.append(token)

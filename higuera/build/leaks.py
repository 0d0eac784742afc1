"""Secrets that a build would hand to every browser: named before it runs, looked for after it.

Frameworks copy variables with certain prefixes into the code that browsers load (Next, Vite, Astro
and SvelteKit, Nuxt, Create React App, Gatsby, Expo). A secret that stands in one is public.
"""

import re
import tarfile
from base64 import b64encode
from collections.abc import Iterator
from json import dumps
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import zstandard

from higuera.errors import BuildError
from higuera.spec.dotenv import parse_dotenv
from higuera.spec.secrets import Secrets
from higuera.spec.stack import Stack

CLIENT = r"(?:NEXT_PUBLIC|VITE|PUBLIC|NUXT_PUBLIC|REACT_APP|GATSBY|EXPO_PUBLIC)_\w*"
NAME = re.compile(CLIENT)
ASSIGNMENT = re.compile(rf"""(?<![\w$]){"(" + CLIENT + ")"}=("[^"]*"|'[^']*'|[^\s;&|]*)""")
# Bytes. A shorter value is part of many a text by chance, so it is only compared as a whole.
SHORT = 8
# Next's own folder of what browsers load; it is one also where nginx does not serve it.
NEXT = ".next/static/"


def refuse_public_variables(stack: Stack, source: Path, files: list[str], secrets: Secrets) -> None:
    """Look at what a build reads: `.env` files of the source, `env`, the commands' assignments.

    The environment of this process needs no look, a build does not see it.
    Raises BuildError that names each variable, where it is, and whose value it holds.
    """
    given = [*_of_files(source, files), *_of_stack(stack)]
    found = [
        f"{name} ({where}) holds the value of the secret {secret}"
        for name, value, where in given
        for secret in secrets
        if NAME.fullmatch(name) and _shows(value, secrets.reveal(secret))
    ]
    if found:
        raise BuildError("\n".join(f"{line}, and every browser would get it" for line in found))


def refuse_public_secrets(stack: Stack, service: str, artifact: Path, secrets: Secrets) -> None:
    """Look for secrets in what browsers get of an artifact: plain, Base64, in a URL, in JSON.

    Raises BuildError that names each file and secret.
    """
    needles = {name: list(_forms(secrets.reveal(name))) for name in secrets}
    found = [
        f"services.{service}: the build put the secret {name} into {file}, which browsers get"
        for file, content in _public(stack, service, artifact)
        for name, forms in needles.items()
        if any(form in content for form in forms)
    ]
    if found:
        raise BuildError("\n".join(found))


def _of_files(source: Path, files: list[str]) -> Iterator[tuple[str, str, str]]:
    for file in files:
        path = source / file
        if not path.name.startswith(".env") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for name, entry in parse_dotenv(text, file, strict=False).items():
            yield name, entry.value, f"{file}:{entry.line}"


def _of_stack(stack: Stack) -> Iterator[tuple[str, str, str]]:
    commands = {f"services.{name}.build": service.build for name, service in stack.services.items()}
    if stack.install is not None:
        commands["install.run"] = stack.install.run
    for where, command in commands.items():
        for name, value in ASSIGNMENT.findall(command):
            yield name, value.strip("\"'"), where
    for key, service in stack.services.items():
        for name, value in service.env.items():
            yield name, value, f"services.{key}.env"


def _shows(text: str, secret: str) -> bool:
    if len(secret.encode()) < SHORT:
        return text == secret
    return any(form in text.encode() for form in _forms(secret))


def _forms(secret: str) -> Iterator[bytes]:
    """The ways to write a secret, and the password in it where it is a URL."""
    for text in (secret, _password(secret)):
        raw = text.encode()
        if len(raw) < SHORT:
            continue
        yield raw
        yield quote(text, safe="").encode()
        yield dumps(text)[1:-1].encode()
        for offset in range(3):  # whole characters of the value alone, wherever it starts
            coded = b64encode(b"-" * offset + raw).rstrip(b"=")[-(-offset * 8 // 6) : -1]
            yield coded
            yield coded.translate(bytes.maketrans(b"+/", b"-_"))


def _password(secret: str) -> str:
    try:
        return unquote(urlsplit(secret).password or "")
    except ValueError:
        return ""


def _public(stack: Stack, service: str, artifact: Path) -> Iterator[tuple[str, bytes]]:
    folders = tuple(f"{folder.rstrip('/')}/" for folder in stack.services[service].static.values())
    with (
        artifact.open("rb") as raw,
        zstandard.ZstdDecompressor().stream_reader(raw) as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        for member in tar:
            if member.isfile() and (member.name.startswith(folders) or NEXT in member.name):
                content = tar.extractfile(member)
                assert content is not None  # it is a file
                yield member.name, content.read()

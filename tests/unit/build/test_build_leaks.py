"""A secret that browsers would get is found before the build, or in what it made."""

import re
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from build_project import stack, write
from hypothesis import given, settings
from hypothesis import strategies as st

from higuera.build.artifact import pack
from higuera.build.leaks import refuse_public_secrets, refuse_public_variables
from higuera.errors import BuildError
from higuera.spec.secrets import Secrets

CANARY = 'canary/8f3b+"é'
URL = "postgresql://forms:pass-w0rd%21@db/forms"
SECRETS = Secrets({"SESSION_SECRET": CANARY, "PIN": "1234", "DATABASE_URL": URL})
STATIC = {"/_next/static/": "app/.next/static"}


def refused(source: Path, files: dict[str, str], **changes: Any) -> list[tuple[str, str, str]]:
    for name, text in files.items():
        write(source, name, text)
    try:
        refuse_public_variables(stack(**changes), source, sorted(files), SECRETS)
    except BuildError as error:
        assert CANARY not in str(error) and "1234" not in str(error)
        found = re.finditer(
            r"^(\w+) \((.*)\) holds the value of the secret (\w+),", str(error), re.M
        )
        return [(one[1], one[2], one[3]) for one in found]
    return []


@pytest.mark.parametrize(
    "name", ["NEXT_PUBLIC_A", "VITE_A", "PUBLIC_A", "NUXT_PUBLIC_A", "REACT_APP_A", "GATSBY_A"]
)
def test_a_variable_of_the_source(tmp_path: Path, name: str) -> None:
    text = f"API=x\n\nexport {name}='{CANARY}'\nSESSION_SECRET='{CANARY}'\n"
    assert refused(tmp_path, {"web/.env.production": text}) == [
        (name, "web/.env.production:3", "SESSION_SECRET")
    ]


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        (f"Bearer {CANARY}", "SESSION_SECRET"),
        (f"/?key={quote(CANARY, safe='')}", "SESSION_SECRET"),
        (b64encode(b"x" + CANARY.encode()).decode(), "SESSION_SECRET"),
        ("pass-w0rd!", "DATABASE_URL"),
        (URL, "DATABASE_URL"),
        ("1234", "PIN"),
    ],
)
def test_a_value_however_it_is_written(tmp_path: Path, value: str, secret: str) -> None:
    found = refused(tmp_path, {".env": f"VITE_A='{value}'\n"})
    assert found == [("VITE_A", ".env:1", secret)]


@pytest.mark.parametrize(
    "text",
    [
        f"A='{CANARY}'\n",
        f"MY_NEXT_PUBLIC_A='{CANARY}'\n",
        "VITE_A=forms\nVITE_B=12345\n",
        f"# VITE_A='{CANARY}'\nVITE_\n",
    ],
)
def test_what_is_no_leak(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, {".env": text, "web/env": f"VITE_A='{CANARY}'"}) == []


def test_what_the_stack_says(tmp_path: Path) -> None:
    found = refused(
        tmp_path,
        {},
        env={"NEXT_PUBLIC_A": "pass-w0rd!", "B": "pass-w0rd!"},
        build="export A=1; VITE_B='pass-w0rd!' NEXT_PUBLIC_PIN=1234; MY_VITE_B=1234 npm run build",
        install={"run": 'REACT_APP_C="1234" npm ci', "inputs": ["package.json"]},
    )
    assert sorted(set(found)) == [
        ("NEXT_PUBLIC_A", "services.api.env", "DATABASE_URL"),
        ("NEXT_PUBLIC_A", "services.web.env", "DATABASE_URL"),
        ("NEXT_PUBLIC_PIN", "services.web.build", "PIN"),
        ("REACT_APP_C", "install.run", "PIN"),
        ("VITE_B", "services.web.build", "DATABASE_URL"),
    ]


def built(tmp_path: Path, name: str, content: bytes) -> str:
    """What is said of an artifact with one file."""
    file = tmp_path / "made" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    artifact = pack(tmp_path / "made", tmp_path / "web.tar.zst")
    try:
        refuse_public_secrets(stack(static=STATIC), "web", artifact.path, SECRETS)
    except BuildError as error:
        return str(error)
    return ""


PUBLIC = "app/.next/static/chunks/a.js"


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (CANARY.encode(), "SESSION_SECRET"),
        (b'x="canary/8f3b+\\"\\u00e9"', "SESSION_SECRET"),
        (quote(CANARY, safe="").encode(), "SESSION_SECRET"),
        *((b64encode(b"." * n + CANARY.encode() + b"tail"), "SESSION_SECRET") for n in range(5)),
        (urlsafe_b64encode(b"." + CANARY.encode()), "SESSION_SECRET"),
        (b"const p='pass-w0rd!'", "DATABASE_URL"),
    ],
)
@pytest.mark.parametrize("name", [PUBLIC, "other/.next/static/b.css"])
def test_a_secret_in_what_browsers_get(
    tmp_path: Path, name: str, content: bytes, secret: str
) -> None:
    assert built(tmp_path, name, b"x" * 5000 + content + b"y") == (
        f"services.web: the build put the secret {secret} into {name}, which browsers get"
    )


def test_what_browsers_do_not_get(tmp_path: Path) -> None:
    assert built(tmp_path, "app/server/a.js", CANARY.encode()) == ""


def test_a_short_secret_is_no_leak(tmp_path: Path) -> None:
    assert built(tmp_path, PUBLIC, b"port 1234; forms; db") == ""


@settings(max_examples=50, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=20),
    st.binary(max_size=7),
    st.binary(max_size=7),
)
def test_base64_around_a_secret(secret: str, before: bytes, after: bytes) -> None:
    raw = before + secret.encode() + after
    changed = stack(env={"VITE_A": b64encode(raw).decode()})
    with pytest.raises(BuildError, match="secret A,"):
        refuse_public_variables(changed, Path(), [], Secrets({"A": secret}))

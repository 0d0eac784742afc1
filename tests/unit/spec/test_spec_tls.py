"""`tls:` and `redirects:` of an environment file: a word or a mapping, and what cannot be."""

from pathlib import Path

import pytest
import yaml
from spec_files import ENVIRONMENT, new_project

from higuera.errors import SpecError
from higuera.spec.environment import Environment
from higuera.spec.tls import LETS_ENCRYPT


def environment(text: str) -> Environment:
    return Environment.model_validate({"host": "h", **yaml.safe_load(text)})


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("tls: off", "off"),  # which YAML reads as false
        ('tls: "off"', "off"),
        ("tls: {mode: off}", "off"),
        ("tls: self-signed", "self-signed"),
        ("{domains: [a.example.com], tls: acme}", "acme"),
        ("{}", "off"),
    ],
)
def test_a_word_or_a_mapping(text: str, mode: str) -> None:
    assert environment(text).tls.mode == mode


def test_the_defaults_are_the_safe_ones() -> None:
    tls = environment("{domains: [a.example.com], tls: acme}").tls
    assert (tls.server, tls.until, tls.warn, tls.hsts) == (LETS_ENCRYPT, "http", 21, 63_072_000)


def test_names_of_a_certificate() -> None:
    found = environment("{domains: [a.b, c.d], redirects: {www.a.b: a.b}, tls: acme}")
    assert found.names == ["a.b", "c.d", "www.a.b"]


FAULTS = {
    "tls: acmee": "tls.mode: should be 'acme', 'files', 'self-signed' or 'off', got \"acmee\"",
    "tls: true": "tls: should hold keys and values, got true",
    "tls: acme": "tls: acme needs domains: nobody gives a certificate for an address",
    "tls: {mode: files}": "tls: files needs certificate (a path) and key (the name of a secret)",
    "tls: {mode: self-signed, key: A}": "tls: certificate and key are for mode: files",
    "tls: {mode: files, certificate: a, key: '-----BEGIN'}": "tls.key: should be the name of a",
    "tls: {server: http://x}": 'tls.server: "http://x" does not fit the pattern',
    "tls: {untill: http}": "tls.untill: unknown key (did you mean until?)",
    "{domains: [a.b], redirects: {a.b: a.b}}": "redirects.a.b: is one of the domains already",
    "{domains: [a.b], redirects: {w.b: c.d}}": "redirects.w.b: c.d is not one of the domains",
}


@pytest.mark.parametrize("text", FAULTS)
def test_faults_say_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    project = new_project(tmp_path, monkeypatch)
    project.write("production", {**ENVIRONMENT, **yaml.safe_load(text)})
    with pytest.raises(SpecError) as error:
        project.load()
    assert FAULTS[text] in str(error.value)
    assert str(error.value).startswith("inventory/production.yml")
    assert "BEGIN" not in str(error.value)

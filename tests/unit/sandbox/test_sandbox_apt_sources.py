"""Which of the controller's APT sources a guest gets."""

from pathlib import Path

import pytest

from higuera.sandbox import apt_sources
from higuera.sandbox.apt_sources import Source

DEB822 = """\
Types: deb
# a snapshot, for the record
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By:
 /usr/share/keyrings/debian-archive-keyring.gpg
"""

DEFAULT = [
    Source("http://deb.debian.org/debian", ("bookworm", "bookworm-updates")),
    Source("http://deb.debian.org/debian-security", ("bookworm-security",)),
]


def choose(text: str, name: str = "x.list") -> list[Source]:
    return apt_sources.choose([(name, text)], "bookworm")


def test_deb822_sources_are_taken_over() -> None:
    assert choose(DEB822, "debian.sources") == [
        Source("http://mirror.example/debian", ("bookworm", "bookworm-updates")),
        Source("http://mirror.example/debian-security", ("bookworm-security",)),
    ]


def test_one_line_sources_are_taken_over() -> None:
    text = (
        "# deb http://old.example/debian bookworm main\n"
        "deb [ arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] "
        "https://mirror.example/pool bookworm main contrib # ours\n"
        "deb http://mirror.example/debian-security/ bookworm-security main\n"
        "deb-src http://mirror.example/debian bookworm main\n"
    )
    assert choose(text) == [
        Source("https://mirror.example/pool", ("bookworm",)),
        Source("http://mirror.example/debian-security", ("bookworm-security",)),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "deb https://download.docker.example/linux/debian bookworm stable",
        "deb [signed-by=/etc/apt/keyrings/php.gpg] https://php.example/debian bookworm main",
        "deb https://pg.example/pub/repos/apt bookworm-pgdg main",
        "deb https://tool.example/apt bookworm main",
        "deb http://deb.debian.org/debian trixie main",
        "deb cdrom:[Debian 12]/debian bookworm main",
        "",
    ],
)
def test_third_parties_and_other_releases_leave_the_default_mirror(line: str) -> None:
    assert choose(f"{line}\n") == DEFAULT


def test_a_disabled_stanza_does_not_count() -> None:
    assert choose(f"Enabled: no\n{DEB822.split(chr(10) * 2)[0]}\n", "debian.sources") == DEFAULT


def test_updates_without_the_release_itself_leave_the_default_mirror() -> None:
    assert choose("deb http://mirror.example/debian bookworm-updates main\n") == DEFAULT


def test_debootstrap_uses_the_mirror_of_the_release() -> None:
    sources = choose(DEB822, "debian.sources")
    assert apt_sources.mirror(sources[::-1], "bookworm") == "http://mirror.example/debian"


def test_rendering_and_reading_again_is_the_same() -> None:
    assert choose(apt_sources.render(DEFAULT), "debian.sources") == DEFAULT


def test_the_controllers_files_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("one")
    (tmp_path / "sources.list.d/b.sources").write_text("three")
    (tmp_path / "sources.list.d/a.list").write_text("two")
    (tmp_path / "sources.list.d/a.list.save").write_text("never")
    assert [text for _, text in apt_sources.read_controller(tmp_path)] == ["one", "two", "three"]


def test_proxies_of_the_environment_reach_the_guests_apt() -> None:
    text = apt_sources.render_proxy(
        {"http_proxy": "http://proxy.example:3128", "no_proxy": ".example.org, 10.0.0.0/8"}
    )
    assert text == (
        'Acquire::http::Proxy "http://proxy.example:3128";\n'
        'Acquire::http::Proxy::example.org "DIRECT";\n'
    )
    assert apt_sources.render_proxy({}) == ""

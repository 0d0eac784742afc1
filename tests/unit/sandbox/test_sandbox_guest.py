"""What is written into a guest."""

import pytest

from higuera.sandbox import guest
from higuera.sandbox.model import Config

CONFIG = Config(
    name="demo",
    address="10.77.0.2",
    address6="fd77::2",
    gateway="10.77.0.1",
    prefix=24,
    base="bookworm-1",
    layer=None,
    machine_id="0" * 32,
)


def test_a_guest_knows_its_name_and_address() -> None:
    files = guest.identity_files(CONFIG, "nameserver 192.0.2.53\n")
    assert files["etc/hostname"] == "demo\n"
    assert "127.0.1.1 demo\n" in files["etc/hosts"]
    assert "    address 10.77.0.2/24\n    gateway 10.77.0.1\n" in files["etc/network/interfaces"]
    assert "    address fd77::2/64\n" in files["etc/network/interfaces"]
    assert files["etc/resolv.conf"] == "nameserver 192.0.2.53\n"


def test_proxy_configuration_is_written_only_where_there_is_a_proxy() -> None:
    assert "etc/apt/apt.conf.d/91sandbox-proxy" not in guest.base_files("", "")
    assert "etc/apt/apt.conf.d/91sandbox-proxy" in guest.base_files("", "x")


def test_sudoers_is_not_readable_by_others() -> None:
    assert guest.base_files("", "")["etc/sudoers.d/deploy"][1] == 0o440


def test_known_hosts_names_both_addresses_and_drops_the_comment() -> None:
    lines = guest.known_hosts(CONFIG, ["ssh-ed25519 AAAA root@somewhere\n", "ssh-rsa BBBB x\n"])
    assert lines == (
        "10.77.0.2,fd77::2,demo ssh-ed25519 AAAA\n10.77.0.2,fd77::2,demo ssh-rsa BBBB\n"
    )


@pytest.mark.parametrize(
    ("texts", "chosen"),
    [
        (["nameserver 192.0.2.53\n", "nameserver 192.0.2.1\n"], 0),
        (["nameserver 127.0.0.53\noptions edns0\n", "nameserver 192.0.2.1\n"], 1),
        (["nameserver ::1\n", "nameserver fe80::1%eth0\n"], 1),
        (["# nothing\n", "nameserver 192.0.2.1\n"], 1),
        (["nameserver 127.0.0.53\n"], 0),
    ],
)
def test_a_resolver_on_loopback_is_of_no_use_to_a_guest(texts: list[str], chosen: int) -> None:
    assert guest.resolver(texts) == texts[chosen]


def test_no_resolver_at_all_is_an_empty_file() -> None:
    assert guest.resolver([]) == ""

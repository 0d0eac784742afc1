"""Which network and addresses VPSes get."""

from ipaddress import IPv4Network

import pytest

from higuera.errors import SandboxError
from higuera.sandbox import docker, network


def test_the_first_free_network_is_taken() -> None:
    assert network.pick_subnet([]) == IPv4Network("10.77.0.0/24")
    taken = [IPv4Network("10.77.0.0/16"), IPv4Network("192.0.2.0/24")]
    assert network.pick_subnet(taken) == IPv4Network("10.78.0.0/24")


def test_a_machine_routed_to_all_of_ten_gets_a_network_elsewhere() -> None:
    subnet = network.pick_subnet([IPv4Network("10.0.0.0/8"), IPv4Network("172.17.0.0/16")])
    assert subnet == IPv4Network("172.24.77.0/24")


def test_a_machine_with_no_room_is_a_sentence() -> None:
    with pytest.raises(SandboxError, match="no private network is free"):
        network.pick_subnet([IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12")])


def test_addresses_begin_after_the_bridge_and_fill_gaps() -> None:
    subnet = IPv4Network("10.77.0.0/24")
    assert network.pick_address(subnet, set()) == "10.77.0.2"
    assert network.pick_address(subnet, {"10.77.0.2", "10.77.0.4"}) == "10.77.0.3"
    with pytest.raises(SandboxError, match="all addresses"):
        network.pick_address(subnet, {str(host) for host in subnet.hosts()})


def test_two_networks_never_share_an_ipv6_prefix() -> None:
    assert network.address6("10.77.0.2") == "fd77:6869:a:4d00::2"
    assert network.address6("10.78.0.254") == "fd77:6869:a:4e00::fe"


def test_the_ruleset_replaces_only_its_own_table() -> None:
    text = network.ruleset("higuera_sandbox", "higuera0", IPv4Network("10.77.0.0/24"))
    assert text.startswith("table inet higuera_sandbox\ndelete table inet higuera_sandbox\n")
    assert 'ip saddr 10.77.0.0/24 oifname != "higuera0" masquerade' in text
    assert "flush ruleset" not in text


def test_dockers_chain_lets_out_new_connections_and_in_only_answers() -> None:
    out, back = docker.rules("higuera0")
    assert out == ["-i", "higuera0", "-j", "ACCEPT"]
    assert "RELATED,ESTABLISHED" in back

"""The sandbox's network on this machine: a bridge, masquerading, forwarding, addresses."""

import contextlib
import ipaddress
import json
from pathlib import Path
from typing import Any

from higuera.errors import SandboxError
from higuera.sandbox import docker, paths
from higuera.sandbox.shell import read_json, run, write_json

Network4 = ipaddress.IPv4Network

FORWARD = Path("/proc/sys/net/ipv4/ip_forward")

# What ip_forward was. In /run: a reboot forgets both the setting and the note.
FORWARD_NOTE = Path("/run/higuera-sandbox.ip_forward")

CANDIDATES = [
    *(Network4(f"10.{second}.0.0/24") for second in range(77, 100)),
    *(Network4(f"172.{second}.77.0/24") for second in range(24, 32)),
]


def pick_subnet(taken: list[Network4]) -> Network4:
    """Return the first candidate that meets no network the host has a route to."""
    for candidate in CANDIDATES:
        if not any(candidate.overlaps(other) for other in taken):
            return candidate
    raise SandboxError("sandbox: no private network is free here (tried 10.77-99 and 172.24-31)")


def pick_address(subnet: Network4, taken: set[str]) -> str:
    """Return the first free address of the subnet; its first is the host's."""
    for address in list(subnet.hosts())[1:]:
        if str(address) not in taken:
            return str(address)
    raise SandboxError(f"sandbox: all addresses of {subnet} are taken; `higuera sandbox down` some")


def address6(address: str) -> str:
    """Return the private IPv6 address (RFC 4193) that goes with an IPv4 address.

    Its /64 comes from the first three numbers, so that two bridges never share one.
    """
    first, second, third, last = ipaddress.IPv4Address(address).packed
    return f"fd77:6869:{first:x}:{second:02x}{third:02x}::{last:x}"


def ruleset(table: str, bridge: str, subnet: Network4) -> str:
    """Return the nftables text that replaces the sandbox's table in one transaction."""
    return f"""\
table inet {table}
delete table inet {table}
table inet {table} {{
    chain postrouting {{
        type nat hook postrouting priority srcnat;
        ip saddr {subnet} oifname != "{bridge}" masquerade
    }}
    chain forward {{
        type filter hook forward priority filter;
        iifname "{bridge}" accept
        oifname "{bridge}" ct state established,related accept
    }}
}}
"""


def ensure() -> Network4:
    """Bring the network up unless it is, and return its subnet. The caller holds the lock."""
    bridge = paths.bridge()
    note = paths.state_dir() / "network.json"
    noted = read_json(note)
    if noted is not None:
        subnet = Network4(noted["subnet"])
    else:
        _remove_bridge()  # with no note of it nobody knows its addresses
        subnet = pick_subnet(routed_networks())
        write_json(note, {"subnet": str(subnet)})
    if not Path("/sys/class/net", bridge).exists():
        _add_bridge(bridge, subnet)
    _forward()
    run(
        ["nft", "-f", "-"],
        "add the sandbox's firewall table",
        stdin=ruleset(paths.nft_table(), bridge, subnet),
    )
    docker.admit(bridge)
    return subnet


def remove() -> None:
    """Take the network down and put ip_forward back. The caller holds the lock."""
    _remove_bridge()
    docker.dismiss(paths.bridge())
    if paths.nft_table() in _tables():
        run(["nft", "delete", "table", "inet", paths.nft_table()], "remove the firewall table")
    (paths.state_dir() / "network.json").unlink(missing_ok=True)
    others = [table for table in _tables() if table.startswith("higuera_sandbox")]
    if FORWARD_NOTE.exists() and not others:
        FORWARD.write_text(FORWARD_NOTE.read_text())
        FORWARD_NOTE.unlink()


def routed_networks() -> list[Network4]:
    """Return the IPv4 networks this machine has a route to, the default route left out."""
    found = []
    for route in _json(["ip", "-j", "-4", "route", "show", "table", "all"]):
        with contextlib.suppress(ValueError):  # `default`, and kinds of routes with no network
            found.append(Network4(route.get("dst", ""), strict=False))
    return found


def attach(interface: str) -> None:
    """Put a VPS's cable into the bridge."""
    run(["ip", "link", "set", interface, "master", paths.bridge()], f"plug in {interface}")


def detach(interface: str) -> None:
    """Pull a VPS's cable out of the bridge."""
    run(["ip", "link", "set", interface, "nomaster"], f"unplug {interface}")


def _add_bridge(bridge: str, subnet: Network4) -> None:
    first = next(iter(subnet.hosts()))
    what = f"make the bridge {bridge}"
    run(
        ["ip", "link", "add", bridge, "type", "bridge", "stp_state", "0", "forward_delay", "0"],
        what,
    )
    try:
        run(["ip", "address", "add", f"{first}/{subnet.prefixlen}", "dev", bridge], what)
        with contextlib.suppress(SandboxError):  # a machine without IPv6 still has VPSes
            run(
                ["ip", "address", "add", f"{address6(str(first))}/64", "dev", bridge, "nodad"], what
            )
        run(["ip", "link", "set", bridge, "up"], what)
    except BaseException:
        run(["ip", "link", "delete", bridge], what)
        raise


def _remove_bridge() -> None:
    bridge = paths.bridge()
    if Path("/sys/class/net", bridge).exists():
        run(["ip", "link", "delete", bridge], f"remove the bridge {bridge}")


def _forward() -> None:
    before = FORWARD.read_text()
    if not FORWARD_NOTE.exists():
        FORWARD_NOTE.write_text(before)
    if before.strip() != "1":
        FORWARD.write_text("1\n")


def _tables() -> set[str]:
    listed = _json(["nft", "-j", "list", "tables"])
    items = listed["nftables"] if isinstance(listed, dict) else []
    return {item["table"]["name"] for item in items if "table" in item}


def _json(argv: list[str]) -> Any:
    return json.loads(run(argv, f"read `{' '.join(argv)}`") or "[]")

"""Which IP addresses strangers may send us to."""

import asyncio
import ipaddress
import socket

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_INSIDE = (
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's host agent: a public address that only its guests reach
    ipaddress.IPv4Network("192.0.0.0/24"),  # Oracle's metadata service is here; older Pythons call it global
)


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to the public internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast and not any(ip in network for network in _INSIDE)
    inner = ipaddress.IPv4Address(ip.packed[-4:]) if ip in _NAT64 else ip.ipv4_mapped or ip.sixtofour
    if inner is not None:
        return is_public(str(inner))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_site_local)


async def resolve_name(host: str, port: int) -> list[str]:
    """Return a host's addresses, the system's favourite first; every spelling of an address is a name, too.

    Raises OSError or ValueError where there are none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))

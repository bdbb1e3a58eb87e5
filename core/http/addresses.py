"""Whose connection it is: the client's own address, also behind proxies that are trusted to name it, and what the client says it is."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable, Sequence

from aiohttp import web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_MAX_HOPS = 16
_LONGEST_AGENT = 200
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def reader(trusted_networks: Sequence[str]) -> Callable[[web.BaseRequest], str]:
    """A function that gives a request's client address.

    With no trusted networks it is the peer's. Else ``X-Forwarded-For`` is read from the right for as long as the hops are
    trusted, so that nothing a client writes into the header itself counts.

    Raises:
        ValueError: one of ``trusted_networks`` is not a network such as ``10.0.0.0/8``.
    """
    networks = tuple(ipaddress.ip_network(network) for network in trusted_networks)
    if not networks:
        return lambda request: request.remote or "unknown"

    @functools.lru_cache(maxsize=4096)
    def read(peer: str, forwarded: str) -> str:
        client = peer
        for hop in reversed(forwarded.split(",")[-_MAX_HOPS:]):
            if not _trusted(client, networks):
                break
            named = hop.strip()
            if _address(named) is None:
                break
            client = named
        return client

    def of_request(request: web.BaseRequest) -> str:
        forwarded = request.headers.getall("X-Forwarded-For", ())
        return read(request.remote or "unknown", ",".join(forwarded)[-1024:])

    return of_request


def inside(trusted_networks: Sequence[str]) -> Callable[[web.BaseRequest], bool]:
    """A function that says whether a request comes from this machine or from ``trusted_networks``.

    A request that somebody passed on counts as the client's that is named, and as outside when nobody trusted names one: a
    proxy on this machine that is missing in the settings does not open the door to the world.

    Raises:
        ValueError: one of ``trusted_networks`` is not a network such as ``10.0.0.0/8``.
    """
    client_of = reader(trusted_networks)
    networks = tuple(ipaddress.ip_network(network) for network in trusted_networks)

    def is_inside(request: web.BaseRequest) -> bool:
        forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"))
        client = client_of(request)
        if forwarded and ("X-Forwarded-For" not in request.headers or client == request.remote):
            return False
        return _trusted(client, (*networks, *_LOOPBACK))

    return is_inside


def user_agent(request: web.BaseRequest) -> str:
    """What the client says it is, as it may be kept: at most 200 characters, and none for bytes that are no text."""
    said = request.headers.get("User-Agent", "")[:_LONGEST_AGENT]
    return said.encode("utf-8", "replace").decode()


@functools.lru_cache(maxsize=4096)
def household(address: str) -> str:
    """What a limit by address counts: the IPv4 address, or the /64 an IPv6 client can pick its addresses from."""
    found = _address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.IPv6Network((found, 64), strict=False).network_address) + "/64"
    return address


def _trusted(text: str, networks: Sequence[Network]) -> bool:
    address = _address(text)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address is not None and any(address in network for network in networks)


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None

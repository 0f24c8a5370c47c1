"""Names to addresses, and whether an address may be dialled. What is judged here is what is dialled later.

Knows: the resolver, the special-purpose address blocks (through ``wire.address``) and what an ``Egress`` allows.
Must not know: URLs, HTTP. A name is looked up once; the addresses that come back are judged and handed on, so a name that
answers otherwise the second time (DNS rebinding) gains nothing.
"""

import asyncio
import ipaddress
import socket

from inspector.mirror.model import Egress, Failure, Trouble
from inspector.wire.address import HostScope, host_scope
from inspector.wire.clean import clean

LOOKUP = 5.0
"""Seconds that a lookup may take."""

MOST = 16
"""Addresses of one name that are looked at."""

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# What is inner although ipaddress (3.12 and 3.13 differ) or its looks say otherwise: IPv6 site-local (RFC 3879),
# local-use NAT64 (RFC 8215), documentation (RFC 9637), Azure's metadata and DNS address.
_INNER = tuple(
    ipaddress.ip_network(block)
    for block in ("fec0::/10", "64:ff9b:1::/48", "3fff::/20", "168.63.129.16/32", "192.0.0.0/24")
)
_SCOPES: dict[HostScope, str] = {
    "single-label": "internal",
    "internal-name": "internal",
}


async def resolve(host: str, port: int, egress: Egress) -> tuple[str, ...]:
    """The IP addresses to dial for ``host``, in order, IPv4 and IPv6 in turn; () when a proxy resolves.

    Failure(NAME) when it does not resolve, Failure(FORBIDDEN) when none of its addresses is allowed. Through a proxy only
    names and literals can be judged: what the far end resolves them to is the far end's.
    """
    host = host.strip("[]").rstrip(".").lower()
    if egress.proxy is not None:
        judge_name(host, egress)
        return ()
    found = await _looked_up(host, port)
    scopes = {address: scope_of(address) for address in found}
    allowed = tuple(
        address for address, scope in scopes.items() if scope == "public" or permits(egress, host, address)
    )
    if not allowed:
        scope = next(iter(scopes.values()))
        raise Failure(Trouble.FORBIDDEN, clean(host, 100), _refusal(scope, egress))
    return _in_turn(allowed)


def judge_name(host: str, egress: Egress) -> None:
    """Failure(FORBIDDEN) for a name or literal that by itself leads inward, unless it is allowed."""
    scope = host_scope(host)
    literal = _address(host)
    if literal is not None and scope == "public":
        scope = scope_of(str(literal))
    if scope != "public" and not permits(egress, host, str(literal) if literal else None):
        raise Failure(Trouble.FORBIDDEN, clean(host, 100), _refusal(scope, egress))


def scope_of(address: str) -> HostScope:
    """The scope of an IP address; ``private`` for everything that is not plainly public."""
    scope = host_scope(address)
    ip = _address(address)
    if ip is None or scope != "public":
        return "private" if scope == "public" else scope
    return "private" if any(ip in block for block in _INNER) else "public"


def permits(egress: Egress, host: str, address: str | None) -> bool:
    """Whether the configuration names this host, its address, or a network that holds the address."""
    ip = _address(address) if address else None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    for entry in egress.allow:
        name = entry.strip("[]").rstrip(".").lower()
        network = _network(name)
        if network is None:
            if name == host:
                return True
        elif ip is not None and ip in network:
            return True
    return False


async def lookup(host: str, port: int) -> list[str]:
    """What the system's resolver says: IP addresses, a link-local one with its zone. OSError when it says nothing."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(entry[4][0]) for entry in found]


async def unjudged(host: str, port: int) -> list[str]:
    """The addresses of a host that the configuration itself names: a proxy. Failure(NAME) when it does not resolve."""
    return await _looked_up(host.strip("[]"), port)


async def _looked_up(host: str, port: int) -> list[str]:
    literal = _address(host)
    if literal is not None:
        return [host]
    try:
        async with asyncio.timeout(LOOKUP):
            found = await lookup(host, port)
    except TimeoutError:
        raise Failure(Trouble.NAME, clean(host, 100), "the name did not resolve in time") from None
    except (OSError, UnicodeError):  # UnicodeError: a label that no DNS name can have
        found = []
    unique = list(dict.fromkeys(found))[:MOST]
    if not unique:
        raise Failure(Trouble.NAME, clean(host, 100), "the name does not resolve")
    return unique


def _in_turn(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """RFC 8305 section 4: the families in turn, beginning with that of the first."""
    first = [a for a in addresses if (":" in a) == (":" in addresses[0])]
    other = [a for a in addresses if (":" in a) != (":" in addresses[0])]
    mixed: list[str] = []
    for position in range(max(len(first), len(other))):
        mixed += first[position : position + 1] + other[position : position + 1]
    return tuple(mixed)


def _refusal(scope: HostScope, egress: Egress) -> str:
    kind = _SCOPES.get(scope, scope)
    return f"this leads to {'an' if kind[0] in 'aeiou' else 'a'} {kind} address, which is not allowed for {egress.upstream}"


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None

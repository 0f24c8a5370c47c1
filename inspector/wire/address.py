"""What a host name or address says about where it leads, without asking a resolver.

Knows: the special-purpose address blocks and names (RFC 6890, RFC 6761, RFC 6762). Must not know: DNS.
"""

import ipaddress
import re
from functools import lru_cache
from typing import Literal

type HostScope = Literal[
    "public", "private", "loopback", "link-local", "unspecified", "single-label", "internal-name"
]

_LONGEST = 1024

# Names that only a local resolver knows: mDNS, home.arpa, ICANN's .internal, Kubernetes and customary company names.
_INTERNAL_SUFFIXES = (
    ".local", ".internal", ".svc", ".cluster.local", ".localdomain", ".home.arpa", ".lan", ".intranet", ".corp", ".home",
)  # fmt: skip

# inet_aton's forms, which many clients accept: a.b.c.d, a.b.c, a.b, a; each part decimal, 0octal or 0xhex.
_ATON = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}")

# RFC 6598: carrier NAT, neither global nor, for ipaddress, private.
_SHARED = ipaddress.ip_network("100.64.0.0/10")
# RFC 6052: the last 32 bits are an IPv4 address.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

_PORT = re.compile(r"([^:]*|\[[^\]]*\]):[0-9]{0,5}")


def host_scope(host: str) -> HostScope:
    """The scope of a host: a name or an address; brackets, zone, port and trailing dot are let pass.

    ``unspecified`` also stands for an empty host, which leads nowhere.
    """
    return _scope(host[:_LONGEST].strip().lower())


@lru_cache(maxsize=1024)
def _scope(host: str) -> HostScope:
    port = _PORT.fullmatch(host)
    name = (port[1] if port else host).removeprefix("[").removesuffix("]").removesuffix(".")
    address = _address(name)
    if address is not None:
        return _address_scope(address)
    if not name:
        return "unspecified"
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761 section 6.3
        return "loopback"
    if name.endswith(_INTERNAL_SUFFIXES):
        return "internal-name"
    return "public" if "." in name else "single-label"


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return _aton(name)


def _aton(name: str) -> ipaddress.IPv4Address | None:
    """An address in inet_aton's short, octal or hexadecimal forms."""
    if len(name) > 64 or _ATON.fullmatch(name) is None:
        return None
    try:
        *firsts, last = [_number(part) for part in name.split(".")]
    except ValueError:
        return None
    room = 4 - len(firsts)  # the last part fills all the bytes that are left
    if any(part > 255 for part in firsts) or last >= 256**room:
        return None
    value = last
    for position, part in enumerate(firsts):
        value |= part << (24 - 8 * position)
    return ipaddress.IPv4Address(value)


def _number(part: str) -> int:
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") and len(part) > 1 else int(part)


def _address_scope(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> HostScope:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and 1 < int(address) < 2**32:  # ::a.b.c.d, deprecated by RFC 4291
            inner = ipaddress.IPv4Address(int(address))
        if inner is not None:
            return _address_scope(inner)
    if address.is_unspecified:
        return "unspecified"
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if isinstance(address, ipaddress.IPv4Address) and (address in _SHARED or int(address) >> 24 == 0):
        return "private" if address in _SHARED else "unspecified"  # 0.0.0.0/8 means this host
    if address.is_private or address.is_multicast or address.is_reserved:
        return "private"
    return "public"

"""Where one stack lives: a temporary folder, and a loopback /24 of its own.

Knows: names, addresses, ports, the hosts files. Must not know: what runs there.

Every stack takes a free ``127.31.N.0/24``, so ports never collide: two checkouts may run at once, beside any other
registry on this machine. The machine's own /etc/hosts is not touched: a process that must reach the hub gets a mount
namespace with a hosts file of its own (``procs.private``).
"""

import random
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

REGISTRY = "registry-1.docker.io"
AUTH = "auth.docker.io"
CDN = "production.cloudflare.docker.com"
DEAD = "dead.test"  # resolves; nothing listens there
MIRROR = "mirror.test"  # a mirror that never has what it is asked for
OURS = "pull.test"  # our own mirror, in front of the hub
SECOND = "second.pull.test"  # another of its names
TUNNEL = "tunnel.test"  # what the certificate of a trojan server names; does not resolve
NOWHERE = "nowhere.invalid"  # does not resolve (RFC 6761 §6.4)

INNER, REGISTRY_AT, AUTH_AT, CDN_AT, CUTTER_AT, OURS_AT, OURS_INNER, DEAD_AT = 1, 2, 3, 4, 5, 6, 7, 9
STORE_AT, TROJAN_AT, MICROSOCKS_AT, TINYPROXY_AT = 8, 10, 11, 12
NOT_THERE = 0
REGISTRY_PORT, TOKEN_PORT, PROXY_PORT = 5000, 5001, 8080


@dataclass(frozen=True)
class Place:
    """The folder and the /24. ``claim`` is the socket that keeps the /24 ours as long as it is open."""

    root: Path
    net: str
    claim: socket.socket = field(repr=False)

    def at(self, last: int) -> str:
        """The address of the /24 with this last octet."""
        return f"{self.net}.{last}"

    def folder(self, *names: str) -> Path:
        """A folder below the root, made if it is not there."""
        path = self.root.joinpath(*names)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def proxy(self) -> str:
        """The URL at which every recording proxy of this stack listens, one after the other."""
        return f"http://{self.at(INNER)}:{PROXY_PORT}"

    @property
    def log(self) -> Path:
        return self.folder("log")

    @property
    def pki(self) -> Path:
        return self.folder("pki")

    def hosts(self, lead: Mapping[str, int] = MappingProxyType({})) -> Path:
        """A hosts file in which the hub's names lead to the hub, or to the last octets that ``lead`` names.

        A name that leads to ``NOT_THERE`` does not resolve.
        """
        names = {
            REGISTRY: REGISTRY_AT,
            MIRROR: REGISTRY_AT,
            OURS: OURS_AT,
            SECOND: OURS_AT,
            AUTH: AUTH_AT,
            CDN: CDN_AT,
            DEAD: DEAD_AT,
        } | dict(lead)
        path = self.folder("hosts") / (
            "-".join(f"{name}.{last}" for name, last in sorted(lead.items())) or "plain"
        )
        lines = ["127.0.0.1 localhost", *(f"{self.at(last)} {name}" for name, last in names.items() if last)]
        path.write_text("\n".join(lines) + "\n")
        return path

    def resolv_conf(self) -> Path:
        """A resolver that refuses at once: a name outside the hosts file must not wait for, or ask, a real one."""
        path = self.root / "resolv.conf"
        path.write_text(f"nameserver {self.at(DEAD_AT)}\noptions timeout:1 attempts:1\n")
        return path


def settle(root: Path) -> Place:
    """Take a free loopback /24 for a stack in ``root``."""
    for number in random.sample(range(1, 255), 40):
        net = f"127.31.{number}"
        claim = socket.socket()
        try:
            claim.bind((f"{net}.{INNER}", 1))
            with closing(socket.socket()) as edge:
                edge.bind((f"{net}.{REGISTRY_AT}", 443))
        except OSError:
            claim.close()
            continue
        return Place(root=root, net=net, claim=claim)
    raise RuntimeError("no free 127.31.N.0/24 with port 443 found")

"""An internet of the test's own, under the real sockets of this process: names, public addresses, and who dialled what.

Knows: asyncio's ``sock_connect`` and ``socket.getaddrinfo``, which it stands in for. Must not know: HTTP, the mirror.
A name has the addresses that the test gives it, and others at the next question if it says so. A public address leads to a
server on loopback; one that leads nowhere refuses, so that nothing ever leaves the machine. Every dial is written down.
"""

import errno
import ipaddress
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from typing import Any

import pytest

type Place = tuple[str, int]


class Net:
    """``names``: host -> the addresses that each question gets, in turn; the last answer stays. ``dialled``: what was tried."""

    def __init__(self) -> None:
        self.names: dict[str, list[list[str]]] = {"localhost": [["127.0.0.1"]]}
        self.asked: list[str] = []
        self.dialled: list[Place] = []
        self.own: set[int] = set()
        self._routes: dict[Place, Place] = {}
        self._public = ipaddress.ip_address(
            "11.0.0.0"
        )  # a block that is global, and not lent to anyone's tests

    def route(self, address: str, port: int, to: Place) -> None:
        """What is dialled at ``address`` and ``port`` reaches the server ``to``."""
        self._routes[address, port] = to

    def name(self, host: str, port: int, to: Place) -> str:
        """A public address for a host, whose ``port`` is the server ``to``."""
        if host not in self.names:
            self._public += 1
            self.names[host] = [[str(self._public)]]
        address = self.names[host][0][0]
        self.route(address, port, to)
        return address

    def dialled_by_mirror(self) -> set[str]:
        """The addresses that were dialled, but for those of the mirrors themselves."""
        return {address for address, port in self.dialled if port not in self.own}

    def lookup(self, real: Any, host: str, port: int, *more: int) -> Any:
        """getaddrinfo: what the test says, and what the C library makes of numbers (0x7f.1, 2130706433)."""
        self.asked.append(host)
        family, kind, proto, flags = (*more, 0, 0, 0, 0)[:4]
        if host not in self.names:
            return real(host, port, family, kind, proto, flags | socket.AI_NUMERICHOST)
        answers = self.names[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [entry for address in found for entry in real(address, port, 0, socket.SOCK_STREAM)]

    def leads(self, address: str, port: int) -> Place:
        """Where a dial ends; ConnectionRefusedError for what is not in this internet."""
        self.dialled.append((address, port))
        to = self._routes.get((address, port))
        if to is None and not ipaddress.ip_address(address.partition("%")[0]).is_loopback:
            raise ConnectionRefusedError(errno.ECONNREFUSED, "nothing is there")
        return to or (address, port)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Net:
    """The internet of this test."""
    made = Net()
    real_lookup, real_connect = socket.getaddrinfo, BaseSelectorEventLoop.sock_connect

    def getaddrinfo(host: Any, port: Any, *more: int, **named: int) -> Any:
        if not isinstance(host, str) or named:
            return real_lookup(host, port, *more, **named)
        return made.lookup(real_lookup, host, port, *more)

    async def sock_connect(loop: BaseSelectorEventLoop, sock: socket.socket, address: Any) -> None:
        host, port = made.leads(*address[:2])
        mapped = sock.family is socket.AF_INET6 and ":" not in host
        await real_connect(loop, sock, (f"::ffff:{host}" if mapped else host, port))

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(BaseSelectorEventLoop, "sock_connect", sock_connect)
    return made

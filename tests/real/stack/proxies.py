"""Proxies between a mirror and its upstreams: trojan (client and server), microsocks and tinyproxy, as people run them.

Knows: how each is configured and started, how its log names whom it connected to. Must not know: mirrors, what a test expects.
Only the far end can resolve the hub's names, and there the CDN's leads to the line that a test may cut.
"""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from stack.place import (
    AUTH,
    CDN,
    CUTTER_AT,
    INNER,
    MICROSOCKS_AT,
    NOT_THERE,
    REGISTRY,
    REGISTRY_PORT,
    TINYPROXY_AT,
    TROJAN_AT,
    TUNNEL,
    Place,
)
from stack.procs import Service, environment, listens, private

NO_NAMES = {REGISTRY: NOT_THERE, AUTH: NOT_THERE, CDN: NOT_THERE}
FAR_END = {CDN: CUTTER_AT}
USER, PASSWORD, WRONG = "porter", "op3n-S3same", "op3n-W1ndow"
SOCKS_PORT, TROJAN_PORT, HTTP_PORT = 1080, 8443, 8888

_CONNECTED = re.compile(r"(?:CONNECT |connected to |requested connection to )([a-z0-9.-]+):443\b")


@dataclass(frozen=True)
class Proxy:
    """``url`` is the mirror's setting; ``service`` its far end."""

    url: str
    service: Service

    def asked(self) -> set[str]:
        """The names that it was asked to connect to."""
        return set(_CONNECTED.findall(self.service.log.read_text(errors="replace")))


def kept_quiet(log: Path, printed: str) -> None:
    """Assert that no password of a proxy stands in a mirror's log or in what a client printed."""
    said = log.read_text() + printed
    for password in (PASSWORD, WRONG):
        assert password not in said
        assert base64.b64encode(f"{USER}:{password}".encode()).decode() not in said
    assert "Traceback" not in said


def resolves(place: Place, name: str, lead: dict[str, int]) -> bool:
    """Whether ``name`` resolves for a process that is started with ``lead``."""
    argv = private(place, ["getent", "hosts", name], lead)
    return subprocess.run(argv, env=environment(place), capture_output=True, check=False).returncode == 0


@contextmanager
def _running(
    place: Place, name: str, argv: list[str], at: tuple[str, int], lead: dict[str, int]
) -> Iterator[Service]:
    log = place.folder("proxies") / f"{name}.log"
    log.unlink(missing_ok=True)
    service = Service(private(place, argv, lead), log=log, env=environment(place))
    try:
        service.wait_for(listens(*at))
        yield service
    finally:
        service.stop()


@contextmanager
def microsocks(place: Place, password: str = PASSWORD) -> Iterator[Proxy]:
    """SOCKS5 with a user and ``PASSWORD``; the mirror has ``password``."""
    at = place.at(MICROSOCKS_AT)
    words = ("-i", at, "-p", str(SOCKS_PORT), "-b", at, "-u", USER, "-P", PASSWORD)
    with _running(place, "microsocks", ["microsocks", *words], (at, SOCKS_PORT), FAR_END) as far:
        yield Proxy(f"socks5://{USER}:{quote(password)}@{at}:{SOCKS_PORT}", far)


@contextmanager
def tinyproxy(place: Place, password: str = PASSWORD) -> Iterator[Proxy]:
    """HTTP CONNECT with Basic authentication."""
    at = place.at(TINYPROXY_AT)
    conf = place.folder("proxies") / "tinyproxy.conf"
    conf.write_text(
        f"Listen {at}\nPort {HTTP_PORT}\nBind {at}\nBasicAuth {USER} {PASSWORD}\nConnectPort 443\n"
        "LogLevel Info\nTimeout 600\nMaxClients 100\nDisableViaHeader Yes\n"
    )
    argv = ["tinyproxy", "-d", "-c", str(conf)]
    with _running(place, "tinyproxy", argv, (at, HTTP_PORT), FAR_END) as far:
        yield Proxy(f"http://{USER}:{quote(password)}@{at}:{HTTP_PORT}", far)


@contextmanager
def trojan(place: Place, password: str = PASSWORD) -> Iterator[Proxy]:
    """SOCKS5 at a trojan client, TLS to a trojan server, and on from there.

    Whoever has another password is led to a web server, here distribution: so trojan hides.
    """
    at, folder, log_all = place.at(TROJAN_AT), place.folder("proxies"), 1
    server = {
        "run_type": "server",
        "local_addr": at,
        "local_port": TROJAN_PORT,
        "remote_addr": place.at(INNER),
        "remote_port": REGISTRY_PORT,
        "password": [PASSWORD],
        "log_level": log_all,
        "ssl": {"cert": f"{place.pki}/tunnel.crt", "key": f"{place.pki}/tunnel.key", "alpn": ["http/1.1"]},
    }
    client = {
        "run_type": "client",
        "local_addr": at,
        "local_port": SOCKS_PORT,
        "remote_addr": at,
        "remote_port": TROJAN_PORT,
        "password": [password],
        "log_level": log_all,
        "ssl": {"cert": f"{place.pki}/ca.crt", "sni": TUNNEL, "verify": True, "verify_hostname": True},
    }
    for name, config in (("server", server), ("client", client)):
        (folder / f"trojan-{name}.json").write_text(json.dumps(config))

    def end(name: str) -> list[str]:
        return ["trojan", "-c", str(folder / f"trojan-{name}.json")]

    with (
        _running(place, "trojan-server", end("server"), (at, TROJAN_PORT), FAR_END) as far,
        _running(place, "trojan-client", end("client"), (at, SOCKS_PORT), NO_NAMES),
    ):
        yield Proxy(f"socks5://{at}:{SOCKS_PORT}", far)


WAYS = {"trojan": trojan, "microsocks": microsocks, "tinyproxy": tinyproxy}

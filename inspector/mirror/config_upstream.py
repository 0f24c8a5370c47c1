"""The part of the configuration that is about upstreams: addresses, proxies, what may be reached, credentials.

Knows: what each setting takes. Must not know: where words come from, the mirror's other settings.
"""

import ipaddress
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from inspector.mirror.config_reader import Key, Reader, Words
from inspector.mirror.model import Credentials, Egress, Origin, Proxy, Secret, Upstream
from inspector.mirror.request import valid_host
from inspector.wire.reference import DOCKER_HUB, DOCKER_HUB_HOSTS

_UPSTREAM = frozenset(
    (
        "addresses",
        "hosts",
        "realms",
        "proxy",
        "allow_private",
        "library",
        "username",
        "password_file",
        "password_env",
    )
)
_DIRECT = "direct"
_HUB = "https://registry-1.docker.io"


def upstreams(words: Words, read: Reader, ca: str | None, insecure: bool) -> tuple[Upstream, ...]:
    tables = words.get("upstream", {})
    if not isinstance(tables, Mapping):
        read.wrong(("upstream",), 'is a table: [upstream."ghcr.io"]')
        return ()
    allow = _allowed(words, read, ())
    proxy = _proxy(words, read, ())
    found = []
    for written, table in tables.items():
        at = ("upstream", written)
        name = DOCKER_HUB if written.lower() in DOCKER_HUB_HOSTS else written.lower()
        if not isinstance(table, Mapping):
            read.wrong(at, f'is a table: [upstream."{written}"]')
        elif not valid_host(name):
            read.wrong(at, "is no name of a registry: host or host:port")
        else:
            read.unknown(table, _UPSTREAM, at)
            own = _proxy(table, read, at) if "proxy" in table else proxy
            origins = _origins(table, read, at, name)
            inner = (*(origin.host for origin in origins), *allow, *_allowed(table, read, at))
            egress = Egress(upstream=name, allow=inner, proxy=own, ca=ca, insecure=insecure)
            found.append(_upstream(table, read, at, name, origins, egress))
    return tuple(found)


def _upstream(
    table: Words, read: Reader, at: Key, name: str, origins: tuple[Origin, ...], egress: Egress
) -> Upstream:
    return Upstream(
        name=name,
        origins=origins,
        egress=egress,
        hosts=hosts(table, read, at),
        realms=read.texts(table, "realms", at),
        library=read.flag(table, "library", name == DOCKER_HUB, at),
        credentials=_credentials(table, read, at),
    )


def _origins(table: Words, read: Reader, at: Key, name: str) -> tuple[Origin, ...]:
    written = read.texts(table, "addresses", at) or (_HUB if name == DOCKER_HUB else f"https://{name}",)
    found = []
    for text in written:
        parsed = parse_origin(text)
        if parsed is None:
            read.wrong((*at, "addresses"), "is scheme://host[:port] with http or https, and nothing more")
        else:
            found.append(parsed)
    return tuple(found)


def parse_origin(text: str) -> Origin | None:
    """``https://host:port`` as an origin; None for anything else, also with a path or a user."""
    try:
        parts = urlsplit(text if "//" in text else f"https://{text}")
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    plain = parts.path in {"", "/"} and not parts.query and not parts.fragment and "@" not in parts.netloc
    if (
        parts.scheme not in {"http", "https"}
        or not plain
        or not valid_host(f"[{host}]" if ":" in host else host)
    ):
        return None
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    return Origin(scheme=scheme, host=host, port=port or (443 if scheme == "https" else 80))


def _proxy(table: Words, read: Reader, at: Key) -> Proxy | None:
    text = read.text(table, "proxy", at)
    if text is None or text == _DIRECT:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    scheme = "socks5" if parts.scheme in {"socks5", "socks5h"} else parts.scheme
    default = {"socks5": 1080, "http": 8080, "https": 443}.get(scheme)
    if default is None or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        read.wrong((*at, "proxy"), 'is socks5://, http:// or https://[user:password@]host:port, or "direct"')
        return None
    user = (
        Credentials(username=unquote(parts.username), password=Secret(unquote(parts.password or "")))
        if (parts.username)
        else None
    )
    kind: Any = scheme
    return Proxy(scheme=kind, host=parts.hostname, port=port or default, credentials=user)


def _allowed(table: Words, read: Reader, at: Key) -> tuple[str, ...]:
    found = []
    for text in read.texts(table, "allow_private", at):
        try:
            found.append(str(ipaddress.ip_network(text)))
        except ValueError:
            if "/" in text or not valid_host(text.lower()) or ":" in text:
                read.wrong((*at, "allow_private"), f"{text!r} is no host name, address or network")
            else:
                found.append(text.lower())
    return tuple(found)


def _credentials(table: Words, read: Reader, at: Key) -> Credentials | None:
    user = read.text(table, "username", at)
    variable = read.text(table, "password_env", at)
    password = read.file(table, "password_file", at)
    if variable is not None:
        password = read.environ.get(variable)
        if password is None:
            read.wrong((*at, "password_env"), f"the environment has no {variable}")
    if password is not None and user is None:
        read.wrong((*at, "username"), "is missing beside the password")
    if user is not None and password is None and not table.get("password_file") and not variable:
        read.wrong((*at, "username"), "needs a password_file or a password_env")
    if user is None or password is None:
        return None
    return Credentials(username=user, password=Secret(password.splitlines()[0] if password else ""))


def hosts(words: Words, read: Reader, at: Key = ()) -> tuple[str, ...]:
    """Names of the mirror: all, or those under which one upstream is served."""
    found = tuple(text.lower().rstrip(".") for text in read.texts(words, "hosts", at))
    for host in found:
        if not valid_host(host) or ":" in host:
            read.wrong((*at, "hosts"), f"{host!r} is no host name (without a port)")
    return found

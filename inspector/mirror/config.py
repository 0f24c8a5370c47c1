"""From words to ``Settings``: what the options and the TOML file say, checked. Every mistake is one line with its place.

Knows: what each setting takes. Must not know: where words come from (``config_file``), mitmproxy. A password never stands in a
mistake. The shape, as in the file; everything may be left out::

    default = "docker.io"           # upstream for names without a prefix
    auth = "relay"                  # relay, own, pass
    redirects = "follow"            # follow, rewrite, pass
    hosts = ["mirror.example"]      # names of this mirror; other Hosts are refused
    public = "https://mirror.example"
    trusted_proxies = ["10.0.0.0/8"]
    htpasswd = "users"              # own only: who may pull
    proxy = "socks5://user@host:1080"
    allow_private = ["10.1.0.0/16", "minio.corp"]
    http_redirects = false
    tries = 4
    pause = 0.5
    stall = 15

    [upstream."ghcr.io"]
    addresses = ["https://ghcr.io"]
    hosts = ["ghcr.mirror.example"]
    realms = ["auth.example"]
    proxy = "direct"
    allow_private = []
    library = false
    username = "alice"
    password_file = "secret"        # or password_env = "VARIABLE"
"""

import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from inspector.mirror.model import (
    Auth,
    Credentials,
    Egress,
    Origin,
    Proxy,
    Redirects,
    Secret,
    Settings,
    Upstream,
)
from inspector.mirror.request import valid_host
from inspector.wire.reference import DOCKER_HUB, DOCKER_HUB_HOSTS

type Words = Mapping[str, Any]
type Key = tuple[str, ...]

_TOP = frozenset(
    [
        "default",
        "auth",
        "redirects",
        "hosts",
        "public",
        "trusted_proxies",
        "htpasswd",
        "proxy",
        "allow_private",
        "http_redirects",
        "tries",
        "pause",
        "stall",
        "upstream",
    ]
)
_UPSTREAM = frozenset(
    [
        "addresses",
        "hosts",
        "realms",
        "proxy",
        "allow_private",
        "library",
        "username",
        "password_file",
        "password_env",
    ]
)
_DIRECT = "direct"
_HUB = "https://registry-1.docker.io"


class Mistakes(ValueError):  # noqa: N818 - reads as what it is
    """What is wrong, one line each."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class Reader:
    """Takes settings out of words and notes what is wrong, with its place, going on."""

    def __init__(self, place: Callable[[Key], str], environ: Mapping[str, str], folder: Path) -> None:
        self.lines: list[str] = []
        self.environ = environ
        self.folder = folder
        self._place = place

    def wrong(self, key: Key, sentence: str) -> None:
        """Note a mistake."""
        self.lines.append(f"{self._place(key)}: {sentence}")

    def unknown(self, words: Words, allowed: frozenset[str], at: Key) -> None:
        """Note names that mean nothing."""
        for name in words:
            if name not in allowed:
                self.wrong((*at, name), f"there is no such setting; there are {', '.join(sorted(allowed))}")

    def text(self, words: Words, name: str, at: Key = ()) -> str | None:
        """A text that is not empty."""
        value = words.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self.wrong((*at, name), "takes text")
            return None
        return value

    def texts(self, words: Words, name: str, at: Key = ()) -> tuple[str, ...]:
        """A list of texts."""
        value = words.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.wrong((*at, name), "takes a list of texts")
            return ()
        return tuple(value)

    def choice(self, words: Words, name: str, allowed: list[str], default: str) -> str:
        """One of a few words."""
        value = self.text(words, name) or default
        if value not in allowed:
            self.wrong((name,), f"is one of {', '.join(allowed)}, not {value!r}")
            return default
        return value

    def number(self, words: Words, name: str, default: float, most: float) -> float:
        """A number from 0."""
        value = words.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            self.wrong((name,), f"is a number from 0 to {most:g}, not {value!r}")
            return default
        return value

    def flag(self, words: Words, name: str, default: bool, at: Key = ()) -> bool:
        """True or false."""
        value = words.get(name, default)
        if not isinstance(value, bool):
            self.wrong((*at, name), "is true or false")
            return default
        return value

    def file(self, words: Words, name: str, at: Key = ()) -> str | None:
        """The text of a file, by its path, which is relative to the configuration's folder."""
        path = self.text(words, name, at)
        if path is None:
            return None
        try:
            return (self.folder / Path(path).expanduser()).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.wrong(
                (*at, name), f"{path} cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})"
            )
            return None


def settings(words: Words, read: Reader, *, ca: str | None = None, insecure: bool = False) -> Settings:
    """The settings. Raises ``Mistakes``. ``ca``, ``insecure``: how mitmproxy checks upstreams' certificates."""
    read.unknown(words, _TOP, ())
    upstreams = _upstreams(words, read, ca, insecure)
    default = read.text(words, "default") or (upstreams[0].name if len(upstreams) == 1 else None)
    if default in DOCKER_HUB_HOSTS:
        default = DOCKER_HUB
    if default and default not in {up.name for up in upstreams}:
        read.wrong(
            ("default",), f"{default} is not one of the upstreams {', '.join(up.name for up in upstreams)}"
        )
    auth = Auth(read.choice(words, "auth", [item.value for item in Auth], Auth.RELAY))
    found = Settings(
        upstreams=upstreams,
        default=default,
        auth=auth,
        redirects=Redirects(
            read.choice(words, "redirects", [item.value for item in Redirects], Redirects.FOLLOW)
        ),
        trusted_proxies=_networks(words, read),
        htpasswd=_users(words, read, auth),
        public=_public(words, read),
        hosts=_hosts(words, read),
        downgrade=read.flag(words, "http_redirects", default=False),
        tries=int(read.number(words, "tries", 4, 100)),
        pause=float(read.number(words, "pause", 0.5, 60)),
        stall=float(read.number(words, "stall", 15, 3600)),
    )
    _agree(found, read)
    if read.lines:
        raise Mistakes(read.lines)
    return found


def _agree(found: Settings, read: Reader) -> None:
    """What single settings cannot show."""
    if not found.upstreams:
        read.wrong(("upstream",), "there is no upstream")
    seen: dict[str, str] = {}
    for up in found.upstreams:
        if up.credentials and found.auth is not Auth.OWN:
            read.wrong(("upstream", up.name, "username"), 'the mirror\'s own credentials need auth = "own"')
        for host in up.hosts:
            if host in seen:
                read.wrong(("upstream", up.name, "hosts"), f"{host} is of {seen[host]} already")
            seen[host] = up.name


# -- upstreams ---------------------------------------------------------------------------------------------------------


def _upstreams(words: Words, read: Reader, ca: str | None, insecure: bool) -> tuple[Upstream, ...]:
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
        hosts=_hosts(table, read, at),
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


# -- the mirror itself -------------------------------------------------------------------------------------------------


def _hosts(words: Words, read: Reader, at: Key = ()) -> tuple[str, ...]:
    found = tuple(text.lower().rstrip(".") for text in read.texts(words, "hosts", at))
    for host in found:
        if not valid_host(host) or ":" in host:
            read.wrong((*at, "hosts"), f"{host!r} is no host name (without a port)")
    return found


def _networks(words: Words, read: Reader) -> tuple[str, ...]:
    found = []
    for text in read.texts(words, "trusted_proxies"):
        try:
            found.append(str(ipaddress.ip_network(text)))
        except ValueError:
            read.wrong(("trusted_proxies",), f"{text!r} is no address or network (10.0.0.0/8)")
    return tuple(found)


def _public(words: Words, read: Reader) -> str | None:
    text = read.text(words, "public")
    found = parse_origin(text) if text and "//" in text else None
    if text and found is None:
        read.wrong(("public",), "is the mirror's own scheme://host[:port] for clients")
    return str(found) if found else None


def _users(words: Words, read: Reader, auth: Auth) -> dict[str, str] | None:
    from inspector.mirror import htpasswd

    text = read.file(words, "htpasswd")
    if text is None:
        return None
    if auth is not Auth.OWN:
        read.wrong(("htpasswd",), 'needs auth = "own": otherwise clients log in to the upstream')
    try:
        return htpasswd.read(text)
    except ValueError as error:
        read.wrong(("htpasswd",), f"{words['htpasswd']}, {error}")
        return None

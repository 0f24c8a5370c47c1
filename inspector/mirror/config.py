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

from inspector.mirror import htpasswd
from inspector.mirror.config_reader import Mistakes, Reader, Words
from inspector.mirror.config_upstream import hosts, parse_origin
from inspector.mirror.config_upstream import upstreams as parse_upstreams
from inspector.mirror.model import Auth, Redirects, Settings
from inspector.wire.reference import DOCKER_HUB, DOCKER_HUB_HOSTS

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


def settings(words: Words, read: Reader, *, ca: str | None = None, insecure: bool = False) -> Settings:
    """The settings. Raises ``Mistakes``. ``ca``, ``insecure``: how mitmproxy checks upstreams' certificates."""
    read.unknown(words, _TOP, ())
    upstreams = parse_upstreams(words, read, ca, insecure)
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
        hosts=hosts(words, read),
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


# -- the mirror itself -------------------------------------------------------------------------------------------------


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

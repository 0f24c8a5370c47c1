"""A registry or mirror with a mistake in it: a real nginx, a real distribution registry, a real token server.

Knows: how the three are configured, started and stopped, and which names lead to them. Must not know: codes, findings.

How to add a case
-----------------
A case is a function in ``tests/real/test_codes_<group>.py``::

    @shows("token-not-json", "docker", "skopeo")          # literals only: `shown` reads them without running anything
    def test_a_realm_that_is_a_web_page(scene, clients, hub, code, name):
        with front(hub, "location = /token { return 200 '<html>…'; }") as broken:
            run = pulled(scene, clients(name), broken.image(), broken)
        assert run.code != 0, run
        assert_root(scene, code, evidence=[("token", "content-type: text/html"), ("token", "<html>")])

``front`` is by itself a healthy registry at ``https://front.test``: nginx, behind it a distribution that serves the hub's own
images (``library/hello-world``, ``labuser/big``, ``private/secret``, ``team/sub/deep``), and the hub's token server. What it
is given makes the mistake: locations (the same header replaces the healthy one: ``location /``, ``location = /token``),
``http=`` text beside the server block, ``registry=`` settings of distribution (dotted), ``tokens=`` settings of a token server
of its own (``tokenserver.SETTINGS``), ``certificate=`` another pair of ``pki``. In all texts ``<registry>``, ``<tokens>``,
``<hub>``, ``<auth>``, ``<cdn>``, ``<here>``, ``<address>``, ``<dns>``, ``<pki>`` and ``<data>`` are filled in; nginx's own
names lead to the hub (``proxy_pass https://registry-1.docker.io`` works), ``dns=True`` runs a resolver for
``resolver <dns>;``, ``leads=`` says where nginx's names lead otherwise, ``proxied=`` by which proxy distribution asks
its own upstream (``hub.place.proxy``: both sides of a mirror in one recording). ``MIRROR_OF_HUB`` is a location that makes a mirror of Docker Hub of it, with the realm passed on.

``front(hub, …, at=REGISTRY)`` (or AUTH, CDN, MIRROR) stands where that part of the hub stood. ``at=OURS`` is reached
without the recording proxy (clients have it in NO_PROXY): then record behind it, ``scene.recorded(mode="reverse:https://…")``,
and let its ``proxy_pass`` lead to ``http://<proxy>``. A Worker: ``misconfigured_worker.worker(hub, SCRIPT)``.

``assert_root``'s evidence is pairs of an exchange's stage and words that stand in that piece (None: a failed connection; ANY).
What no server of ours does wrong is broken on the way: ``pulled(…, options={"fault": "cdn-denied:2"})`` (addons/fault.py).
A registry without TLS: ``options={"ignore_hosts": "^front[.]test:5000$"}``, or the proxy speaks TLS for it.

Remedies: ``root(scene)["remedy"]`` is the printed text; ``broken.apply(remedy, "nginx")`` puts its lines into the
configuration as they stand and restarts; then pull again. See ``remedy`` for the clients' own files.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from types import MappingProxyType

from stack import pki
from stack.clients import PASSWORD, USER, Client, Run
from stack.hub import Hub, tokens_command
from stack.others import DNS_PORT, Names
from stack.place import (
    AUTH,
    AUTH_AT,
    CDN,
    CDN_AT,
    INNER,
    OURS,
    OURS_AT,
    PROXY_PORT,
    REGISTRY,
    REGISTRY_AT,
    REGISTRY_PORT,
    TOKEN_PORT,
)
from stack.procs import Service, environment, listens, private
from stack.remedy import into_nginx, into_settings, lines_for, unlisted
from stack.scene import Scene

FRONT = "front.test"
FRONT_AT, BEHIND_AT = 20, 21
PROXY_HEADERS = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;"
LOCATIONS = {
    "location /": f"location / {{ proxy_pass http://<registry>; {PROXY_HEADERS} }}",
    "location = /token": "location = /token { proxy_pass http://<tokens>; }",
}
MIRROR_OF_HUB = f"location / {{ proxy_pass https://{REGISTRY}; proxy_set_header Host {REGISTRY}; }}"
NGINX_CONF = """\
pid <here>/pid; daemon off; master_process off; error_log <here>/error.log warn;
events { worker_connections 256; }
http {
  access_log <here>/access.log; client_body_temp_path <here>/b; proxy_temp_path <here>/p; fastcgi_temp_path <here>/f;
  uwsgi_temp_path <here>/u; scgi_temp_path <here>/s; client_max_body_size 0; proxy_http_version 1.1;
  default_type application/octet-stream; ssl_certificate <pair>.crt; ssl_certificate_key <pair>.key;
  proxy_ssl_server_name on;
#HTTP#
  server {
#SERVER#
  }
}
"""


class Front:
    """The running front. ``settings`` (distribution's), ``server`` and ``http`` (nginx's) are as a person would edit them."""

    def __init__(self, hub: Hub, at: str, server: str, http: str, registry: Mapping[str, object]) -> None:
        self.hub, self.place, self.host = hub, hub.place, at
        last = {OURS: OURS_AT}.get(at, FRONT_AT)
        self.address, self.lead = self.place.at(last), {at: last}
        self.folder = self.place.folder("fronts", at)
        self.server, self.http = server, http
        self.pair = self.place.pki / at
        self.settings = deepcopy(_defaults(hub, at, self.place.at(BEHIND_AT)))
        for path, value in registry.items():
            into_settings(self.settings, path, value)
        self.tokens = f"{self.place.at(INNER)}:{TOKEN_PORT}"
        self.leads: dict[str, int] = {}
        self.proxied = ""
        self.services: list[Service] = []

    def image(self, name: str = "library/hello-world:latest") -> str:
        """A reference to an image by this front's name."""
        return f"{self.host}/{name}"

    def start(self) -> None:
        """Start nginx and distribution, as they are configured now. A pull-through cache asks its upstream at once."""
        text = NGINX_CONF.replace("#HTTP#", self.http).replace("#SERVER#", self.server)
        nginx = self.folder / "nginx.conf"
        nginx.write_text(filled(text, self))
        argv = ["nginx", "-e", str(self.folder / "error.log"), "-c", str(nginx)]
        self._run("nginx", self._door(), argv)
        config = self.folder / "registry.yml"
        config.write_text(json.dumps(self.settings))  # JSON is YAML
        self._run("registry", self.settings["http"]["addr"], ["docker-registry", "serve", str(config)])

    def _door(self) -> str:
        """Where nginx listens first: one port answers when all do."""
        found = re.search(r"listen <address>:(\d+)", self.server)
        return f"{self.address}:{found[1] if found else 443}"

    def _run(self, name: str, address: str, argv: list[str]) -> None:
        host, _, port = address.rpartition(":")
        trust = str(self.place.pki / ("bundle.pem" if self.proxied else "ca.crt"))
        way = {"HTTPS_PROXY": self.proxied} if self.proxied else {}
        env = environment(self.place, SSL_CERT_FILE=trust, **way)
        service = Service(private(self.place, argv, self.leads), log=self.folder / f"{name}.log", env=env)
        self.services.append(service)
        service.wait_for(listens(host, int(port)))

    def run_tokens(self, settings: Mapping[str, object]) -> None:
        """A token server of this front alone, with these settings."""
        self.tokens = f"{self.place.at(BEHIND_AT)}:{TOKEN_PORT}"
        argv = tokens_command(self.place, self.place.at(BEHIND_AT), dict(settings))
        self._run("tokens", self.tokens, argv)

    def stop(self, *, but: int = 0) -> None:
        """Stop all servers, but the first ``but`` of them."""
        while len(self.services) > but:
            self.services.pop().stop()

    def apply(self, remedy: str, product: str, *, at: str = "location /") -> list[str]:
        """Put the lines that ``remedy`` has for ``product`` (nginx or distribution) where a person would; restart.

        ``at`` is the nginx block that they are for. Returns the lines: there are some, or AssertionError.
        """
        lines = lines_for(remedy, product)
        removed = unlisted(remedy, product)
        assert lines or removed, f"no lines for {product} in: {remedy}"
        if product == "nginx":
            self.server = into_nginx(self.server, lines, removed, at=at)
        else:
            for line in lines:
                path, _, value = line.partition(":")
                into_settings(self.settings, path, value.strip())
        kept = sum("tokenserver" in " ".join(service.process.args) for service in self.services)
        self.stop(but=kept)
        self.start()
        return lines


def _defaults(hub: Hub, host: str, inner: str) -> dict:
    """A healthy distribution's configuration, in front of the hub's own images."""
    token = {
        "realm": f"https://{host}/token",
        "service": host,
        "issuer": "auth.docker.io",
        "rootcertbundle": str(hub.place.pki / "token.crt"),
    }
    return {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(hub.place.folder("hub"))}},
        "http": {"addr": f"{inner}:{REGISTRY_PORT}", "secret": "only-for-tests"},
        "auth": {"token": token},
    }


def filled(text: str, front: Front) -> str:
    """The text with the addresses of this stack in it."""
    place = front.place
    values = {
        "registry": front.settings["http"]["addr"],
        "tokens": front.tokens,
        "address": front.address,
        "here": str(front.folder),
        "pair": str(front.pair),
        "pki": str(place.pki),
        "data": str(place.folder("hub")),
        "dns": f"{place.at(INNER)}:{DNS_PORT}",
        "proxy": f"{place.at(INNER)}:{PROXY_PORT}",
        "hub": place.at(REGISTRY_AT),
        "auth": place.at(AUTH_AT),
        "cdn": place.at(CDN_AT),
    }
    return re.sub(r"<(\w+)>", lambda found: values.get(found[1], found[0]), text)


def _server(host: str, locations: str) -> str:
    """The server block: what was given, and what is healthy where nothing was given."""
    given = {" ".join(found.split()) for found in re.findall(r"location[^{]*?(?=\s*\{)", locations)}
    rest = [text for header, text in LOCATIONS.items() if header not in given]
    listen = [] if "listen " in locations else ["listen <address>:443 ssl;"]
    return "\n".join(f"    {line}" for line in (*listen, f"server_name {host};", locations, *rest))


def htpasswd(hub: Hub, user: str = USER) -> str:
    """The directives by which nginx wants alice's password, of ``user``."""
    file = hub.place.folder("fronts") / "htpasswd"
    file.write_text(f"{user}:{{PLAIN}}{PASSWORD}\n")
    return f'auth_basic "Registry"; auth_basic_user_file {file};'


@contextmanager
def front(
    hub: Hub,
    locations: str = "",
    *,
    at: str = FRONT,
    http: str = "",
    registry: Mapping[str, object] = MappingProxyType({}),
    tokens: Mapping[str, object] | None = None,
    certificate: str = "",
    dns: bool = False,
    leads: Mapping[str, int] = MappingProxyType({}),
    proxied: str = "",
) -> Iterator[Front]:
    """A registry at ``https://front.test`` with the mistakes that it is given, as long as the context lasts."""
    broken = Front(hub, at, _server(at, locations), http, registry)
    broken.leads, broken.proxied = dict(leads), proxied
    if certificate:
        broken.pair = hub.place.pki / certificate
    else:
        pki.leaf(hub.place, at, (at,))
    with ExitStack() as ends:
        if dns:
            names = Names(hub.place)
            names.known |= {CDN: hub.place.at(CDN_AT), AUTH: hub.place.at(AUTH_AT), FRONT: broken.address}
            names.known |= {name: hub.place.at(last) for name, last in leads.items()}
            ends.callback(names.close)
        ends.callback(broken.stop)
        if tokens is not None:
            broken.run_tokens(tokens)
        broken.start()
        yield broken


def pulled(scene: Scene, client: Client, reference: str, broken: Front | None = None, **how: object) -> Run:
    """Record a pull by ``client`` that has nothing yet. ``how``: what ``Client.pull`` takes, and ``lead``, ``trusted``,
    ``mode`` and ``options`` of ``Scene.recorded`` (``options={"fault": "…"}`` breaks something on the way).
    """
    take = {key: how.pop(key) for key in ("lead", "trusted", "mode", "options") if key in how}
    lead = dict(broken.lead if broken else {}) | dict(take.pop("lead", {}))
    client.forget()
    with scene.recorded(lead=lead, **take):
        return client.pull(reference, **how)

"""Who is compared in ``test_mirror``: our mirror, one nginx worker, distribution's pull-through, and the hub itself.

Knows: how each is started in front of the hub of ``tests/real/stack``, what a process has used. Must not know: what is
measured. All run on this machine, on addresses of the stack's own loopback network, and all but the hub at ``pull.test``.
"""

import hashlib
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack import images
from stack.hub import Hub
from stack.place import AUTH, AUTH_AT, CDN, CDN_AT, OURS, REGISTRY, REGISTRY_AT, Place
from stack.procs import Service, environment, listens, private
from stack.recording import BIN, ROOT

OURS_BARE, OURS_RECORDING, NGINX_AT, PULL_THROUGH = 20, 21, 22, 23
IMAGE, BLOBS = "bench/image", "bench/blobs"
LAYERS = 8

# The mirror of the article that started this project, with what it lacks: Authorization does not go to the CDN, and
# connections are kept. The upstreams are named as the hosts are, so that no resolver is needed.
NGINX_CONF = """
pid {here}/nginx.pid; daemon off; master_process off; error_log {here}/error.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000; client_max_body_size 0;
  client_body_temp_path {here}/b; proxy_temp_path {here}/p; fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u;
  scgi_temp_path {here}/s;
  ssl_certificate {pki}/ours.crt; ssl_certificate_key {pki}/ours.key;
  upstream {REGISTRY} {{ server {registry}:443; keepalive 64; }}
  upstream {CDN} {{ server {cdn}:443; keepalive 64; }}
  server {{
    listen {address}:443 ssl; listen {address}:80;
    proxy_ssl_server_name on; proxy_ssl_trusted_certificate {pki}/ca.crt; proxy_ssl_verify on;
    proxy_http_version 1.1; proxy_buffering off;
    location / {{
      proxy_pass https://{REGISTRY};
      proxy_set_header Host {REGISTRY}; proxy_set_header Connection "";
      proxy_set_header Authorization $http_authorization; proxy_ssl_name {REGISTRY};
      proxy_intercept_errors on; recursive_error_pages on; error_page 301 302 307 = @follow;
    }}
    location @follow {{
      set $onward $upstream_http_location;
      proxy_set_header Authorization ""; proxy_set_header Connection ""; proxy_ssl_name {CDN};
      proxy_pass $onward;
    }}
  }}
}}
"""

PULL_THROUGH_YML = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{cache: {{blobdescriptor: inmemory}}, filesystem: {{rootdirectory: {here}/data}}, delete: {{enabled: true}}}}
http: {{addr: "{address}:443", secret: x, tls: {{certificate: {pki}/ours.crt, key: {pki}/ours.key}}}}
proxy: {{remoteurl: https://{REGISTRY}}}
"""


@dataclass
class Party:
    """One that can be pulled from. ``last``: the last octet of its address; ``service`` None: the hub."""

    name: str
    place: Place
    last: int
    service: Service | None

    @property
    def host(self) -> str:
        return OURS if self.service else REGISTRY

    @property
    def address(self) -> str:
        return self.place.at(self.last)

    def inside(self, argv: list[str]) -> list[str]:
        """``argv`` where this party's name leads to it."""
        return private(self.place, argv, {OURS: self.last} if self.service else {})

    def _proc(self, file: str) -> str:
        assert self.service
        return Path(f"/proc/{self.service.process.pid}/{file}").read_text()

    def peak(self) -> float:
        """The most memory that it has had resident, in MB."""
        [line] = [one for one in self._proc("status").splitlines() if one.startswith("VmHWM")]
        return int(line.split()[1]) * 1024 / 1e6

    def cpu(self) -> float:
        """Seconds of processor time that it has used: what else runs on the machine does not count here. 0 of the hub."""
        if self.service is None:
            return 0.0
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(party: Party, argv: list[str], port: int = 443, **env: str) -> Party:
    """Run ``argv`` as this party, where the hub's names lead to the hub."""
    log = party.place.log / f"{party.last}.log"
    full = environment(party.place, **env)
    party.service = Service(private(party.place, argv), log=log, env=full)
    party.service.wait_for(listens(party.address, port))
    return party


def direct(hub: Hub) -> Party:
    return Party("direct", hub.place, REGISTRY_AT, None)


def ours(hub: Hub, *, record: bool = False, tls: bool = True) -> Party:
    """``mitmdump -s addons/mirror.py``, as a user starts it; with ``record`` the record addon beside it."""
    name, last = ("ours, recording", OURS_RECORDING) if record else ("ours", OURS_BARE)
    party = Party(name, hub.place, last, None)
    here, pki = hub.place.folder("bench", str(last)), hub.place.pki
    port = 443 if tls else 80
    options = {
        "confdir": hub.place.folder("mitm"),
        "listen_host": party.address,
        "listen_port": port,
        "ssl_verify_upstream_trusted_ca": pki / "ca.crt",
        "mirror_allow_private": f"{hub.place.net}.0/24",
    }
    if tls:  # a mirror that has a certificate takes nothing in the clear
        pair = here / "pair.pem"
        pair.write_bytes((pki / "ours.crt").read_bytes() + (pki / "ours.key").read_bytes())
        options["certs"] = f"*={pair}"
    if record:
        options["registry_capture"] = here / "mirror.flow"
    words = [word for key, value in options.items() for word in ("--set", f"{key}={value}")]
    addons = ["mirror", "record"] if record else ["mirror"]
    words += [word for one in addons for word in ("-s", str(ROOT / "addons" / f"{one}.py"))]
    argv = [str(BIN / "mitmdump"), "-q", "--mode", f"reverse:https://{REGISTRY}", *words]
    return start(party, argv, port, PYTHONPATH=str(ROOT))


def nginx(hub: Hub) -> Party:
    """One nginx worker that follows redirects by itself and buffers nothing."""
    party = Party("nginx", hub.place, NGINX_AT, None)
    here = hub.place.folder("bench", "nginx")
    text = NGINX_CONF.format(
        here=here,
        pki=hub.place.pki,
        address=party.address,
        registry=hub.place.at(REGISTRY_AT),
        cdn=hub.place.at(CDN_AT),
        REGISTRY=REGISTRY,
        CDN=CDN,
    )
    (here / "nginx.conf").write_text(text)
    return start(party, ["nginx", "-e", str(here / "error.log"), "-c", str(here / "nginx.conf")])


def pull_through(hub: Hub) -> Party:
    """distribution as a pull-through cache that has nothing yet."""
    party = Party("pull-through", hub.place, PULL_THROUGH, None)
    here = hub.place.folder("bench", "pull-through")
    config = here / "config.yml"
    config.write_text(
        PULL_THROUGH_YML.format(here=here, pki=hub.place.pki, address=party.address, REGISTRY=REGISTRY)
    )
    return chill(party)


def chill(party: Party) -> Party:
    """Start the pull-through cache anew, with nothing in it."""
    if party.service:
        party.service.stop()
    here = party.place.folder("bench", "pull-through")
    shutil.rmtree(here / "data", ignore_errors=True)
    argv = ["docker-registry", "serve", str(here / "config.yml")]
    return start(party, argv, SSL_CERT_FILE=str(party.place.pki / "ca.crt"))


@contextmanager
def running(*parties: Party) -> Iterator[dict[str, Party]]:
    """The parties by their names; stopped at the end."""
    with ExitStack() as ends:
        for party in parties:
            ends.callback(stop, party)
        yield {party.name: party for party in parties}


def stop(party: Party) -> None:
    if party.service:
        party.service.stop(first=signal.SIGINT)


# -- what is pulled ----------------------------------------------------------------------------------------------------


def push_image(hub: Hub, megabytes: int) -> None:
    """An image of eight layers of noise, as ``bench/image:latest``."""
    noise, size = random.Random(8), megabytes * 1_000_000 // LAYERS
    layout = images.Layout(hub.place.folder("bench", "layout"))
    tars = [images._tar(f"data/{n}", noise.randbytes(size)) for n in range(LAYERS)]
    layout.finish(layout.image(tars, "amd64"))
    target = f"docker://{REGISTRY}/{IMAGE}:latest"
    copy = ["skopeo", "copy", "-q", "--dest-creds", "admin:adminpw", f"oci:{layout.folder}:latest", target]
    env = environment(hub.place, SSL_CERT_FILE=str(hub.place.pki / "ca.crt"))
    subprocess.run(private(hub.place, copy), env=env, check=True, timeout=120)


def put_blob(hub: Hub, size: int) -> str:
    """A blob of ``size`` zeros laid straight into the hub's storage, in ``bench/blobs``; its digest."""
    sha, piece = hashlib.sha256(), bytes(1 << 20)
    for start_ in range(0, size, len(piece)):
        sha.update(piece[: size - start_])
    digest = sha.hexdigest()
    storage = hub.place.folder("hub", "docker", "registry", "v2")
    data = storage / "blobs" / "sha256" / digest[:2] / digest / "data"
    link = storage / "repositories" / BLOBS / "_layers" / "sha256" / digest / "link"
    for path in (data, link):
        path.parent.mkdir(parents=True, exist_ok=True)
    with data.open("wb") as file:
        file.truncate(size)
    link.write_text(f"sha256:{digest}")
    return f"sha256:{digest}"


def bearer(hub: Hub, repository: str) -> str:
    """An Authorization field that the hub takes for pulls of ``repository``, for five minutes."""
    url = f"https://{AUTH}/token?service=registry.docker.io&scope=repository:{repository}:pull"
    where = ["--resolve", f"{AUTH}:443:{hub.place.at(AUTH_AT)}", "--cacert", str(hub.place.pki / "ca.crt")]
    found = subprocess.run(["curl", "-sf", *where, url], capture_output=True, text=True, check=True)
    return f"Authorization: Bearer {found.stdout.split('"token": "')[1].split('"')[0]}"

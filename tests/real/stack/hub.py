"""The hub: distribution behind a token server and an nginx that is TLS edge and redirecting CDN.

Beside it a mirror that misses everything.

Knows: how the three are configured, started and filled. Must not know: the clients, what a test expects.
The edge writes one line of JSON per request (``truth`` reads them); it is the servers' own account of what happened.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stack import images
from stack import place as names
from stack.place import (
    AUTH,
    AUTH_AT,
    CDN,
    CDN_AT,
    INNER,
    MIRROR,
    REGISTRY,
    REGISTRY_AT,
    REGISTRY_PORT,
    TOKEN_PORT,
    Place,
)
from stack.procs import Service, environment, listens, private

# A signature as a CDN signs: whoever has it may fetch, so it must not be in any capture or report.
SIGNATURE = "1893456000-wNqzC4bXhYSk%2FU%3D"

REGISTRY_YML = """\
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {data}}}, cache: {{blobdescriptor: inmemory}}, redirect: {{disable: false}}}}
middleware: {{storage: [{{name: redirect, options: {{baseurl: "https://{CDN}/"}}}}]}}
http: {{addr: "{inner}:{REGISTRY_PORT}", host: "https://{REGISTRY}", secret: only-for-tests}}
auth: {{token: {{realm: "https://{AUTH}/token", service: registry.docker.io, issuer: auth.docker.io,
  rootcertbundle: {pki}/token.crt}}}}
"""

NGINX_CONF = """\
pid {run}/nginx.pid; daemon off; master_process off; error_log {log}/edge.err warn;
events {{ worker_connections 512; }}
http {{
  log_format journal escape=json '{{"end":$msec,"took":$request_time,"host":"$host","method":"$request_method",'
    '"uri":"$request_uri","status":$status,"bytes":$body_bytes_sent,"credential":"$credential",'
    '"range":"$http_range","agent":"$http_user_agent","via":"$http_via","peer":"$remote_addr"}}';
  map $http_authorization $credential {{ default other; "" none; ~^Bearer bearer; ~^Basic basic; }}
  access_log {log}/edge.access journal;
  client_body_temp_path {run}/b; proxy_temp_path {run}/p; fastcgi_temp_path {run}/f; uwsgi_temp_path {run}/u;
  scgi_temp_path {run}/s; client_max_body_size 0; proxy_http_version 1.1; default_type application/octet-stream;
  ssl_certificate {pki}/hub.crt; ssl_certificate_key {pki}/hub.key;
  proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto https; proxy_set_header Authorization
    $http_authorization;
  proxy_request_buffering off; proxy_buffering off;
  server {{
    listen {registry}:443 ssl http2; server_name {REGISTRY};
    # distribution 2.8 keeps only scheme and host of baseurl: prefix and signature are added here
    proxy_redirect ~^(https://production\\.cloudflare\\.docker\\.com)(/docker/registry/v2/blobs/.*)$
      $1/registry-v2$2?verify={SIGNATURE}&issued=$msec;
    location / {{ proxy_pass http://{inner}:{REGISTRY_PORT}; }}
    location ~ ^/v2/.+/manifests/ {{
      proxy_pass http://{inner}:{REGISTRY_PORT};
      add_header ratelimit-limit "100;w=21600"; add_header ratelimit-remaining "100;w=21600";
    }}
  }}
  server {{
    listen {auth}:443 ssl http2; server_name {AUTH};
    location / {{ proxy_pass http://{inner}:{TOKEN_PORT}; }}
  }}
  server {{
    listen {cdn}:443 ssl http2; server_name {CDN};
    location /registry-v2/ {{
      if (-f {run}/busy) {{ return 503; }}
      if ($arg_verify = "") {{ return 403; }}
      if ($http_authorization != "") {{ return 400; }}  # as S3 does when it gets two ways to authorize
      alias {data}/;
      add_header Cache-Control "public, max-age=14400";
    }}
    location / {{ return 404; }}
  }}
  server {{
    listen {registry}:443 ssl http2; server_name {MIRROR}; default_type application/json;
    location = /v2/ {{ return 200 '{{}}'; }}
    location / {{ return 404 '{{"errors":[{{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}}]}}'; }}
  }}
}}
"""

SEED = {
    "hello": ("library/hello-world:latest", "library/hello-world:1.0"),
    "big": ("labuser/big:latest",),
    "secret": ("private/secret:latest",),
    "deep": ("team/sub/deep:latest",),
}


def journal(place: Place) -> Path:
    """Where every token server of a stack writes down what it answered."""
    return place.log / "tokens.jsonl"


def tokens_command(place: Place, address: str, settings: dict[str, object]) -> list[str]:
    """How a token server is started. ``settings`` are ``tokenserver.SETTINGS``."""
    script = Path(__file__).with_name("tokenserver.py")
    words = [sys.executable, str(script), address, str(TOKEN_PORT), str(place.pki), str(journal(place))]
    return [*words, json.dumps(settings)]


class Hub:
    """The running hub. ``digests`` maps an image's name (hello, big, secret, deep) to its top digest."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.services: list[Service] = []
        self.digests: dict[str, str] = {}

    @property
    def access_log(self) -> Path:
        return self.place.log / "edge.access"

    @property
    def token_journal(self) -> Path:
        return journal(self.place)

    def start(self) -> None:
        """Start the three servers and push the images."""
        here, inner = self.place, self.place.at(INNER)
        values = {
            "data": here.folder("hub"),
            "run": here.folder("run"),
            "log": here.log,
            "pki": here.pki,
            "inner": inner,
            "registry": here.at(REGISTRY_AT),
            "auth": here.at(AUTH_AT),
            "cdn": here.at(CDN_AT),
            "SIGNATURE": SIGNATURE,
            "REGISTRY": REGISTRY,
            "AUTH": AUTH,
            "CDN": CDN,
            "MIRROR": MIRROR,
            "REGISTRY_PORT": REGISTRY_PORT,
            "TOKEN_PORT": TOKEN_PORT,
        }
        registry, nginx = here.root / "registry.yml", here.root / "nginx.conf"
        registry.write_text(REGISTRY_YML.format(**values))
        nginx.write_text(NGINX_CONF.format(**values))
        self._run("tokens", inner, TOKEN_PORT, tokens_command(here, inner, {}))
        self._run("registry", inner, REGISTRY_PORT, ["docker-registry", "serve", str(registry)])
        self._run(
            "edge", here.at(REGISTRY_AT), 443, ["nginx", "-e", str(here.log / "edge.err"), "-c", str(nginx)]
        )
        self._seed()

    def _run(self, name: str, address: str, port: int, argv: list[str]) -> None:
        service = Service(argv, log=self.place.log / f"{name}.log", env=environment(self.place))
        self.services.append(service)
        service.wait_for(listens(address, port))

    def _seed(self) -> None:
        layouts = self.place.folder("images")
        self.digests = images.make(layouts)
        env = environment(self.place, SSL_CERT_FILE=str(self.place.pki / "ca.crt"))
        for name, targets in SEED.items():
            for target in targets:
                copy = [
                    "skopeo",
                    "copy",
                    "-q",
                    "--all",
                    "--preserve-digests",
                    "--dest-creds",
                    "admin:adminpw",
                    f"oci:{layouts / name}:latest",
                    f"docker://{names.REGISTRY}/{target}",
                ]
                subprocess.run(private(self.place, copy), env=env, check=True, timeout=60)

    @contextmanager
    def busy(self) -> Iterator[Callable[[], None]]:
        """In it the CDN answers 503, until what is given is called."""
        flag = self.place.folder("run") / "busy"
        flag.touch()
        try:
            yield lambda: flag.unlink(missing_ok=True)
        finally:
            flag.unlink(missing_ok=True)

    def refused(self, start: int) -> bool:
        """Whether the edge has answered 503 since its log was ``start`` bytes long."""
        return b'"status":503' in self.access_log.read_bytes()[start:]

    def settle(self) -> None:
        """Wait until the edge writes nothing more: it logs a request when it is over."""
        size = -1
        while size != (size := self.access_log.stat().st_size):
            time.sleep(0.1)

    def stop(self) -> None:
        for service in reversed(self.services):
            service.stop()

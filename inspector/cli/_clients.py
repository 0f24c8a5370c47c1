"""What registry clients read from their environment: where the proxy is, and whom to trust.

Knows: names of environment variables and who reads them. Must not know: processes, files' content.
Checked with curl 7.88, skopeo 1.9, podman 4.3, buildah 1.28 and ctr 1.6; the rest is what their manuals say.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

PROXY_VARIABLES = (
    "HTTPS_PROXY",  # Go (skopeo, podman, buildah, crane, oras, helm, regctl, cosign), requests, httpx
    "https_proxy",  # curl, wget, the same
    "HTTP_PROXY",  # Go and the others, for registries without TLS
    "http_proxy",  # curl reads this one in lower case only
)
_OTHER_PROXY_VARIABLES = ("ALL_PROXY", "all_proxy")
_NO_PROXY_VARIABLES = ("NO_PROXY", "no_proxy")

CA_VARIABLES = (
    "SSL_CERT_FILE",  # Go on Linux and BSD, OpenSSL, Python's ssl and httpx, Ruby, Rust's native certs, uv
    "CURL_CA_BUNDLE",  # curl, and requests after the next
    "REQUESTS_CA_BUNDLE",  # requests: docker-py, oras-py, az, conda
    "NODE_EXTRA_CA_CERTS",  # node, npm, bun
    "DENO_CERT",  # deno
    "GIT_SSL_CAINFO",  # git
    "AWS_CA_BUNDLE",  # aws ecr get-login-password, boto3
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",  # gcloud
    "HTTPLIB2_CA_CERTS",  # older Google tools
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",  # gRPC
    "PIP_CERT",  # pip
    "CARGO_HTTP_CAINFO",  # cargo
    "NIX_SSL_CERT_FILE",  # nix, and what it builds
    "PERL_LWP_SSL_CA_FILE",  # Perl's LWP
)

_SWITCHES = {"NODE_USE_ENV_PROXY": "1"}  # node 24 reads the proxy variables only when told so


class ParentProxy(NamedTuple):
    """A proxy that the user had before us. ``address`` is ``scheme://host:port``; ``auth`` is ``user:password``."""

    address: str
    auth: str | None


def parent_proxy(environment: Mapping[str, str]) -> ParentProxy | None:
    """The proxy that the environment names, or None. ValueError says in one line why it cannot stay in between.

    curl, Go and requests all take the https variable for https, in either case; ALL_PROXY is the last resort.
    """
    for name in (*PROXY_VARIABLES, *_OTHER_PROXY_VARIABLES):
        if value := environment.get(name, "").strip():
            return _parse(name, value)
    return None


def _parse(name: str, value: str) -> ParentProxy:
    parts = urlsplit(value if "://" in value else f"http://{value}")
    if parts.scheme not in {"http", "https"}:
        raise ValueError(
            f"{name} names a {parts.scheme} proxy, and mitmproxy can go on to http and https proxies only: "
            f"unset {name}, or set an http proxy"
        )
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise ValueError(f"{name} names no host: set it as http://proxy.example:3128, or unset it")
    host = f"[{host}]" if ":" in host else host
    auth = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    default = (
        443 if parts.scheme == "https" else 80
    )  # Go, curl has 1080: who leaves the port out means the scheme's
    return ParentProxy(f"{parts.scheme}://{host}:{port or default}", auth)


def no_proxy(environment: Mapping[str, str]) -> str:
    """The hosts that the user's own NO_PROXY names, or ``""``."""
    return next((value for name in _NO_PROXY_VARIABLES if (value := environment.get(name, "").strip())), "")


def environment_for(base: Mapping[str, str], *, proxy: str, bundle: Path, direct: str = "") -> dict[str, str]:
    """``base`` with all that makes a client go through ``proxy`` (a URL) and trust the authorities in ``bundle``.

    ``direct`` are the hosts to leave alone (NO_PROXY). SSL_CERT_DIR stays: it adds to what is trusted.
    """
    environment = {key: value for key, value in base.items() if key not in _OTHER_PROXY_VARIABLES}
    environment |= dict.fromkeys(PROXY_VARIABLES, proxy)
    environment |= dict.fromkeys(CA_VARIABLES, str(bundle))
    for name in _NO_PROXY_VARIABLES:
        environment.pop(name, None)
        if direct:
            environment[name] = direct
    return environment | _SWITCHES

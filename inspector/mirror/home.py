"""The home page: how to pull through this mirror, with its own address filled in.

Knows: what each client's configuration looks like (their own documentation). Must not know: requests, flows. The page needs
nothing from anywhere else, and its Content-Security-Policy says so: style and script are allowed by their hashes alone.
"""

import hashlib
import ipaddress
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from inspector.mirror.model import Answer, Auth, Headers, Settings, Upstream
from inspector.wire.reference import DOCKER_HUB

_EXAMPLES = {
    "docker.io": "hello-world",
    "ghcr.io": "astral-sh/uv",
    "quay.io": "prometheus/prometheus",
    "registry.k8s.io": "pause:3.10",
    "gcr.io": "distroless/static",
    "mcr.microsoft.com": "dotnet/runtime:8.0",
}


class Part(msgspec.Struct, frozen=True):
    """One thing to do: where it is written, and what."""

    title: str
    where: str
    code: str
    text: str = ""


class Section(msgspec.Struct, frozen=True):
    """One client."""

    id: str
    title: str
    parts: tuple[Part, ...]


def page(own: str, settings: Settings, method: str) -> Answer:
    """The page for a client that reaches the mirror at ``own`` (``https://mirror.example``)."""
    body = render(own, settings).encode()
    headers: Headers = (
        ("content-type", "text/html; charset=utf-8"),
        ("content-length", str(len(body))),
        ("content-security-policy", _policy()),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-cache"),
        ("vary", "host"),
    )
    return Answer(status=200, headers=headers, body=b"" if method == "HEAD" else body, reason="home page")


def render(own: str, settings: Settings) -> str:
    """The page's HTML."""
    scheme, _, host = own.partition("://")
    names = [up.name for up in settings.upstreams]
    html: str = _template().render(
        host=host,
        hub=DOCKER_HUB in names,
        plain=scheme == "http",
        login=_login(host, settings),
        upstreams=[
            {
                "name": up.name,
                "default": up.name == settings.default,
                "example": f"{host}/{_image(up, settings)}",
            }
            for up in settings.upstreams
        ],
        sections=sections(own, settings),
        style=_asset("home.css"),
        script=_asset("home.js"),
    )
    return html


def _image(up: Upstream, settings: Settings) -> str:
    """An example's name, as it is written after the mirror's host."""
    name = _EXAMPLES.get(up.name, "owner/name")
    return name if up.name == settings.default else f"{up.name}/{name}"


def _login(host: str, settings: Settings) -> str:
    if settings.auth is Auth.RELAY and settings.default:
        return f"Private images: docker login {host} logs in to {settings.default} through this mirror, which keeps nothing of it."
    if settings.htpasswd is not None:
        return f"This mirror asks who you are: docker login {host} first."
    return ""


# -- clients -----------------------------------------------------------------------------------------------------------


def sections(own: str, settings: Settings) -> list[Section]:
    """What to do, by client."""
    first = next((up for up in settings.upstreams if up.name == settings.default), settings.upstreams[0])
    scheme, _, host = own.partition("://")
    plain = scheme == "http" and not _is_loopback(host)
    image = _image(first, settings)
    return [
        Section("docker", "Docker", _docker(own, host, image, first, plain=plain)),
        Section("containerd", "containerd", _containerd(own, host, image, first, plain=scheme == "http")),
        Section("podman", "Podman, Buildah, Skopeo", _podman(host, image, settings, plain=scheme == "http")),
        Section("kubernetes", "Kubernetes", _kubernetes(own, host, image, first)),
    ]


def _docker(own: str, host: str, image: str, first: Upstream, *, plain: bool) -> tuple[Part, ...]:
    insecure = f',\n  "insecure-registries": ["{host}"]' if plain else ""
    parts = [Part("By prefix", "shell", f"docker pull {host}/{image}")]
    if plain:
        parts[0] = Part(
            "By prefix",
            "shell",
            f"docker pull {host}/{image}",
            "Over plain HTTP this needs the insecure-registries line below.",
        )
    if first.name == DOCKER_HUB:
        code = f'{{\n  "registry-mirrors": ["{own}"]{insecure}\n}}'
        text = "Names stay as they are. Docker asks a mirror for Docker Hub's images only."
        parts.append(
            Part("As mirror", "/etc/docker/daemon.json, then: sudo systemctl reload docker", code, text)
        )
    return tuple(parts)


def _containerd(own: str, host: str, image: str, first: Upstream, *, plain: bool) -> tuple[Part, ...]:
    full = f"library/{image}" if first.library and "/" not in image else image
    full = full if ":" in full else f"{full}:latest"
    flag = " --plain-http" if plain else ""
    server = "https://registry-1.docker.io" if first.name == DOCKER_HUB else f"https://{first.name}"
    hosts = f'server = "{server}"\n\n[host."{own}"]\n  capabilities = ["pull", "resolve"]'
    return (
        Part("By prefix", "shell", f"ctr images pull{flag} {host}/{full}"),
        Part(
            "As mirror",
            f"/etc/containerd/certs.d/{first.name}/hosts.toml",
            hosts,
            "One such folder for each registry; the host stays the same, since containerd says which one it means (ns=).",
        ),
        Part(
            "Once, where that folder is not in use yet",
            "/etc/containerd/config.toml, then: sudo systemctl restart containerd",
            '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"',
            "containerd 2 calls the plugin io.containerd.cri.v1.images.",
        ),
    )


def _podman(host: str, image: str, settings: Settings, *, plain: bool) -> tuple[Part, ...]:
    flag = " --tls-verify=false" if plain else ""
    blocks = []
    for up in settings.upstreams:
        where = host if up.name == settings.default else f"{host}/{up.name}"
        insecure = "\ninsecure = true" if plain else ""
        blocks.append(
            f'[[registry]]\nprefix = "{up.name}"\nlocation = "{up.name}"\n\n'
            f'[[registry.mirror]]\nlocation = "{where}"{insecure}'
        )
    return (
        Part("By prefix", "shell", f"podman pull{flag} {host}/{image}"),
        Part("As mirror", "/etc/containers/registries.conf.d/mirror.conf", "\n\n".join(blocks)),
    )


def _kubernetes(own: str, host: str, image: str, first: Upstream) -> tuple[Part, ...]:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: example\nspec:\n  containers:\n"
        f"    - name: example\n      image: {host}/{image}"
    )
    k3s = f'mirrors:\n  {first.name}:\n    endpoint:\n      - "{own}"'
    return (
        Part("By prefix", "pod.yaml", pod),
        Part(
            "As mirror, k3s and RKE2",
            "/etc/rancher/k3s/registries.yaml on each node, then restart k3s",
            k3s,
            "On other nodes the container runtime is set up: as containerd above, or, for CRI-O, as Podman.",
        ),
    )


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"


# -- assets ------------------------------------------------------------------------------------------------------------


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


@cache
def _template() -> Any:
    from jinja2 import Environment
    from markupsafe import Markup

    # Style and script are ours and stand between tags that end their escaping; all else is escaped.
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["ours"] = Markup
    return environment.from_string(_asset("home.html"))


@cache
def _policy() -> str:
    def source(name: str) -> str:
        return f"'sha256-{b64encode(hashlib.sha256(_asset(name).encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; style-src {source('home.css')}; script-src {source('home.js')}; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

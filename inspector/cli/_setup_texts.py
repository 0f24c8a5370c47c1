"""What to set, so that clients and daemons go through the recording proxy: the words that `watch` and the README share.

Every text is meant to be copied: the port and the file of the CA are filled in, and how to undo it stands beside it.
Knows: what each daemon reads. Must not know: processes, how the text is printed.
"""

import shlex
from collections.abc import Sequence
from pathlib import Path

from inspector.cli._daemons import Elsewhere

_ITS_OWN_LOCALHOST = "host.docker.internal, host.containers.internal or the machine's own address"


def variables(proxy: str, ca: Path) -> str:
    """The variables for one command of any client that pulls in its own process."""
    return f"HTTPS_PROXY={proxy} HTTP_PROXY={proxy} SSL_CERT_FILE={ca}"


def _drop_in(service: str, proxy: str, ca: Path) -> str:
    """A systemd drop-in for a daemon written in Go, which reads SSL_CERT_FILE and the system's folder of CAs too.

    The way back is a comment, lest who copies all of it undoes it at once.
    No line is indented: the here-document ends at a line that is END and nothing else.
    """
    folder = f"/etc/systemd/system/{service}.service.d"
    return f"""\
sudo mkdir -p {folder}
sudo tee {folder}/pull-inspector.conf <<'END'
[Service]
Environment="HTTPS_PROXY={proxy}" "HTTP_PROXY={proxy}" "NO_PROXY="
Environment="SSL_CERT_FILE={ca}"
END
sudo systemctl daemon-reload && sudo systemctl restart {service}
# undo: sudo rm {folder}/pull-inspector.conf && sudo systemctl daemon-reload && sudo systemctl restart {service}"""


def dockerd(proxy: str, ca: Path) -> str:
    """Set-up for dockerd: under systemd, and without it."""
    return f"""\
# dockerd under systemd; then: docker pull IMAGE
{_drop_in("docker", proxy, ca)}

# dockerd without systemd, Docker 23 or newer: this in /etc/docker/daemon.json, then restart it with SSL_CERT_FILE={ca}
{{"proxies": {{"https-proxy": "{proxy}", "http-proxy": "{proxy}"}}}}
# where its environment cannot be set, and for a registry other than Docker Hub, such as quay.io:
sudo mkdir -p /etc/docker/certs.d/quay.io && sudo cp {ca} /etc/docker/certs.d/quay.io/ca.crt

# Docker Desktop: Settings, Resources, Proxies: {proxy}; make the system trust {ca}; restart it"""


def containerd(proxy: str, ca: Path) -> str:
    """Set-up for containerd, as kubelet, crictl and ctr 2 use it."""
    return f"""\
# containerd under systemd; then: crictl pull IMAGE, or ctr images pull IMAGE of containerd 2
{_drop_in("containerd", proxy, ca)}

# k3s, rke2: in /etc/default/k3s (rke2-server, rke2-agent), then restart the service
CONTAINERD_HTTPS_PROXY={proxy}
CONTAINERD_HTTP_PROXY={proxy}
SSL_CERT_FILE={ca}"""


def containerd_clients(proxy: str, ca: Path) -> str:
    """ctr 1 and nerdctl fetch in their own process; the daemon's set-up changes nothing for them."""
    return f"""\
# ctr of containerd 1, `ctr images pull --local` of containerd 2, and most versions of nerdctl fetch in their own
# process, and need it themselves (or: pull-inspector watch --anyway -- ctr images pull IMAGE)
sudo {variables(proxy, ca)} ctr images pull IMAGE"""


def buildkitd(proxy: str, ca: Path) -> str:
    """Set-up for BuildKit: as a service, and as docker buildx's container."""
    return f"""\
# buildkitd under systemd; then: buildctl build …
{_drop_in("buildkit", proxy, ca)}

# docker buildx with a builder of its own: its container reaches the proxy under {_ITS_OWN_LOCALHOST}
docker buildx create --use --driver-opt env.https_proxy=http://ADDRESS:PORT --buildkitd-config FILE
# with, in FILE:
[registry."docker.io"]
ca = ["{ca}"]"""


def podman_service(proxy: str, ca: Path) -> str:
    """Set-up for a podman service, local or in podman's virtual machine."""
    return f"""\
# podman service on this machine; then: podman --remote pull IMAGE
{variables(proxy, ca)} podman system service --time=0

# podman machine: `podman machine start` hands HTTPS_PROXY on to the machine, where localhost is another:
# start the proxy with --host 0.0.0.0 and name {_ITS_OWN_LOCALHOST};
# copy {ca} to /etc/pki/ca-trust/source/anchors/ in it (podman machine ssh), then: sudo update-ca-trust"""


def itself(proxy: str, ca: Path) -> str:
    """What to set for clients that pull in their own process."""
    return f"""\
# podman, buildah, skopeo, crane, oras, helm, regctl: for one command (or: pull-inspector watch -- podman pull IMAGE)
{variables(proxy, ca)} podman pull IMAGE"""


_OF = {
    Elsewhere.DOCKERD: (dockerd,),
    Elsewhere.CONTAINERD: (containerd_clients, containerd),
    Elsewhere.KUBELET: (containerd,),
    Elsewhere.BUILDKITD: (buildkitd,),
    Elsewhere.PODMAN: (podman_service,),
}
_WHY = {
    Elsewhere.DOCKERD: "leaves the pulling to dockerd, which does not read the environment of this command",
    Elsewhere.CONTAINERD: "talks to containerd, which does not read the environment of this command",
    Elsewhere.KUBELET: "leaves the pulling to the container runtime, which does not read the environment of this command",
    Elsewhere.BUILDKITD: "leaves the pulling to buildkitd, which does not read the environment of this command",
    Elsewhere.PODMAN: "leaves the pulling to a podman service, which does not read the environment of this command",
}


def everything(proxy: str, ca: Path) -> str:
    """The set-ups that most need, for a proxy that stays up, and where the others are."""
    return f"""\
{itself(proxy, ca)}

# dockerd or containerd under systemd; then: docker pull IMAGE, or crictl pull IMAGE
S=docker  # or: S=containerd
{_drop_in("$S", proxy, ca)}

{containerd_clients(proxy, ca)}

# dockerd without systemd, Docker Desktop: `pull-inspector watch -- docker` says what to set; so it does for k3s with
# `-- crictl`, for BuildKit with `-- buildctl`, for a podman service or machine with `-- podman --remote`"""


def instead(
    elsewhere: Elsewhere, command: Sequence[str], *, proxy: str, options: Sequence[str], ca: Path
) -> str:
    """What to do in place of watching ``command``, which pulls through somebody else. ``options`` are the proxy's."""
    if elsewhere is Elsewhere.SUDO:
        return (
            "sudo takes away the variables that lead to the proxy, so nothing would be recorded.\n"
            "Put it in front, or let it keep them:\n"
            "sudo pull-inspector watch -- COMMAND\n"
            "pull-inspector watch -- sudo -E COMMAND\n"
            "To run it all the same: --anyway"
        )
    steps = "\n\n".join(text(proxy, ca) for text in _OF[elsewhere])
    name = command[0].rsplit("/", 1)[-1]
    return (
        f"{name} {_WHY[elsewhere]}:\n"
        "nothing would be recorded, and the report would be empty. Do this instead.\n\n"
        f"1. In another terminal, start the proxy; it reports each pull until Ctrl-C:\n"
        f"{shlex.join(['pull-inspector', 'watch', *options])}\n\n"
        "2. Send whoever pulls through it, and let it trust the proxy's CA (the file is there\n"
        "   after step 1):\n\n"
        f"{steps}\n\n"
        f"3. Pull again, without watch in front.\n\n"
        f"To run it under watch all the same: --anyway"
    )


def why_nothing(command: Sequence[str], *, others: int) -> str:
    """Why a capture may hold no pull, the likeliest first; ``others`` counts requests that were no registry traffic."""
    if others:
        seen = (
            f"{others} requests came through the proxy"
            if others > 1
            else "One request came through the proxy"
        )
        return f"No pull to report: {seen}, none of them to a registry. mitmweb -r CAPTURE shows them."
    reasons = [
        "it pulled nothing: everything was already here, or it failed before it asked",
        "it leaves the pulling to a daemon (docker, ctr, crictl): `pull-inspector watch` alone says what to set for it",
        "it reads neither HTTPS_PROXY nor https_proxy, or has a proxy or exceptions of its own (Java: -Dhttps.proxyHost)",
    ]
    if any(_is_local(word) for word in command):
        reasons.insert(
            0,
            "the registry is on localhost, where clients written in Go (skopeo, podman, crane, oras, …) never use a "
            "proxy: call it by this machine's name or address",
        )
    lines = "\n".join(f"  - {reason}" for reason in reasons)
    return f"No pull to report: nothing came through the proxy. Why that may be:\n{lines}"


def hint(command: Sequence[str]) -> str | None:
    """What to know before ``command`` runs under the proxy, if there is something."""
    name, words = command[0].rsplit("/", 1)[-1], frozenset(command[1:])
    starts_containers = name in {"podman", "buildah"} and words & {"run", "create", "build", "bud"}
    if starts_containers and not any(word.startswith("--http-proxy") for word in words):
        return (
            f"{name} hands the proxy's variables on into containers, where 127.0.0.1 is another place: "
            "add --http-proxy=false if what runs there needs the network"
        )
    return None


def _is_local(word: str) -> bool:
    rest = word.partition("://")[2] or word
    host = rest.partition("/")[0]
    return host.startswith(("localhost", "127.", "[::1]"))
